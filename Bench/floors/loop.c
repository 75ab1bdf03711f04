// Makes one call over and over and prints the processor time that each took, in nanoseconds.
// `loop getppid|socket|connect COUNT`. Processor time, because none of these is to be stopped, and
// other load on the machine shall not count; `connect`, which is stopped, is timed by the clock.

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: loop getppid|socket|connect COUNT\n", stderr);
        return 2;
    }
    long rounds = atol(arguments[2]);
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    double start;
    if (strcmp(arguments[1], "getppid") == 0) {
        start = now(clock);
        for (long round = 0; round < rounds; round++) {
            syscall(SYS_getppid);
        }
    } else if (strcmp(arguments[1], "socket") == 0) {
        start = now(clock);
        for (long round = 0; round < rounds; round++) {
            if (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) != -1) {
                fputs("loop: the socket was not refused\n", stderr);
                return 1;
            }
        }
    } else {
        // A path that nobody has: allowed by the policy, ENOENT by the kernel.
        struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/nowhere/at/all"};
        int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        clock = CLOCK_MONOTONIC;
        start = now(clock);
        for (long round = 0; round < rounds; round++) {
            connect(descriptor, (struct sockaddr *)&name, sizeof name);
        }
    }
    printf("%.2f\n", (now(clock) - start) / (double)rounds);
    return 0;
}
