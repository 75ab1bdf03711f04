/// deep: asks COUNT times for a socket from a stack of 20 frames; prints nanoseconds a call, by the
/// clock. The first calls, in which symbols are read, do not count.
///
///     deep COUNT
#include "timing.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int after;

/// main, two frames of the C library and _start stand above, socket() below.
__attribute__((noinline, noclone)) static void ask(int levels)
{
    if (levels > 1) {
        ask(levels - 1);
    } else {
        int descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (descriptor != -1) {
            close(descriptor);
        }
    }
    after += 1;
}

int main(int count, char **arguments)
{
    int calls = count > 1 ? atoi(arguments[1]) : 1000;
    for (int call = 0; call < 20; call += 1) {
        ask(15);
    }
    double start = now(CLOCK_MONOTONIC);
    for (int call = 0; call < calls; call += 1) {
        ask(15);
    }
    printf("%.1f\n", (now(CLOCK_MONOTONIC) - start) / calls);
    return 0;
}
