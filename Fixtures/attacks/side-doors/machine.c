// The same calls by other instructions, other numbers, and with what the kernel does not look at.
#include "door.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Memory that 32-bit code reaches: arguments, a stack, and a copy of the code below.
enum { BASE = 0x60000000, CODE = BASE + 0x100, STACK = BASE + 0xff0 };

struct arguments {
    uint32_t number, values[6], unused;
    uint64_t stack;
    int32_t result;
    struct sockaddr_in target;
    uint32_t words[6];
    char byte;
};
static struct arguments *const arguments = (struct arguments *)BASE;

// Far to 32-bit code (selector 0x23), a call there, and back to 64-bit code (0x33).
__asm__(
    "    .text\n"
    "far_start:\n"
    "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "    mov %rsp, 0x60000020\n"
    "    mov $0x60000ff0, %esp\n"
    "    movl $0x60000100 + far_narrow - far_start, 0x60000080\n"
    "    movl $0x23, 0x60000084\n"
    "    ljmp *0x60000080\n"
    "    .code32\n"
    "far_narrow:\n"
    "    mov $0x2b, %eax; mov %eax, %ds; mov %eax, %es\n"
    "    mov 0x60000000, %eax; mov 0x60000004, %ebx; mov 0x60000008, %ecx; mov 0x6000000c, %edx\n"
    "    mov 0x60000010, %esi; mov 0x60000014, %edi; mov 0x60000018, %ebp\n"
    "    nop; nop\n"
    "far_call:\n"
    "    int $0x80\n"
    "    mov %eax, 0x60000028\n"
    "    ljmp $0x33, $0x60000100 + far_back - far_start\n"
    "    .code64\n"
    "far_back:\n"
    "    mov 0x60000020, %rsp\n"
    "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "    ret\n"
    "far_end:\n");
extern const char far_start[], far_call[], far_end[];

/// Puts sendto(UDP, "x", 1, 0, target) into the memory that 32-bit code reaches.
static void prepare(void) {
    mmap((void *)BASE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy((void *)CODE, far_start, (size_t)(far_end - far_start));
    arguments->target = address_of(UDP_TARGET);
    arguments->number = 369;
    const uint32_t values[] = {UDP, (uint32_t)(uintptr_t)&arguments->byte, 1, 0,
        (uint32_t)(uintptr_t)&arguments->target, sizeof arguments->target};
    memcpy(arguments->values, values, sizeof values);
    memcpy(arguments->words, values, sizeof values);
}

static long interrupt(long number, long first, long second) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second)
        : "memory", "r8", "r9", "r10", "r11");
    return (int32_t)result;
}

/// 32-bit calls by 64-bit code: connect has few enough arguments.
void send_by_interrupt(void) {
    prepare();
    long result;
    __asm__ volatile("int $0x80" : "=a"(result)
        : "a"(362L), "b"((long)UDP), "c"(&arguments->target), "d"(sizeof arguments->target)
        : "memory", "r8", "r9", "r10", "r11");
    if (step_raw("connect", (int32_t)result)) {
        step("send", write(UDP, "x", 1));
    }
}

void send_by_socketcall(void) {
    prepare();
    step_raw("socketcall", interrupt(102, 11, (long)(uintptr_t)arguments->words));
}

void send_by_far_jump(void) {
    prepare();
    ((void (*)(void))CODE)();
    step_raw("sendto", arguments->result);
}

/// `syscall` or `sysenter` in 32-bit code. The kernel goes on behind them where a 32-bit program has its
/// vDSO, where there is none: the call is made, and the process ends.
static void jump_and_die(const char *instruction) {
    char *place = (char *)CODE + (far_call - far_start);
    prepare();
    // Without a word of a handler's.
    signal(SIGSEGV, SIG_DFL), signal(SIGILL, SIG_DFL);
    if (memcmp(instruction, "\x0f\x05", 2) == 0) {
        // The second argument is in ebp, the sixth on the stack.
        memcpy(place - 2, "\x89\xcd", 2);
        *(uint32_t *)STACK = arguments->values[5];
    } else {
        // The stack is in ebp, and the sixth argument on it.
        arguments->values[5] = STACK;
        *(uint32_t *)STACK = sizeof arguments->target;
    }
    memcpy(place, instruction, 2);
    ((void (*)(void))CODE)();
}

static void narrow_syscall(void) { jump_and_die("\x0f\x05"); }
static void narrow_sysenter(void) { jump_and_die("\x0f\x34"); }
void send_by_narrow_syscall(void) { in_child(narrow_syscall); }
void send_by_sysenter(void) { in_child(narrow_sysenter); }

/// connect and send with the upper halves of number, descriptor and length filled.
void send_with_garbage(void) {
    const unsigned long garbage = 0xa5a5a5a500000000;
    struct sockaddr_in target = address_of(UDP_TARGET);
    long result;
    __asm__ volatile("syscall" : "=a"(result)
        : "a"(garbage | SYS_connect), "D"(garbage | UDP), "S"(&target), "d"(garbage | sizeof target)
        : "rcx", "r11", "memory");
    if (step_raw("connect", result)) {
        step("send", write(UDP, "x", 1));
    }
}
