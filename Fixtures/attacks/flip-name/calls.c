#include "flip.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A system call of the i386 ABI. Six arguments: ebp is the sixth, which compilers keep for
/// themselves, but no call here has more than six, and only sendto has the sixth.
static long compatible(long number, const long *a) {
    long result;
    __asm__ volatile(
        "push %%rbp\n\t"
        "mov %7, %%rbp\n\t"
        "int $0x80\n\t"
        "pop %%rbp"
        : "=a"(result)
        : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]), "r"(a[5])
        : "memory", "r8", "r9", "r10", "r11");
    return (int32_t)result;
}

/// Numbers of the calls: x86-64, i386, and behind socketcall(2).
static const struct { const char *name; int wide, narrow, multiplexed; } calls[] = {
    {"connect", SYS_connect, 362, 3}, {"bind", SYS_bind, 361, 2},
    {"sendto", SYS_sendto, 369, 11},  {"sendmsg", SYS_sendmsg, 370, 16},
    {"sendmmsg", SYS_sendmmsg, 345, 20},
};

long invoke(struct arena *arena, enum abi abi, const char *call, const long *arguments) {
    int index = 0;
    while (strcmp(calls[index].name, call) != 0) {
        index++;
    }
    if (abi == WIDE) {
        return syscall(calls[index].wide, arguments[0], arguments[1], arguments[2], arguments[3],
            arguments[4], arguments[5]);
    }
    if (abi == NARROW) {
        return compatible(calls[index].narrow, arguments);
    }
    for (int i = 0; i < 6; i++) {
        // The flipped one is left as it is.
        if (!arena->flips_argument || i != arena->flips_argument) {
            arena->words[i] = (uint32_t)arguments[i];
        }
    }
    long both[6] = {calls[index].multiplexed, (long)(intptr_t)arena->words};
    return compatible(102, both);
}

void set_message(struct arena *arena, enum abi abi, void *name, unsigned length) {
    // One message, as the first of a vector too; the two ABIs have it at the same place.
    if (abi == WIDE) {
        arena->message.wide = (struct mmsghdr){.msg_hdr = {.msg_name = name, .msg_namelen = length,
            .msg_iov = &arena->vector.wide, .msg_iovlen = 1}};
        arena->vector.wide = (struct iovec){arena->byte, 1};
        return;
    }
    arena->vector.narrow[0] = (uint32_t)(intptr_t)arena->byte;
    arena->vector.narrow[1] = 1;
    arena->message.narrow[0] = (uint32_t)(intptr_t)name;
    arena->message.narrow[1] = length;
    arena->message.narrow[2] = (uint32_t)(intptr_t)&arena->vector;
    arena->message.narrow[3] = 1;
}
