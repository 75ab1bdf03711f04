// A thread that hardly gets on, so that others can do something between any two instructions of it.
#pragma once

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void stay_on(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/// Keeps a core busy until it is ended; its number.
static inline pid_t occupy(int core) {
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stay_on(core);
        for (;;) {
        }
    }
    return child;
}

/// Gives the calling thread what is left of an occupied core.
static inline void slow_down(int core) {
    struct sched_param none = {0};
    stay_on(core);
    sched_setscheduler(0, SCHED_IDLE, &none);
}

static inline void give_free(pid_t occupier) {
    kill(occupier, SIGKILL);
    waitpid(occupier, NULL, 0);
}
