// A program whose calls that carry addresses stop for a tracer that follows its children: what the floors
// made of RET_TRACE and ptrace have in common.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Starts a program whose connect(2), bind(2), sendto(2) and sendmsg(2) stop, and attaches to it; -1 where
/// that fails. Additional options are those of PTRACE_SEIZE.
static pid_t start_seized(char **command, long additional)
{
    struct sock_filter trace[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
    };
    struct sock_fprog program = {sizeof trace / sizeof *trace, trace};
    int ready[2];
    if (pipe(ready) == -1) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        char go;
        close(ready[1]);
        if (read(ready[0], &go, 1) != 1) {
            _exit(1);
        }
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
        execvp(command[0], command);
        _exit(127);
    }
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | additional;
    if (child == -1 || ptrace(PTRACE_SEIZE, child, 0, options) == -1
        || write(ready[1], "", 1) != 1) {
        return -1;
    }
    return child;
}
