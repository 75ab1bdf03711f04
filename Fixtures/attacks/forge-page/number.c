#include "forge.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[1 << 16] __attribute__((aligned(16)));

static void *call(void *unused) {
    (void)unused;
    make_judged_call();
    return NULL;
}

/// Replaces the first thread of its process, and ends.
static int replace(void *unused) {
    (void)unused;
    char *arguments[] = {"true", NULL}, *environment[] = {NULL};
    syscall(SYS_execve, "/bin/true", arguments, environment);
    syscall(SYS_exit, 1);
    return 0;
}

/// A process that has the page, and of whose end its tracer hears nothing: its first thread is released
/// when a thread that has no tracer executes a program.
static pid_t vanish(void) {
    pid_t child = fork();
    if (child == 0) {
        // Not by the first thread, by whose pidfd its end could be noticed.
        pthread_t thread;
        pthread_create(&thread, NULL, call, NULL);
        pthread_join(thread, NULL);
        clone(replace, stack + sizeof stack,
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
                | CLONE_UNTRACED,
            NULL);
        for (;;) {
            pause();
        }
    }
    waitpid(child, NULL, 0);
    return child;
}

static int end(void *unused) {
    (void)unused;
    syscall(SYS_exit, 0);
    return 0;
}

/// Uses a process number up, in the cheapest way: with no tracer, no memory and no signal at its end, for which
/// the caller would stop.
static pid_t use_up_number(void) {
    pid_t child = clone(end, stack + sizeof stack, CLONE_UNTRACED | CLONE_VM | CLONE_VFORK, NULL);
    waitpid(child, NULL, __WALL);
    return child;
}

/// Makes processes until one has the number: 0 in it, else the number, or -1 where none had it.
static pid_t make_by_trying(pid_t number) {
    pid_t last = number;
    for (int i = 0; i < 300000; i++) {
        // Those that are not near the number have no tracer.
        if (number <= last || number - last >= 40) {
            last = use_up_number();
            continue;
        }
        last = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (last == 0) {
            if (syscall(SYS_getpid) == number) {
                return 0;
            }
            syscall(SYS_exit, 0);
        }
        if (last == number) {
            return number;
        }
        waitpid(last, NULL, __WALL);
    }
    return -1;
}

int run_number(void) {
    // Where numbers begin anew, it is above those that the kernel reserves (RESERVED_PIDS, 300).
    while (use_up_number() < 300) {
    }
    pid_t number = vanish();
    struct clone_args asked = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1,
    };
    pid_t child = (pid_t)syscall(SYS_clone3, &asked, sizeof asked);
    if (child == -1) {
        child = make_by_trying(number);
    }
    if (child == -1) {
        printf("no process had the number\n");
        return 1;
    }
    if (child == 0) {
        printf("reached %d\n", forge());
        return 0;
    }
    waitpid(child, NULL, __WALL);
    return 0;
}
