// Makes one call over and over and prints the processor time that each took, in nanoseconds.
// `loop getppid|socket|connect|first COUNT`. Processor time, because none of these is to be stopped, and
// other load on the machine shall not count. What is stopped is timed by the clock, call by call, and the
// median is printed: `connect`; and `first`, by how much the program's first such call took longer.

#include "timing.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/// The time of each call, the first one in its place, the others in order of their length.
static double *time_connects(long rounds)
{
    // A path that nobody has: allowed by the policy, ENOENT by the kernel.
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/nowhere/at/all"};
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    double *times = calloc((size_t)rounds, sizeof *times);
    if (times == NULL || rounds < 2) {
        exit(2);
    }
    for (long round = 0; round < rounds; round++) {
        double start = now(CLOCK_MONOTONIC);
        connect(descriptor, (struct sockaddr *)&name, sizeof name);
        times[round] = now(CLOCK_MONOTONIC) - start;
    }
    qsort(times + 1, (size_t)(rounds - 1), sizeof *times, compare);
    return times;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: loop getppid|socket|connect|first COUNT\n", stderr);
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
        double *times = time_connects(rounds);
        double median = times[1 + (rounds - 1) / 2];
        printf("%.2f\n", strcmp(arguments[1], "first") == 0 ? times[0] - median : median);
        return 0;
    }
    printf("%.2f\n", (now(clock) - start) / (double)rounds);
    return 0;
}
