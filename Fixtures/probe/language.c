/// From the text of a step to its parts.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

static const char *const abi_names[] = {"x86-64", "i386", "socketcall", "x32"};

bool abi_named(const char *name, size_t length, enum abi *abi) {
    for (int i = 0; i < 4; i++) {
        if (strlen(abi_names[i]) == length && !strncmp(abi_names[i], name, length)) {
            *abi = (enum abi)i;
            return true;
        }
    }
    return false;
}

const char *abi_name(enum abi abi) { return abi_names[abi]; }

/// The value of a `key=value` argument, NULL without it.
const char *keyword(const struct step *step, const char *key) {
    size_t length = strlen(key);
    for (int i = 0; i < step->keyword_count; i++) {
        if (!strncmp(step->keywords[i], key, length) && step->keywords[i][length] == '=') {
            return step->keywords[i] + length + 1;
        }
    }
    return NULL;
}

/// A copy without the blanks around it.
static char *trimmed(const char *text, size_t length) {
    while (length && isspace((unsigned char)*text)) {
        text++, length--;
    }
    while (length && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    return strndup(text, length);
}

/// The length of the text up to a separator that stands in no bracket.
static size_t part_length(const char *text, char separator) {
    int depth = 0;
    size_t i = 0;
    for (; text[i] && (depth || text[i] != separator); i++) {
        depth += text[i] == '(' || text[i] == '[';
        depth -= text[i] == ')' || text[i] == ']';
        if (depth < 0) {
            refuse("%s: a bracket is closed that was not opened", text);
        }
    }
    if (depth) {
        refuse("%s: a bracket is not closed", text);
    }
    return i;
}

/// Whether the argument starts with one of the call's keywords and `=`.
static bool is_keyword(const struct call *call, const char *argument) {
    size_t length = strcspn(argument, "=");
    if (!argument[length]) {
        return false;
    }
    for (const char *at = call->keywords; at && *at;) {
        size_t word = strcspn(at, " ");
        if (word == length && !strncmp(at, argument, length)) {
            return true;
        }
        at += word + (at[word] == ' ');
    }
    return false;
}

static void parse_arguments(struct step *step, const char *text) {
    while (*text) {
        size_t length = part_length(text, ',');
        char *argument = trimmed(text, length);
        if (is_keyword(step->call, argument)) {
            if (step->keyword_count == MAX_ARGUMENTS) {
                refuse("%s: too many arguments", step->text);
            }
            step->keywords[step->keyword_count++] = argument;
        } else {
            if (step->count == maximum_arguments(step->call)) {
                refuse("%s: too many arguments", step->text);
            }
            step->arguments[step->count++] = argument;
        }
        text += length + (text[length] == ',');
    }
}

/// `STEP;STEP`, after FLAGS where the call takes an argument first.
static void parse_body(struct step *step, const char *text) {
    struct step **last = &step->body;
    bool first_is_argument = maximum_arguments(step->call) > 0;
    while (*text) {
        size_t length = part_length(text, ';');
        char *part = trimmed(text, length);
        if (first_is_argument) {
            step->arguments[step->count++] = part;
            first_is_argument = false;
        } else {
            *last = parse_step(part, step->abi, step->indent + 2);
            last = &(*last)->next;
        }
        text += length + (text[length] == ';');
    }
}

static void parse_name(struct step *step, const char *name, size_t length) {
    if (!length || length >= MAX_NAME - 2) {
        refuse("%s: a name has 1 to %d letters", step->text, MAX_NAME - 3);
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') {
            refuse("%s: a name has letters, digits and _ only", step->text);
        }
    }
    memcpy(step->name, name, length);
}

struct step *parse_step(const char *text, enum abi abi, int indent) {
    struct step *step = calloc(1, sizeof *step);
    if (!step) {
        refuse("out of memory");
    }
    step->text = trimmed(text, strlen(text));
    step->abi = step->default_abi = abi;
    step->indent = indent;

    const char *at = step->text, *open = strchr(at, '(');
    size_t length = strlen(at);
    if (!open || at[length - 1] != ')' || part_length(at, ')') != length) {
        refuse("%s: expected [NAME=][ABI:]CALL(ARGUMENT,...)", text);
    }
    size_t name = strcspn(at, "=");
    if (at + name < open) {
        parse_name(step, at, name);
        at += name + 1;
    }
    size_t prefix = strcspn(at, ":");
    if (at + prefix < open) {
        if (!abi_named(at, prefix, &step->abi)) {
            refuse("%s: %.*s is not an ABI", text, (int)prefix, at);
        }
        at += prefix + 1;
    }
    size_t called = (size_t)(open - at);
    step->call = find_call(at, called);
    if (!step->call && called && isdigit((unsigned char)*at)) {
        step->call = raw_call();
        step->arguments[step->count++] = strndup(at, called);
    }
    if (!step->call) {
        refuse("%s: unknown call %.*s (--list)", text, (int)called, at);
    }

    size_t inside = strlen(open + 1) - 1;
    char *arguments = strndup(open + 1, inside);
    if (step->call->signature[0] == '{' || !strcmp(step->call->signature, "w{")) {
        parse_body(step, arguments);
    } else {
        parse_arguments(step, arguments);
    }
    if (step->count < step->call->required) {
        refuse("%s: expected %s", text, step->call->usage);
    }
    return step;
}

/// Gives a checked step's name the kind of variable that it will have, with values that do no harm.
static void declare(const struct step *step) {
    char end[MAX_NAME + 2];
    if (!step->name[0]) {
        return;
    }
    enum variable_kind kind =
        step->call->report == REPORT_PORT            ? VARIABLE_PORT
        : step->call->report == REPORT_NAMED_ADDRESS ? VARIABLE_ADDRESS
                                                     : VARIABLE_NUMBER;
    set_variable(step->name, kind, 0);
    if (step->call->report == REPORT_PAIR) {
        for (int i = 0; i < 2; i++) {
            strcpy(end, step->name);
            strcat(end, i ? ".1" : ".0");
            set_variable(end, VARIABLE_NUMBER, 0);
        }
    }
}

/// Encodes every step once without making the call, so that a mistake in the last one stops all.
void check_steps(const struct step *first) {
    for (const struct step *step = first; step; step = step->next) {
        struct invocation call;
        checking = step->text;
        arena_reset();
        encode(step, &call);
        int known = variable_count();
        check_steps(step->body);
        if (strcmp(step->call->name, "in-thread")) {  // Only a thread shares its names.
            forget_variables(known);
        }
        declare(step);
    }
}
