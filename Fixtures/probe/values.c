/// Integers, variables and text.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum { MAX_VARIABLES = 128 };
static struct variable variables[MAX_VARIABLES];
static int count;

struct variable *find_variable(const char *name, size_t length) {
    for (int i = 0; i < count; i++) {
        if (strlen(variables[i].name) == length && !strncmp(variables[i].name, name, length)) {
            return &variables[i];
        }
    }
    return NULL;
}

struct variable *set_variable(const char *name, enum variable_kind kind, long value) {
    struct variable *variable = find_variable(name, strlen(name));
    if (!variable) {
        if (count == MAX_VARIABLES) {
            refuse("more than %d names", MAX_VARIABLES);
        }
        variable = &variables[count++];
    }
    memset(variable, 0, sizeof *variable);
    snprintf(variable->name, MAX_NAME, "%s", name);
    variable->kind = kind;
    variable->value = value;
    return variable;
}

const struct variable *variable_at(int index) { return &variables[index]; }

int variable_count(void) { return count; }

void forget_variables(int first) { count = first; }

/// The name of the first variable that holds this port or process id.
const char *name_of(enum variable_kind kind, long value) {
    for (int i = 0; i < count; i++) {
        if (variables[i].kind == kind && variables[i].value == value) {
            return variables[i].name;
        }
    }
    return NULL;
}

/// The length of the variable's name at the start of the text: letters, digits, `_`, and `.0`.
static size_t name_length(const char *text) {
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    if (length && text[length] == '.' && isdigit((unsigned char)text[length + 1])) {
        length += 2;
    }
    return length;
}

static const struct variable *variable_used(const char *name, size_t length) {
    const struct variable *variable = length ? find_variable(name, length) : NULL;
    if (!variable) {
        refuse("$%.*s: no step before gives this name", (int)length, name);
    }
    return variable;
}

static long term(const char *text, size_t length) {
    long value;
    if (text[0] == '$' && name_length(text + 1) == length - 1) {
        return variable_used(text + 1, length - 1)->value;
    }
    if (constant_value(text, length, &value)) {
        return value;
    }
    if (length == 4 && !strncmp(text, "self", 4)) {
        return syscall(SYS_getpid);
    }
    if (length == 6 && !strncmp(text, "parent", 6)) {
        return syscall(SYS_getppid);
    }
    if (length == 4 && !strncmp(text, "init", 4)) {
        return 1;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%.*s", (int)length, text);
    bool inverted = digits[0] == '~';
    char *end;
    // strtoull takes a minus sign, and all of 0 to 2^64-1.
    value = (long)strtoull(digits + inverted, &end, 0);
    if (!length || length >= sizeof digits || *end || end == digits + inverted) {
        refuse("%.*s: not a number and not a known constant (--list)", (int)length, text);
    }
    return inverted ? ~value : value;
}

long integer(const char *text) {
    long value = 0;
    for (;;) {
        size_t length = strcspn(text, "|");
        value |= term(text, length);
        if (!text[length]) {
            return value;
        }
        text += length + 1;
    }
}

static int hex_digit(char c) {
    if (!isxdigit((unsigned char)c)) {
        return -1;
    }
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

void copy_text(const char *text, char *out, size_t size) {
    if (strlen(text) >= size) {
        refuse("an argument of more than %zu bytes", size - 1);
    }
    strcpy(out, text);
}

/// Undoes `%2c`, and puts in numbers for `$NAME`. Returns the number of bytes; a NUL follows them.
size_t decode_text(const char *text, uint8_t *out, size_t size) {
    size_t used = 0;
    while (*text) {
        char number[32] = {*text};
        size_t length = 1;
        if (*text == '%') {
            int high = hex_digit(text[1]);
            int low = high < 0 ? -1 : hex_digit(text[2]);
            if (low < 0) {
                refuse("%s: %% must be followed by two hex digits", text);
            }
            number[0] = (char)(high << 4 | low);
            text += 3;
        } else if (*text == '$') {
            size_t name = name_length(text + 1);
            const struct variable *variable = variable_used(text + 1, name);
            length = (size_t)snprintf(number, sizeof number, "%ld", variable->value);
            text += 1 + name;
        } else {
            text++;
        }
        if (used + length >= size) {
            refuse("text of more than %zu bytes", size);
        }
        memcpy(out + used, number, length);
        used += length;
    }
    out[used] = 0;
    return used;
}

size_t decode_hex(const char *text, uint8_t *out, size_t size) {
    size_t length = strlen(text);
    if (length % 2 || length / 2 > size || strspn(text, "0123456789abcdefABCDEF") != length) {
        refuse("%s: expected an even number of hex digits, %zu bytes at most", text, size);
    }
    for (size_t i = 0; i < length / 2; i++) {
        out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return length / 2;
}
