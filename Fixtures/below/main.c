// below: makes its first judged call, and prints what that left of the memory below its stack pointer.
//
//     below kernel        on the stack that the kernel made, of which nothing is promised while the call
//                         is under way, but all is expected to be as it was behind it
//     below own           on a stack of its own, at whose end other memory begins that another thread
//                         watches all the while
//
// A supervisor that has the program receive something needs memory of the program's for a moment.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { WATCHED = 2048, RED_ZONE = 128 };

static struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};

/// Fills the memory below the red zone, connects with the stack pointer at `top`, and gives how many
/// bytes are others then. No frame may be pushed in between.
static long connect_at(uint8_t *top, int descriptor) {
    long result = SYS_connect, changed = 0;
    uint8_t *watched = top - RED_ZONE - WATCHED;
    __asm__ volatile("mov %%rsp, %%r12\n\t"
                     "mov %[top], %%rsp\n\t"
                     // The fill.
                     "mov %[watched], %%rdi\n\t"
                     "mov %[size], %%rcx\n\t"
                     "mov $0x5a, %%al\n\t"
                     "rep stosb\n\t"
                     "mov %[connect], %%eax\n\t"
                     "mov %[descriptor], %%rdi\n\t"
                     "mov %[address], %%rsi\n\t"
                     "mov %[length], %%rdx\n\t"
                     "syscall\n\t"
                     "mov %%rax, %[result]\n\t"
                     // The look.
                     "xor %%ebx, %%ebx\n\t"
                     "mov %[watched], %%rdi\n\t"
                     "mov %[size], %%rcx\n\t"
                     "1: cmpb $0x5a, (%%rdi)\n\t"
                     "je 2f\n\t"
                     "inc %%rbx\n\t"
                     "2: inc %%rdi\n\t"
                     "dec %%rcx\n\t"
                     "jnz 1b\n\t"
                     "mov %%r12, %%rsp"
                     : [result] "=&r"(result), "=&b"(changed)
                     : [top] "r"(top), [watched] "r"(watched), [size] "i"(WATCHED),
                     [connect] "i"(SYS_connect), [descriptor] "r"((long)descriptor),
                     [address] "r"(&nobody), [length] "i"(sizeof nobody)
                     : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "r12", "memory", "cc");
    return result == -2 ? changed : -1;
}

static uint8_t *watched;
static atomic_bool isWatching, isOver;
static atomic_long seen;

static void *watch(void *nothing) {
    while (!isOver) {
        for (int i = 0; i < WATCHED; i++) {
            if (((volatile uint8_t *)watched)[i] != 0x5a) {
                seen++;
            }
        }
        isWatching = 1;
    }
    return nothing;
}

int main(int count, char **words) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (count == 2 && strcmp(words[1], "kernel") == 0) {
        uint8_t here[8192];
        // Below everything that the compiler keeps here.
        printf("kernel: changed %ld\n", connect_at((uint8_t *)(((uintptr_t)here + 4096) & ~15ul), descriptor));
        return 0;
    }
    if (count == 2 && strcmp(words[1], "own") == 0) {
        uint8_t *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint8_t *top = memory + 4096;
        watched = top - RED_ZONE - WATCHED;
        memset(watched, 0x5a, WATCHED);
        pthread_t watcher;
        pthread_create(&watcher, NULL, watch, NULL);
        while (!isWatching) {
        }
        long changed = connect_at(top, descriptor);
        isOver = 1;
        pthread_join(watcher, NULL);
        printf("own: changed %ld, seen %ld\n", changed, (long)seen);
        return 0;
    }
    fputs("usage: below kernel|own\n", stderr);
    return 2;
}
