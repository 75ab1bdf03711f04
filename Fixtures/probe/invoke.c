/// The bare system calls: no C library between the probe and the kernel.
#include <errno.h>
#include <string.h>

#include "probe.h"

/// Both take the number and an array of six registers, and tell unwinders what they push, since
/// `supervise --backtrace` is tested with this program too.
///
/// `syscall` clobbers rcx and r11, which a C function may clobber as well. int 0x80 from 64-bit
/// code clobbers r8 to r11 on some kernels: also the caller's affair. rbx and rbp are not: they
/// are the first and the sixth argument.
long probe_syscall(long number, const long arguments[6]);
long probe_int80(long number, const long arguments[6]);

__asm__(
    "    .text\n"
    "    .type probe_syscall, @function\n"
    "probe_syscall:\n"
    "    .cfi_startproc\n"
    "    movq %rdi, %rax\n"
    "    movq %rsi, %r11\n"
    "    movq 0(%r11), %rdi\n"
    "    movq 8(%r11), %rsi\n"
    "    movq 16(%r11), %rdx\n"
    "    movq 24(%r11), %r10\n"
    "    movq 32(%r11), %r8\n"
    "    movq 40(%r11), %r9\n"
    "    syscall\n"
    "    ret\n"
    "    .cfi_endproc\n"
    "    .size probe_syscall, . - probe_syscall\n"
    "    .type probe_int80, @function\n"
    "probe_int80:\n"
    "    .cfi_startproc\n"
    "    pushq %rbx\n"
    "    .cfi_adjust_cfa_offset 8\n"
    "    .cfi_rel_offset %rbx, 0\n"
    "    pushq %rbp\n"
    "    .cfi_adjust_cfa_offset 8\n"
    "    .cfi_rel_offset %rbp, 0\n"
    "    movq %rdi, %rax\n"
    "    movq 0(%rsi), %rbx\n"
    "    movq 8(%rsi), %rcx\n"
    "    movq 16(%rsi), %rdx\n"
    "    movq 32(%rsi), %rdi\n"
    "    movq 40(%rsi), %rbp\n"
    "    movq 24(%rsi), %rsi\n"
    "    int $0x80\n"
    "    popq %rbp\n"
    "    .cfi_adjust_cfa_offset -8\n"
    "    .cfi_restore %rbp\n"
    "    popq %rbx\n"
    "    .cfi_adjust_cfa_offset -8\n"
    "    .cfi_restore %rbx\n"
    "    ret\n"
    "    .cfi_endproc\n"
    "    .size probe_int80, . - probe_int80\n");

static const unsigned long GARBAGE = 0xa5a5a5a500000000;
enum { X32_BIT = 0x40000000 };

/// With --garbage, a 32-bit value whose upper half the kernel must ignore.
long spoil(long value) {
    return garbage ? (long)((unsigned long)(uint32_t)value | GARBAGE) : value;
}

/// Makes the call. The result is what the kernel left in rax: negative errno values for errors.
long invoke(enum abi abi, const struct invocation *call) {
    long registers[6];
    memcpy(registers, call->arguments, sizeof registers);

    if (!is_narrow(abi)) {
        for (int i = 0; i < 6; i++) {
            registers[i] = call->ints >> i & 1 ? spoil(registers[i]) : registers[i];
        }
        long number = call->number | (abi == ABI_X32 ? X32_BIT : 0);
        return probe_syscall(spoil(number), registers);
    }

    long number = call->number;
    if (abi == ABI_SOCKETCALL && call->subcall) {
        uint32_t *array = (uint32_t *)arena_take(sizeof(uint32_t[6]));
        for (int i = 0; i < 6; i++) {
            array[i] = (uint32_t)registers[i];
        }
        memset(registers, 0, sizeof registers);
        registers[0] = call->subcall;
        registers[1] = address_of(array);
        number = SOCKETCALL;
    }
    for (int i = 0; i < 6; i++) {
        registers[i] = garbage ? spoil(registers[i]) : (long)(uint32_t)registers[i];
    }
    uint32_t result = (uint32_t)probe_int80(spoil(number), registers);
    return result >= (uint32_t)-4095 ? (long)(int32_t)result : (long)result;
}
