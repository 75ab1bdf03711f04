// Filters from before the launch that hand calls to a listener: a container's manager.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSupervise.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/// The calls that lead to the network, to other processes, or to what hides from a tracer.
static const uint16_t judged[] = {SYS_socket, SYS_socketpair, SYS_bind, SYS_connect, SYS_listen,
    SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_ptrace,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_seccomp, SYS_prctl};

enum { CALLS = sizeof judged / sizeof judged[0], PATIENCE = 2 };

static long install(unsigned flags, struct sock_filter *instructions, size_t count)
{
    struct sock_fprog program = {(unsigned short)count, instructions};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/// Whether a filter of this thread has a listener: there is one in a thread's filters at most.
static int has_listener(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return install(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow, 1) == -1 && errno == EBUSY;
}

/// Whether a judged call is made, or answered, though a filter asks the tracer.
///
/// There is no tracer, for which the kernel says ENOSYS. A filter from before that refuses outranks
/// that, and may.
static int takes_calls(void)
{
    struct sock_filter trace[4 + CALLS + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    for (size_t i = 0; i < CALLS; i++) {
        trace[4 + i] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, judged[i], (uint8_t)(CALLS - i), 0);
    }
    trace[4 + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    trace[5 + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    if (install(0, trace, sizeof trace / sizeof trace[0]) == -1) {
        return 1;
    }
    for (size_t i = 0; i < CALLS; i++) {
        // No descriptor, family, process or option has that number: nothing comes of it.
        long result = syscall(judged[i], -1L, -1L, -1L, 0L, 0L, 0L);
        if (result != -1 || (errno != ENOSYS && errno != EPERM && errno != EACCES)) {
            return 1;
        }
    }
    return 0;
}

int csupervise_is_intercepted(void)
{
    // 0 without filters; an error where a filter says so.
    if (prctl(PR_GET_SECCOMP) == 0) {
        return 0;
    }
    // Without a signal at its end, which the command could hear of.
    pid_t child = (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    if (child == 0) {
        sigset_t mask;
        signal(SIGALRM, SIG_DFL);
        sigemptyset(&mask);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        // Whoever listens may never answer.
        alarm(PATIENCE);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        _exit(has_listener() && takes_calls());
    }
    int status = -1;
    while (child != -1 && waitpid(child, &status, __WALL) == -1 && errno == EINTR) {
    }
    return child == -1 || status != 0;
}
