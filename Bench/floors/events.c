// Times what happens in the life of a tree, and prints the median of each in nanoseconds.
// `events thread|fork|vfork|signal|stop COUNT`.

#include "timing.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *end_at_once(void *nothing)
{
    return nothing;
}

static void caught(int number)
{
    (void)number;
}

/// A thread is made and joined.
static void thread(void)
{
    pthread_t made;
    if (pthread_create(&made, NULL, end_at_once, NULL) != 0) {
        exit(2);
    }
    pthread_join(made, NULL);
}

/// A process is made, ends and is waited for.
static void process(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/// A process is made that executes a program.
static void program(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execve("/bin/true", (char *[]){"true", NULL}, environ);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

/// A signal is sent and caught.
static void signal_self(void)
{
    raise(SIGUSR1);
}

static pid_t stopped;

/// A child is stopped and goes on.
static void stop(void)
{
    kill(stopped, SIGSTOP);
    waitpid(stopped, NULL, WUNTRACED);
    kill(stopped, SIGCONT);
    waitpid(stopped, NULL, WCONTINUED);
}

int main(int count, char **arguments)
{
    const struct {
        const char *name;
        void (*happen)(void);
    } events[] = {
        {"thread", thread}, {"fork", process}, {"vfork", program}, {"signal", signal_self},
        {"stop", stop},
    };
    long rounds = count == 3 ? atol(arguments[2]) : 0;
    void (*happen)(void) = NULL;
    for (size_t index = 0; count == 3 && index < sizeof events / sizeof *events; index++) {
        if (strcmp(arguments[1], events[index].name) == 0) {
            happen = events[index].happen;
        }
    }
    double *times = calloc(rounds > 0 ? (size_t)rounds : 1, sizeof *times);
    if (happen == NULL || rounds < 1 || times == NULL) {
        fputs("usage: events thread|fork|vfork|signal|stop COUNT\n", stderr);
        return 2;
    }
    signal(SIGUSR1, caught);
    if (happen == stop) {
        stopped = fork();
        while (stopped == 0) {
            pause();
        }
    }
    for (long round = 0; round < rounds; round++) {
        double start = now(CLOCK_MONOTONIC);
        happen();
        times[round] = now(CLOCK_MONOTONIC) - start;
    }
    if (stopped > 0) {
        kill(stopped, SIGKILL);
        waitpid(stopped, NULL, 0);
    }
    qsort(times, (size_t)rounds, sizeof *times, compare);
    printf("%.2f\n", times[rounds / 2]);
    return 0;
}
