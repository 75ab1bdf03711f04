// Times one system call over and over, while other processes make it too or only exist, and prints the
// median in nanoseconds. `calls bind|connect|sendto|sendmsg|pingpong COUNT [BUSY [IDLE]]`; `pingpong` is a
// sendmsg to another process, and its answer.

#include "timing.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

/// The discard port of this host, where nobody listens.
static const struct sockaddr_in discard = {
    .sin_family = AF_INET, .sin_port = 9 << 8, .sin_addr = {.s_addr = 1 << 24 | 127}};

static double time_bind(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = discard.sin_addr};
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    double start = now(CLOCK_MONOTONIC);
    if (bind(descriptor, (struct sockaddr *)&any, sizeof any) == -1) {
        fail("bind");
    }
    double end = now(CLOCK_MONOTONIC);
    close(descriptor);
    return end - start;
}

static double time_connect(void)
{
    static int descriptor = -1;
    if (descriptor == -1) {
        descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    }
    double start = now(CLOCK_MONOTONIC);
    if (connect(descriptor, (const struct sockaddr *)&discard, sizeof discard) == -1) {
        fail("connect");
    }
    return now(CLOCK_MONOTONIC) - start;
}

static double time_sendto(void)
{
    static int descriptor = -1;
    if (descriptor == -1) {
        descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    }
    double start = now(CLOCK_MONOTONIC);
    // ECONNREFUSED is what the datagram before this one met.
    if (sendto(descriptor, "x", 1, 0, (const struct sockaddr *)&discard, sizeof discard) == -1
        && errno != ECONNREFUSED) {
        fail("sendto");
    }
    return now(CLOCK_MONOTONIC) - start;
}

static double time_sendmsg(void)
{
    static int pair[2] = {-1, -1};
    if (pair[0] == -1 && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == -1) {
        fail("socketpair");
    }
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    double start = now(CLOCK_MONOTONIC);
    if (sendmsg(pair[0], &message, 0) == -1) {
        fail("sendmsg");
    }
    double end = now(CLOCK_MONOTONIC);
    if (read(pair[1], &byte, 1) != 1) {
        fail("read");
    }
    return end - start;
}

/// Answers each message on a socket, until this process's parent is gone.
static void answer(int socket)
{
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(socket, &byte, 1) == 1 && sendmsg(socket, &message, 0) == 1) {
    }
    _exit(0);
}

static double time_pingpong(void)
{
    static int pair[2] = {-1, -1};
    if (pair[0] == -1) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
            fail("socketpair");
        }
        pid_t child = fork();
        if (child == -1) {
            fail("fork");
        }
        if (child == 0) {
            close(pair[0]);
            answer(pair[1]);
        }
        close(pair[1]);
    }
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    double start = now(CLOCK_MONOTONIC);
    if (sendmsg(pair[0], &message, 0) == -1 || read(pair[0], &byte, 1) != 1) {
        fail("sendmsg");
    }
    return now(CLOCK_MONOTONIC) - start;
}

/// Makes processes that end with this one.
static void make_others(long number, double (*call)(void))
{
    pid_t parent = getpid();
    for (; number > 0; number--) {
        pid_t child = fork();
        if (child == -1) {
            fail("fork");
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (getppid() == parent) {
                if (call == NULL) {
                    pause();
                } else {
                    call();
                }
            }
            _exit(0);
        }
    }
}

int main(int count, char **arguments)
{
    const struct {
        const char *name;
        double (*time)(void);
    } calls[] = {
        {"bind", time_bind}, {"connect", time_connect}, {"sendto", time_sendto},
        {"sendmsg", time_sendmsg}, {"pingpong", time_pingpong},
    };
    double (*call)(void) = NULL;
    for (size_t index = 0; count > 2 && index < sizeof calls / sizeof *calls; index++) {
        if (strcmp(arguments[1], calls[index].name) == 0) {
            call = calls[index].time;
        }
    }
    long rounds = count > 2 ? atol(arguments[2]) : 0;
    double *times = calloc(rounds > 0 ? (size_t)rounds : 1, sizeof *times);
    if (call == NULL || rounds < 1 || count > 5 || times == NULL) {
        fputs("usage: calls bind|connect|sendto|sendmsg|pingpong COUNT [BUSY [IDLE]]\n", stderr);
        return 2;
    }
    make_others(count > 4 ? atol(arguments[4]) : 0, NULL);
    make_others(count > 3 ? atol(arguments[3]) : 0, call);
    // What the first call brings along is not the call's cost.
    call();
    for (long round = 0; round < rounds; round++) {
        times[round] = call();
    }
    qsort(times, (size_t)rounds, sizeof *times, compare);
    printf("%.2f\n", times[rounds / 2]);
    return 0;
}
