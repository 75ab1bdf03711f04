/// reach-outside: reaches into a process by every way that needs its memory, descriptors or tracing.
///
///     reach-outside target COMMAND [ARGUMENT...]    runs the command beside a process to reach for
///     reach-outside reach                           reaches for that process, and prints what happened
///     reach-outside tracer                          opens the memory of the process that traces this one
///
/// Whoever reaches an outside process of the same user can have it make the calls that it may not
/// make itself. The file /proc/PID/mem is opened by no call that a filter could judge.
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/// What is to be read and written in the target.
static volatile uint64_t secret = 42;

/// Starts a process that waits, runs the command, and ends both.
static int be_target(char **command) {
    pid_t target = fork();
    if (target == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // Where Yama would let only ancestors in.
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        for (;;) {
            pause();
        }
    }
    char text[64];
    snprintf(text, sizeof text, "%d %p", target, (void *)&secret);
    setenv("TARGET", text, 1);
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    kill(target, SIGKILL);
    waitpid(target, NULL, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void say(const char *what, long result) {
    printf("%s: %s\n", what, result == -1 ? strerrorname_np(errno) : "done");
}

static int reach(void) {
    pid_t target;
    void *address;
    const char *text = getenv("TARGET");
    if (!text || sscanf(text, "%d %p", &target, &address) != 2) {
        return 2;
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/mem", target);
    uint64_t word = 43;
    int memory = open(path, O_RDWR);
    say("/proc/PID/mem", memory == -1 ? -1 : pwrite(memory, &word, sizeof word, (off_t)address));
    struct iovec here = {&word, sizeof word}, there = {address, sizeof word};
    say("process_vm_readv", process_vm_readv(target, &here, 1, &there, 1, 0));
    say("process_vm_writev", process_vm_writev(target, &here, 1, &there, 1, 0));
    int pidfd = (int)syscall(SYS_pidfd_open, target, 0);
    say("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, 1, 0));
    say("kcmp", syscall(SYS_kcmp, getpid(), target, KCMP_VM, 0, 0));
    // It is let go when this process ends.
    say("PTRACE_SEIZE", ptrace(PTRACE_SEIZE, target, 0, 0));
    return 0;
}

/// Looks up the tracer of this process.
static int open_tracer(void) {
    char line[256], path[32];
    int tracer = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "TracerPid: %d", &tracer);
    }
    if (tracer == 0) {
        printf("no tracer\n");
        return 0;
    }
    snprintf(path, sizeof path, "/proc/%d/mem", tracer);
    say("/proc/TRACER/mem", open(path, O_RDWR));
    return 0;
}

int main(int count, char **arguments) {
    if (count > 2 && !strcmp(arguments[1], "target")) {
        return be_target(arguments + 2);
    }
    if (count == 2 && !strcmp(arguments[1], "reach")) {
        return reach();
    }
    if (count == 2 && !strcmp(arguments[1], "tracer")) {
        return open_tracer();
    }
    fputs("usage: reach-outside target COMMAND... | reach | tracer\n", stderr);
    return 2;
}
