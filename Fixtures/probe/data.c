/// Arguments in memory other than socket addresses.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

enum { OUT_SIZE = 4096, MAX_TEXT = 8192, MAX_VECTORS = 2048, FILLER = 16 };

/// Data to be sent: pointer and length.
void encode_data(const char *text, long *pointer, long *length) {
    size_t word = strcspn(text, "#");
    if (special_pointer(text, word, pointer)) {
        *length = text[word] ? integer(text + word + 1) : *pointer ? FILLER : 0;
        return;
    }
    enum placement placement = take_placement(&text);
    char copy[MAX_TEXT];
    copy_text(text, copy, sizeof copy);
    char *hash = strrchr(copy, '#');
    if (hash) {
        *hash++ = 0;
    }
    uint8_t bytes[MAX_TEXT];
    size_t size;
    if (!strncmp(copy, "zero:", 5)) {
        *length = integer(copy + 5);
        *pointer = address_of(arena_take((size_t)*length));
        return;
    }
    if (!strncmp(copy, "hex:", 4)) {
        size = decode_hex(copy + 4, bytes, sizeof bytes);
    } else {
        size = decode_text(copy, bytes, sizeof bytes);
    }
    *length = hash ? integer(hash) : (long)size;
    *pointer = address_of(arena_place(placement, bytes, size, *length));
}

/// A NUL-terminated string, for paths.
long encode_text(const char *text) {
    long pointer;
    if (special_pointer(text, strlen(text), &pointer)) {
        return pointer;
    }
    enum placement placement = take_placement(&text);
    uint8_t bytes[MAX_TEXT];
    size_t length = decode_text(text, bytes, sizeof bytes);
    return address_of(arena_place(placement, bytes, length + 1, 0));
}

/// Whatever fits in a register: an integer or a pointer.
long encode_word(const char *text) {
    long pointer, length;
    if (special_pointer(text, strlen(text), &pointer)) {
        return pointer;
    }
    if (!strcmp(text, "out")) {
        return address_of(arena_take(OUT_SIZE));
    }
    if (!strncmp(text, "text:", 5)) {
        return encode_text(text + 5);
    }
    if (is_address(text)) {
        encode_address(text, &pointer, &length);
        return pointer;
    }
    return integer(text);
}

/// An iovec array whose first element is the data and whose others are empty. `count` is NULL for
/// one element, `bad`, `none`, or a number: more than MAX_VECTORS are claimed, not built.
long encode_vectors(const struct step *step, const char *data, const char *count, long *length) {
    long pointer, base, size;
    if (count && !strcmp(count, "none")) {
        *length = 0;
        return 0;
    }
    *length = 1;
    if (count && special_pointer(count, strlen(count), &pointer)) {
        return pointer;
    }
    if (count) {
        *length = integer(count);
    }
    encode_data(data, &base, &size);
    long built = *length > MAX_VECTORS || *length < 1 ? MAX_VECTORS : *length;
    uint8_t *vectors = arena_take((size_t)built * 16), *at = vectors;
    put_word(&at, step->abi, (uint64_t)base);
    put_word(&at, step->abi, (uint64_t)size);
    return address_of(vectors);
}

/// The seccomp action at the start of a filter's notation, `errno:13` or `trace`.
static uint32_t action(const char *text) {
    static const struct {
        const char *name;
        uint32_t value;
    } actions[] = {
        {"allow", SECCOMP_RET_ALLOW}, {"log", SECCOMP_RET_LOG},
        {"trace", SECCOMP_RET_TRACE}, {"notify", SECCOMP_RET_USER_NOTIF},
        {"errno", SECCOMP_RET_ERRNO}, {"trap", SECCOMP_RET_TRAP},
        {"kill", SECCOMP_RET_KILL_PROCESS},
    };
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strlen(actions[i].name) == length && !strncmp(actions[i].name, text, length)) {
            long data = text[length] ? integer(text + length + 1) : 0;
            return actions[i].value | ((uint32_t)data & SECCOMP_RET_DATA);
        }
    }
    refuse("%s: expected allow, log, trace, notify, errno, trap or kill", text);
}

/// The number of a call in the step's ABI, by name or as a number.
static uint32_t call_number(const struct step *step, const char *name) {
    const struct call *call = find_call(name, strlen(name));
    if (!call) {
        return (uint32_t)integer(name);
    }
    if (step->abi == ABI_SOCKETCALL && call->socketcall) {
        return SOCKETCALL;
    }
    return (uint32_t)(is_narrow(step->abi) ? call->i386 : call->x86_64);
}

/// A filter `ACTION[:DATA][@CALL]`: the action for that call of the step's ABI (without one, for
/// every call), allow for the rest.
long encode_filter(const struct step *step, const char *text) {
    long pointer;
    if (special_pointer(text, strlen(text), &pointer)) {
        return pointer;
    }
    char copy[128];
    copy_text(text, copy, sizeof copy);
    char *call = strchr(copy, '@');
    if (call) {
        *call++ = 0;
    }
    uint32_t architecture = is_narrow(step->abi) ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
    uint32_t returned = action(copy);
    struct sock_filter one[] = {BPF_STMT(BPF_RET | BPF_K, returned)};
    struct sock_filter some[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call ? call_number(step, call) : 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, returned),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    size_t size = call ? sizeof some : sizeof one;
    uint8_t *code = arena_place(PLACE_PLAIN, call ? some : one, size, 0);
    uint8_t *program = arena_take(16), *at = program;
    put_word(&at, step->abi, size / sizeof one[0]);
    put_word(&at, step->abi, (uint64_t)address_of(code));
    return address_of(program);
}
