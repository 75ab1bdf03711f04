// Has the supervisor's deputy run the program's code while it holds a connection that the rules refuse.
//
// Usage: keep-connection jump|filter|socket TRIES
//
// Inherited as 20: a listener on 127.0.0.1, which gets no filter for its packets. In each try, a process
// of its own, it is connected to from 127.1.0.1, who is refused, and the connection is accepted. Prints
// how many tries heard what was said over it.
//
//   jump    a thread puts a jump in the place of the instruction that makes the call, and takes it away
//           again: to code that reads from every descriptor
//   filter  a filter of the program's own answers close(2) and exit(2) in the kernel's stead, so that who
//           is to close the connection and to end does neither, and goes on behind the call
//   socket  the same where the policy refuses to make a datagram socket, since no filter for its packets
//           is to be had: counts the tries that have one
//
// Natively the connection is accepted, and the socket made, as any other.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTENER = 20, LAST = 30 };

/// The code, as it is run and as it is written.
static uint8_t *code, *writable;
/// Of all processes.
static atomic_int *heard;
static atomic_bool finished;
static uint8_t stack[1 << 16] __attribute__((aligned(16)));

/// Without the C library, whose state is another thread's.
static long call(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall" : "=a"(result)
        : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
        : "rcx", "r11", "memory");
    return result;
}

/// Looks at every descriptor that a connection or a socket could have got, and ends the try.
__attribute__((noreturn, force_align_arg_pointer)) static void listen_in(void) {
    for (int i = 3; i < LAST; i++) {
        char byte = 0;
        int type = 0, size = sizeof type;
        if (call(SYS_recvfrom, i, (long)&byte, 1, MSG_DONTWAIT, 0) == 1 && byte == 'r') {
            atomic_store(heard, 1);
        }
        if (call(SYS_getsockopt, i, SOL_SOCKET, SO_TYPE, (long)&type, (long)&size) == 0
            && type == SOCK_DGRAM) {
            atomic_store(heard, 1);
        }
    }
    for (;;) {
        call(SYS_exit_group, 0, 0, 0, 0, 0);
    }
}

/// `syscall; nop; nop; nop; ret`, and behind it what two bytes in the place of `syscall` jump to.
static void write_code(void) {
    int file = memfd_create("code", 0);
    ftruncate(file, 4096);
    writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    close(file);
    void *top = stack + sizeof stack - 64, (*target)(void) = listen_in;
    memcpy(writable, "\x0f\x05\x90\x90\x90\xc3", 6);
    memcpy(writable + 6, "\x48\xbc", 2), memcpy(writable + 8, &top, 8);      // mov rsp
    memcpy(writable + 16, "\x48\xb8", 2), memcpy(writable + 18, &target, 8); // mov rax
    memcpy(writable + 26, "\xff\xd0", 2);                                     // call rax
}

static void *alternate(void *unused) {
    (void)unused;
    volatile uint16_t *instruction = (void *)writable;
    // Other lengths in every try.
    unsigned round = (unsigned)getpid() * 2654435761u;
    while (!finished) {
        round = round * 1103515245 + 12345;
        *instruction = 0x050f;
        for (volatile unsigned i = 0; i < (round >> 16 & 16383); i++) {
        }
        *instruction = 0x04eb;
        for (volatile unsigned i = 0; i < (round >> 20 & 4095); i++) {
        }
    }
    return NULL;
}

static void pretend(void) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 3),
        // Not of the numbers that the supervisor uses to get ready.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/// One try; the process ends.
_Noreturn static void try_once(const struct sockaddr_in *target, const char *way) {
    // 3 stays taken.
    dup2(0, 3);
    if (strcmp(way, "socket") == 0) {
        pretend();
        call(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0);
        listen_in();
    }
    int jumps = strcmp(way, "jump") == 0, other = LAST + 10;
    int one = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001)};
    // No port stays taken for a minute.
    struct linger no = {1, 0};
    setsockopt(one, SOL_SOCKET, SO_LINGER, &no, sizeof no);
    dup2(one, other);
    close(one);
    if (bind(other, (struct sockaddr *)&own, sizeof own) == -1) {
        _exit(1);
    }
    if (!jumps) {
        // Nobody is there yet; what is needed to judge a connection is, from here on.
        accept(LISTENER, NULL, NULL);
        pretend();
    }
    if (connect(other, (const struct sockaddr *)target, sizeof *target) == -1
        || send(other, "r", 1, 0) != 1) {
        _exit(1);
    }
    pthread_t thread;
    if (jumps) {
        pthread_create(&thread, NULL, alternate, NULL);
    }
    long result;
    __asm__ volatile("call *%[code]" : "=a"(result)
        : [code] "r"(code), "0"((long)SYS_accept), "D"((long)LISTENER), "S"(0L), "d"(0L)
        : "rcx", "r8", "r9", "r10", "r11", "memory");
    listen_in();
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: keep-connection jump|filter|socket TRIES\n", stderr);
        return 2;
    }
    heard = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in target;
    socklen_t length = sizeof target;
    getsockname(LISTENER, (struct sockaddr *)&target, &length);
    fcntl(LISTENER, F_SETFL, O_NONBLOCK);
    write_code();
    int tries = atoi(words[2]), made = 0, reached = 0;
    for (; made < tries; made++) {
        memcpy(writable, "\x0f\x05", 2);
        atomic_store(heard, 0);
        pid_t child = fork();
        if (child == 0) {
            try_once(&target, words[1]);
        }
        int status = 0, left;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
            break;
        }
        reached += atomic_load(heard);
        while ((left = accept4(LISTENER, NULL, NULL, 0)) >= 0) {
            close(left);
        }
    }
    printf("tries %d reached %d\n", made, reached);
    return 0;
}
