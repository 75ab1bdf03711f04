#include "flip.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int memory = -1;

static void put(struct arena *arena, uint64_t value) {
    if (memory != -1) {
        if (pwrite(memory, &value, (size_t)arena->width, (off_t)(intptr_t)arena->place) < 0) {
            _exit(4);
        }
    } else if (arena->width == 1) {
        *(volatile uint8_t *)arena->place = (uint8_t)value;
    } else if (arena->width == 4) {
        *(volatile uint32_t *)arena->place = (uint32_t)value;
    } else {
        *(volatile uint64_t *)arena->place = value;
    }
}

static void *flip(void *opaque) {
    struct arena *arena = opaque;
    // Times of many lengths, so that some fall between any check and its use.
    for (unsigned round = 0; !atomic_load_explicit(&arena->finished, memory_order_relaxed); round++) {
        put(arena, arena->values[0]);
        for (volatile unsigned i = 0; i < (round & 63); i++) {
        }
        put(arena, arena->values[1]);
        for (volatile unsigned i = 0; i < (round >> 6 & 31); i++) {
        }
    }
    return NULL;
}

static int flip_alone(void *opaque) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    flip(opaque);
    _exit(0);
}

void start_flipping(struct arena *arena, const char *means) {
    if (strcmp(means, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, flip, arena);
    } else if (strcmp(means, "vm") == 0) {
        // A process that shares all memory: no thread of this one.
        size_t size = 1 << 16;
        char *stack = malloc(size);
        clone(flip_alone, stack + size, CLONE_VM | SIGCHLD, arena);
    } else {
        // "shared": by memory mapped into both; "mem": by /proc/PID/mem of the caller.
        pid_t parent = getpid();
        if (fork() == 0) {
            if (strcmp(means, "mem") == 0) {
                char path[32];
                snprintf(path, sizeof path, "/proc/%d/mem", parent);
                memory = open(path, O_RDWR);
                if (memory == -1) {
                    perror(path);
                    _exit(4);
                }
            }
            flip_alone(arena);
        }
    }
}
