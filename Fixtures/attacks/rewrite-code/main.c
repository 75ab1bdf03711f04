// Changes the program of a thread that makes calls in the supervisor's interest.
//
// Usage: rewrite-code TRIES SECONDS
//
// A supervisor that has a thread make several calls for one sets it back to its system call
// instruction each time. A second thread replaces that instruction by a jump all the time, to code
// that makes a call of its own: listen on an inherited TCP socket. Taken for the supervisor's, it
// would go on unjudged. Prints how many calls were made, and how often the socket listened.
//
// Inherited from number 20 on: an abstract datagram socket, a bound UDP socket, a UDP socket, and a
// TCP socket.
#include "../race.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { TCP = 23 };

static _Atomic uint16_t *code;

enum { SYSCALL = 0x050f, JUMP = 0x0eeb };

static void restore(void) {
    atomic_store(code, SYSCALL);
}

static void redirect(void) {
    atomic_store(code, JUMP);
}

static struct alternation rewriting = {restore, redirect, 8, 6, 0, 0};

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: rewrite-code TRIES SECONDS\n", stderr);
        return 2;
    }
    // mov eax, SYS_listen; mov edi, TCP; mov esi, 1; syscall; ret
    static const unsigned char other[] = {
        0xb8, SYS_listen, 0, 0, 0, 0xbf, TCP, 0, 0, 0, 0xbe, 1, 0, 0, 0, 0x0f, 0x05, 0xc3,
    };
    unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return 2;
    }
    code = (_Atomic uint16_t *)page;
    page[2] = 0xc3;
    memcpy(page + 2 + (JUMP >> 8), other, sizeof other);
    atomic_store(code, SYSCALL);

    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "rewrite-code.%d", getpid());
    if (bind(receiver, (struct sockaddr *)&name, sizeof name) == -1) {
        return 2;
    }
    struct iovec vector = {"x", 1};
    struct mmsghdr messages[2];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 2; i++) {
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &vector, .msg_iovlen = 1,
        };
    }
    long tries = atol(words[1]), made = 0, reached = 0;
    double limit = now() + atof(words[2]);
    begin(&rewriting);
    for (; made < tries && ((made & 63) != 0 || now() < limit); made++) {
        long result = SYS_sendmmsg, first = sender, third = 2;
        struct mmsghdr *second = messages;
        register long flags __asm__("r10") = MSG_DONTWAIT;
        // Below the red zone, which a call would write over.
        __asm__ volatile("sub $128, %%rsp; call *%[code]; add $128, %%rsp"
            : "+a"(result), "+D"(first), "+S"(second), "+d"(third), "+r"(flags)
            : [code] "b"(page)
            : "rcx", "r11", "r8", "r9", "memory", "cc");
        char buffer[16];
        while (recv(receiver, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        }
        int accepts = 0;
        socklen_t size = sizeof accepts;
        getsockopt(TCP, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
        if (accepts) {
            reached++;
            shutdown(TCP, SHUT_RDWR);
        }
    }
    end(&rewriting);
    unlink(name.sun_path);
    printf("tries %ld reached %ld\n", made, reached);
    return 0;
}
