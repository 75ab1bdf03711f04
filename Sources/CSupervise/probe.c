#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSupervise.h"

/// A child that waits until `*keep` is closed, or it is killed.
static pid_t start_waiting(int *keep)
{
    int wait[2];
    if (pipe2(wait, O_CLOEXEC) == -1) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(wait[1]);
        _exit(read(wait[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(wait[0]);
    if (child == -1) {
        close(wait[1]);
    }
    *keep = wait[1];
    return child;
}

static void probe_child(struct csupervise_features *features)
{
    int keep;
    pid_t child = start_waiting(&keep);
    if (child == -1) {
        features->tracing_error = errno;
        return;
    }
    int pidfd, copy;
    if (csupervise_pidfd_open(child, &pidfd) == 0) {
        // Standard error of the child is as open or closed as ours: EBADF is an answer too.
        int error = csupervise_pidfd_getfd(pidfd, 2, &copy);
        features->pidfd_getfd = error == 0 || error == EBADF;
        if (error == 0) {
            close(copy);
        }
        close(pidfd);
    }
    if (csupervise_pidfd_open_thread(child, &pidfd) == 0) {
        features->pidfd_thread = 1;
        close(pidfd);
    }
    features->tracing_error = csupervise_ptrace_seize(
        child, CSUPERVISE_O_SECCOMP | CSUPERVISE_O_EXEC | CSUPERVISE_O_EXITKILL);
    if (features->tracing_error == 0) {
        int status;
        struct csupervise_syscall_info info;
        csupervise_ptrace_interrupt(child);
        if (waitpid(child, &status, __WALL) == child && WIFSTOPPED(status)) {
            features->syscall_info = csupervise_ptrace_syscall_info(child, &info) != EIO;
        }
    }
    kill(child, SIGKILL);
    close(keep);
    while (waitpid(child, NULL, __WALL) == -1 && errno == EINTR) {
    }
}

/// Whether 64-bit code can make 32-bit calls; where it cannot, trying kills.
static int has_i386(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        long number = 20; // getpid
        __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
        _exit(number == getpid() ? 0 : 1);
    }
    int status = -1;
    while (child != -1 && waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    return child != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// A number in a file of /proc/sys; -1 where there is no such file.
static int setting(const char *path)
{
    char text[16] = {0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor == -1) {
        return -1;
    }
    ssize_t length = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    return length > 0 ? atoi(text) : -1;
}

int csupervise_tells_mappings(void)
{
    int maps, access;
    uint64_t end;
    if (csupervise_open_maps(getpid(), &maps) != 0) {
        return 0;
    }
    int error = csupervise_query_mapping(maps, (uintptr_t)&csupervise_probe, &access, &end);
    close(maps);
    return error == 0;
}

void csupervise_probe(struct csupervise_features *features)
{
    *features = (struct csupervise_features){0};
    probe_child(features);
    features->seccomp_trace = csupervise_seccomp_has_action(SECCOMP_RET_TRACE);
    features->mseal = csupervise_has_mseal();
    features->mapping_query = csupervise_tells_mappings();
    // No entries: EINVAL where there is the call, EPERM where it is forbidden.
    features->io_uring = syscall(SYS_io_uring_setup, 0, NULL) == -1 && errno != ENOSYS;
    features->i386 = has_i386();
    features->intercepted = csupervise_is_intercepted();
    features->may_trace_all = csupervise_may_trace_all();
    features->landlock_abi = csupervise_landlock_abi();
    features->yama_scope = setting("/proc/sys/kernel/yama/ptrace_scope");
    features->unprivileged_userfaultfd = setting("/proc/sys/vm/unprivileged_userfaultfd");
    features->io_uring_disabled = setting("/proc/sys/kernel/io_uring_disabled");
}
