// Runs a program whose connect(2), bind(2), sendto(2) and sendmsg(2) stop for a tracer that lets them go on
// without a look, and follows its children: the floor of every supervisor that is made of RET_TRACE and ptrace.
// `traced PROGRAM [ARGUMENT...]`.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 2) {
        fputs("usage: traced PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
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
        return 1;
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
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    if (child == -1 || ptrace(PTRACE_SEIZE, child, 0, options) == -1
        || write(ready[1], "", 1) != 1) {
        perror("traced");
        return 1;
    }
    int status, result = 1;
    pid_t stopped;
    while ((stopped = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status)) {
            int event = status >> 16;
            ptrace(PTRACE_CONT, stopped, 0, event != 0 ? 0 : WSTOPSIG(status));
        } else if (stopped == child && WIFEXITED(status)) {
            result = WEXITSTATUS(status);
        }
    }
    return result;
}
