/// The lines that the probe prints.
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { SHOWN = 64 };

/// Text of the formatted arguments. Not freed: the probe is gone before that matters.
char *format(const char *format, ...) {
    va_list arguments;
    char *text;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        refuse("out of memory");
    }
    return text;
}

/// One write for each line, so that the lines of several processes do not mix, and none is lost
/// when the next step ends the process.
static void emit_line(int indent, const char *text, const char *result) {
    char *line = format("%*s%s = %s\n", indent, "", text, result);
    size_t length = strlen(line), written = 0;
    while (written < length) {
        ssize_t count = write(STDOUT_FILENO, line + written, length - written);
        if (count <= 0 && errno != EINTR) {
            return;
        }
        written += count > 0 ? (size_t)count : 0;
    }
}

void emit(const struct step *step, const char *result) {
    emit_line(step->indent, step->text, result);
}

void emit_after_exec(int indent, const char *text) { emit_line(indent, text, "0"); }

/// A number, or the name of the error.
char *print_result(long result) {
    if (result < -4095 || result >= 0) {
        return format("%ld", result);
    }
    const char *name = strerrorname_np((int)-result);
    return name ? format("%s", name) : format("E%ld", -result);
}

char *print_status(int status) {
    if (WIFEXITED(status)) {
        return format("exited %d", WEXITSTATUS(status));
    }
    if (WIFSIGNALED(status)) {
        return format("killed %s", signal_name(WTERMSIG(status)));
    }
    if (WIFSTOPPED(status)) {
        return format("stopped %s", signal_name(WSTOPSIG(status)));
    }
    return format("continued");
}

static char *print_data(const uint8_t *data, long length) {
    size_t shown = length < SHOWN ? (size_t)length : SHOWN;
    const char *more = length > SHOWN ? "..." : "";
    return format("%ld \"%s%s\"", length, data ? print_text(data, shown) : "", more);
}

static size_t filled_length(const struct invocation *call) {
    uint32_t length;
    memcpy(&length, call->address_length, sizeof length);
    return length < sizeof(struct sockaddr_storage) ? length : sizeof(struct sockaddr_storage);
}

static char *print_filled_address(const struct invocation *call) {
    return print_address(call->address, filled_length(call));
}

static char *print_limit(uint64_t value, bool narrow) {
    bool infinite = narrow ? (uint32_t)value == UINT32_MAX : value == UINT64_MAX;
    return infinite ? format("infinity") : format("%llu", (unsigned long long)value);
}

static char *print_limits(const struct invocation *call, enum abi abi) {
    const uint8_t *at = call->output;
    const char *soft = print_limit(get_word(&at, abi), is_narrow(abi));
    const char *hard = print_limit(get_word(&at, abi), is_narrow(abi));
    return format("0 [%s %s]", soft, hard);
}

/// Both ends, and `$NAME`, `$NAME.0`, `$NAME.1`.
static char *report_pair(const struct step *step, const struct invocation *call, long result) {
    int ends[2] = {-1, -1};
    if (result >= 0) {
        memcpy(ends, call->output, sizeof ends);
    }
    if (step->name[0]) {
        set_variable(step->name, VARIABLE_NUMBER, ends[0]);
        set_variable(format("%s.0", step->name), VARIABLE_NUMBER, ends[0]);
        set_variable(format("%s.1", step->name), VARIABLE_NUMBER, ends[1]);
    }
    return result < 0 ? print_result(result) : format("0 [%d %d]", ends[0], ends[1]);
}

/// A number that differs from run to run: by its name when it has one.
static char *report_named(const struct step *step, enum variable_kind kind, long value) {
    if (step->name[0]) {
        set_variable(step->name, value < 0 ? VARIABLE_NUMBER : kind, value < 0 ? -1 : value);
    }
    const char *name = value > 0 ? name_of(kind, value) : NULL;
    return name ? format("$%s", name) : print_result(value);
}

static char *report_port(const struct step *step, const struct invocation *call, long result) {
    uint16_t port = 0;
    if (result >= 0) {  // At the same place in IPv4 and IPv6 addresses.
        memcpy(&port, call->address + offsetof(struct sockaddr_in, sin_port), sizeof port);
        result = ntohs(port);
    }
    return report_named(step, VARIABLE_PORT, result);
}

static char *report_address(const struct step *step, const struct invocation *call, long result) {
    if (!step->name[0]) {
        return result < 0 ? print_result(result) : print_filled_address(call);
    }
    struct variable *variable = set_variable(step->name, VARIABLE_ADDRESS, result < 0 ? -1 : 0);
    if (result < 0) {
        return print_result(result);
    }
    variable->length = filled_length(call);
    memcpy(variable->address, call->address, variable->length);
    return print_filled_address(call);
}

static char *report_message(const struct step *step, const struct invocation *call, long result) {
    long fd = -1;
    char *text = result < 0 ? print_result(result) : print_message(step, call, result, &fd);
    if (step->name[0]) {
        set_variable(step->name, VARIABLE_NUMBER, fd);
    }
    return text;
}

static char *details(const struct step *step, const struct invocation *call, long result) {
    int number;
    switch (step->call->report) {
    case REPORT_DATA:
        return print_data(call->output, result);
    case REPORT_DATA_FROM:
        return format("%s from %s", print_data(call->output, result), print_filled_address(call));
    case REPORT_ADDRESS:
        return print_filled_address(call);
    case REPORT_INT:
        memcpy(&number, call->output, sizeof number);
        return format("0 [%d]", number);
    case REPORT_LIMIT:
        return print_limits(call, step->abi);
    case REPORT_LIMIT64:
        return print_limits(call, ABI_X86_64);
    case REPORT_COUNTS:
        return print_counts(step, call, result);
    case REPORT_STATUS:
        memcpy(&number, call->output, sizeof number);
        return result ? print_status(number) : format("0");
    default:
        return print_result(result);
    }
}

/// Keeps the result under the step's name and prints the step's line.
void report_result(const struct step *step, const struct invocation *call, long result) {
    switch (step->call->report) {
    case REPORT_PAIR:
        emit(step, report_pair(step, call, result));
        return;
    case REPORT_PID:
        emit(step, report_named(step, VARIABLE_PID, result));
        return;
    case REPORT_PORT:
        emit(step, report_port(step, call, result));
        return;
    case REPORT_NAMED_ADDRESS:
        emit(step, report_address(step, call, result));
        return;
    case REPORT_MESSAGE:
        emit(step, report_message(step, call, result));
        return;
    default:
        break;
    }
    bool failed = result < 0 && result >= -4095;
    if (step->name[0]) {
        set_variable(step->name, VARIABLE_NUMBER, failed ? -1 : result);
    }
    emit(step, failed ? print_result(result) : details(step, call, result));
}
