/// layer: calls functions of the C layer that change the whole process, and prints what they did.
///
///     layer execute FILE           csupervise_execute, by the environment's PATH
///     layer close DESCRIPTOR...    csupervise_close_all_but; prints what is still open
///     layer fork-detached MODE     csupervise_fork_detached with SIGCHLD in that mode:
///                                  default, ignored, blocked, pending, handled; or subreaper,
///                                  as a process that orphans become children of
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSupervise.h"

static int run_execute(char *file) {
    char *arguments[] = {file, "ran", NULL};
    puts(strerrorname_np(csupervise_execute(file, arguments, csupervise_environment())));
    return 0;
}

/// Opens descriptors 3 to 12, 100 and 500 beside the standard streams; a child closes them and
/// tells by shared memory which are open then, since it may have nothing left to write to.
static int run_close(int count, char **list) {
    enum { LIMIT = 1024 };
    char *open_there = mmap(
        NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int keep[32];
    for (int i = 0; i < count && i < 32; i++) {
        keep[i] = atoi(list[i]);
    }
    pid_t child = fork();
    if (child == 0) {
        for (int number = 3; number < LIMIT; number++) {
            close(number);
        }
        for (int number = 3; number <= 12; number++) {
            dup2(0, number);
        }
        dup2(0, 100);
        dup2(0, 500);
        int error = csupervise_close_all_but(keep, (size_t)count);
        for (int number = 0; number < LIMIT; number++) {
            open_there[number] = fcntl(number, F_GETFD) != -1;
        }
        _exit(error);
    }
    int status;
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) != 0) {
        printf("%s ", strerrorname_np(WEXITSTATUS(status)));
    }
    for (int number = 0; number < LIMIT; number++) {
        if (open_there[number]) {
            printf("%d ", number);
        }
    }
    puts("");
    return 0;
}

static volatile sig_atomic_t delivered;

static void count_signal(int number) {
    (void)number;
    delivered++;
}

static int is_blocked(void) {
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, SIGCHLD);
}

static int open_descriptors(void) {
    int result = 0;
    for (int number = 0; number < 64; number++) {
        result += fcntl(number, F_GETFD) != -1;
    }
    return result;
}

static int run_fork_detached(const char *mode) {
    int blocked = !strcmp(mode, "blocked") || !strcmp(mode, "pending");
    if (blocked) {
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        sigprocmask(SIG_BLOCK, &mask, NULL);
    }
    if (!strcmp(mode, "pending")) {
        raise(SIGCHLD);
    }
    if (!strcmp(mode, "ignored")) {
        signal(SIGCHLD, SIG_IGN);
    }
    if (!strcmp(mode, "handled")) {
        signal(SIGCHLD, count_signal);
    }
    if (!strcmp(mode, "subreaper")) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    pid_t caller = getpid(), session = getsid(0);
    struct {
        pid_t number, session, group, parent;
        int is_blocked, descriptors;
    } there = {0};
    int report[2], go[2];
    if (pipe(report) == -1 || pipe(go) == -1) {
        return 1;
    }
    int descriptors = open_descriptors();

    pid_t number = -1;
    int error = csupervise_fork_detached(&number);
    if (error == 0 && number == 0) {
        // The child in between has ended by then.
        char byte;
        if (read(go[0], &byte, 1) != 1) {
            _exit(1);
        }
        there.number = getpid();
        there.session = getsid(0);
        there.group = getpgrp();
        there.parent = getppid();
        there.is_blocked = is_blocked();
        there.descriptors = open_descriptors();
        ssize_t written = write(report[1], &there, sizeof there);
        _exit(written == sizeof there ? 0 : 1);
    }
    sigset_t pending;
    sigpending(&pending);
    int is_pending = sigismember(&pending, SIGCHLD);
    int kept = open_descriptors() == descriptors;
    int is_subreaper = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0);
    close(report[1]);
    if (write(go[1], "", 1) != 1) {
        return 1;
    }
    ssize_t got = read(report[0], &there, sizeof there);

    printf("error: %d, reported: %d\n", error, got == sizeof there);
    printf("the number is the grandchild's: %d\n", number == there.number && number > 0);
    printf("in the caller's session: %d, leads one: %d, leads a group: %d\n",
        there.session == session, there.session == number, there.group == number);
    printf("a child of the caller: %d\n", there.parent == caller);
    printf("SIGCHLD blocked: %d, there: %d\n", is_blocked(), there.is_blocked);
    printf("SIGCHLD pending: %d, delivered: %d\n", is_pending, (int)delivered);
    printf("descriptors kept: %d, there: %d\n", kept, there.descriptors == descriptors);
    printf("subreaper: %d\n", is_subreaper);
    int waited = waitpid(-1, NULL, __WALL | WNOHANG);
    printf("children left: %s\n", waited == -1 && errno == ECHILD ? "none" : "some");
    return 0;
}

int main(int count, char **arguments) {
    if (count == 3 && !strcmp(arguments[1], "execute")) {
        return run_execute(arguments[2]);
    }
    if (count >= 2 && !strcmp(arguments[1], "close")) {
        return run_close(count - 2, arguments + 2);
    }
    if (count == 3 && !strcmp(arguments[1], "fork-detached")) {
        return run_fork_detached(arguments[2]);
    }
    fputs("usage: layer execute FILE | close DESCRIPTOR... | fork-detached MODE\n", stderr);
    return 2;
}
