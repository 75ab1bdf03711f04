// Runs a program under a seccomp filter that does the least a filter can: the floor of the figures
// that are compared with it. `filtered allow PROGRAM...` allows every call by its number;
// `filtered errno PROGRAM...` answers socket(2) with EPERM in the kernel and allows the rest.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 3) {
        fputs("usage: filtered allow|errno PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    // A filter that loads nothing is not the floor: the kernel needs the architecture and the
    // number to find, once at installation, which calls it never has to run the filter for.
    struct sock_filter allow[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof allow / sizeof *allow, allow};
    if (strcmp(arguments[1], "errno") == 0) {
        program = (struct sock_fprog){sizeof refuse / sizeof *refuse, refuse};
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
        || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
        perror("filtered");
        return 1;
    }
    execvp(arguments[2], arguments + 2);
    perror(arguments[2]);
    return 127;
}
