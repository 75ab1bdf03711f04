// What the programs share that change something between a call's check and its use.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/// Two states that a thread puts something into in turn, and how long it stays: up to so many rounds of an
/// empty loop, more of them each time, and from the beginning again.
struct alternation {
    void (*one)(void), (*other)(void);
    unsigned bits_of_one, bits_of_other;
    atomic_bool finished;
    pthread_t thread;
};

static inline void wait_for(unsigned rounds) {
    for (volatile unsigned i = 0; i < rounds; i++) {
    }
}

static inline void *alternate(void *opaque) {
    struct alternation *it = opaque;
    for (unsigned round = 0; !atomic_load_explicit(&it->finished, memory_order_relaxed); round++) {
        it->one();
        wait_for(round & ((1u << it->bits_of_one) - 1));
        it->other();
        wait_for(round >> it->bits_of_one & ((1u << it->bits_of_other) - 1));
    }
    return NULL;
}

static inline void begin(struct alternation *it) {
    if (pthread_create(&it->thread, NULL, alternate, it) != 0) {
        exit(2);
    }
}

static inline void end(struct alternation *it) {
    atomic_store(&it->finished, 1);
    pthread_join(it->thread, NULL);
}

/// Seconds since some moment.
static inline double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
