/// probe: makes the system calls that its arguments name and prints one line for each.
///
///     probe [--abi x86-64|i386|socketcall] [--garbage] STEP...
///     probe --list
///
/// A test runs the same steps with and without `supervise` and compares the two outputs. Nothing
/// is run unless every step is well formed (else a message on standard error, exit 2). The exit
/// status is 0 once all steps were made: an error of a step is its result.
///
///     STEP   = [NAME=][ABI:]CALL(ARGUMENT,...)
///     output = STEP = RESULT      RESULT: a number or an errno name, then details: `2 [5 5 -]`
///
/// Options hold for the steps after them. `socketcall` makes socket calls by socketcall(2), all
/// others by their i386 number. ABI may also be `x32`; CALL may be a number: `i386:102(3,bad)`.
/// SIGPIPE is ignored, so that EPIPE is a result.
/// --garbage fills the upper halves of what is 32 bits wide to the kernel: the call number, int
/// arguments, every i386 register and the padding of message headers.
///
/// Integers: `7`, `-1`, `0x1f`, `~0`, constants of --list, `self` `parent` `init`, `$NAME`, several
/// joined by `|`. A failed step sets its name to -1. `$s.0` and `$s.1` are the ends of a pair.
/// Results that differ between runs (process ids, ports, named addresses) are printed as `$NAME`
/// when a step gave them a name, so that outputs can be compared.
///
/// Text (paths, names, data): as is; `%2c` is a byte, `$NAME` a number. Needed for `,;()[]#$%`.
///
/// Addresses give pointer and length:
///     in:1.2.3.4:80  in6:::1:80  unix:PATH  abstract:NAME  autobind  unspec  unspec:1.2.3.4:80
///     family:AF_X    hex:0a0b    $NAME (of `address`)      null  bad  noaccess
/// `#LEN` after one claims another length. `null` has length 0, `bad` (never mapped) and `noaccess`
/// (mapped PROT_NONE) 16. `edge:ADDRESS` puts its last byte before an unmapped page,
/// `edge-noaccess:ADDRESS` before a PROT_NONE page: a claimed length beyond it faults.
///
/// The probe's memory begins at 0x20000000, the same in all its processes.
///
/// Data: text, `zero:N`, `hex:..`, and the pointers and edges of addresses.
/// Words (raw calls, prctl, ioctl...): an integer, `null`, `bad`, `noaccess`, `out` (4096 zero
/// bytes), `text:..`, or an address (its pointer only).
///
/// Message calls take `key=value` arguments: data=DATA (hello), iov=bad|none|N, namelen=N,
/// control=rights:FD|bad|none|hex:.., controllen=N, msg=bad|noaccess|null|edge|edge-noaccess (where
/// the header or array of headers is), and vlen=N for sendmmsg, whose list is `[ADDR;-;ADDR]`.
///
/// Steps with steps (`;` between them, their lines are indented):
///     in-child(..)  in-clone(FLAGS;..)  in-thread(..)  c=fork-pause(..)
/// The first three are waited for; their result is how they ended. fork-pause makes its steps, then
/// sleeps until it is killed, at the latest when the thread that started it ends.
/// exec() or exec(PATH) replaces the program by probe, or by PATH, with the steps that are left;
/// from a thread those of the thread, then those after it.
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

bool garbage;
const char *checking;

_Noreturn void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("probe: ", stderr);
    if (checking) {
        fprintf(stderr, "%s: ", checking);
    }
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(2);
}

/// Takes back a variable that exec passed on: `NAME=KIND:VALUE`, an address as hex.
static void restore_variable(const char *text) {
    char name[MAX_NAME];
    int kind, value_at;
    if (sscanf(text, "%31[^=]=%d:%n", name, &kind, &value_at) < 2) {
        refuse("--set %s: expected NAME=KIND:VALUE", text);
    }
    const char *value = text + value_at;
    if (kind != VARIABLE_ADDRESS) {
        set_variable(name, (enum variable_kind)kind, atol(value));
        return;
    }
    struct variable *variable = set_variable(name, VARIABLE_ADDRESS, 0);
    variable->length = decode_hex(value, variable->address, sizeof variable->address);
}

int main(int count, char **arguments) {
    enum abi abi = ABI_X86_64;
    int indent = 0, exec_indent = 0;
    const char *after_exec = NULL;
    struct step *first = NULL, **last = &first;

    arena_map();
    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i];
        if (!strcmp(argument, "--list")) {
            list_calls();
            list_constants();
            return 0;
        }
        if (!strcmp(argument, "--garbage")) {
            garbage = true;
            continue;
        }
        if (strncmp(argument, "--", 2)) {
            *last = parse_step(argument, abi, indent);
            last = &(*last)->next;
            continue;
        }
        if (i + 1 == count) {
            refuse("%s: unknown option, or its value is missing", argument);
        }
        const char *value = arguments[++i];
        if (!strcmp(argument, "--abi")) {
            if (!abi_named(value, strlen(value), &abi)) {
                refuse("--abi %s: expected x86-64, i386, socketcall or x32", value);
            }
        } else if (!strcmp(argument, "--indent")) {  // This and the next two: from exec.
            indent = atoi(value);
        } else if (!strcmp(argument, "--set")) {
            restore_variable(value);
        } else if (!strcmp(argument, "--after-exec")) {
            after_exec = value;
            exec_indent = indent;
        } else {
            refuse("%s: unknown option", argument);
        }
    }
    if (!first && !after_exec) {
        refuse("no steps; usage: probe [--abi ABI] [--garbage] STEP..., or probe --list");
    }

    int restored = variable_count();
    check_steps(first);
    forget_variables(restored);
    checking = NULL;

    if (after_exec) {
        emit_after_exec(exec_indent, after_exec);
    }
    run_steps(first, NULL);
    return 0;
}
