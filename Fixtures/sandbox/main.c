// Installs a strict filter of its own and makes calls that it allows, for filters beside supervise's.
//
// Usage: sandbox HOW STEP...
//
// HOW installs the filter: `seccomp` or `prctl`. It allows a few calls, sendmsg() and connect() among
// them, and kills the process at any other: a socket(), mmap() or recvmsg() that the program has not
// made itself would show. `lenient` kills at ptrace() alone, `no-socket` at socket() alone.
//
// STEP: `connect PATH`, `abstract NAME`, `send PATH`, `fork` (the rest in a child), `hide` (not
// dumpable from here on), `exec` (the rest in this program, executed anew); each prints its result.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int install(const char *how) {
    struct sock_filter strict[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(connect), ALLOW(sendmsg), ALLOW(write), ALLOW(exit_group), ALLOW(prctl),
        ALLOW(clone), ALLOW(wait4), ALLOW(set_robust_list), ALLOW(rt_sigprocmask), ALLOW(rseq),
        ALLOW(gettid), ALLOW(exit),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    int is_lenient = strcmp(how, "lenient") == 0 || strcmp(how, "no-socket") == 0;
    struct sock_filter lenient[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, how[0] == 'n' ? SYS_socket : SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        is_lenient ? sizeof lenient / sizeof *lenient : sizeof strict / sizeof *strict,
        is_lenient ? lenient : strict,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
        return -1;
    }
    return strcmp(how, "prctl") == 0
        ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
        : (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/// Without the C library's buffers, which take memory when they please.
static void say(const char *step, const char *word, long result) {
    char line[128];
    int length = snprintf(line, sizeof line, "%s %s %s\n", step, word,
        result == -1 ? strerrorname_np(errno) : "0");
    if (write(1, line, (size_t)length) < 0) {
        _exit(3);
    }
}

static socklen_t set_name(struct sockaddr_un *address, const char *text, int is_abstract) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path + is_abstract, text);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + 1);
}

static void make_step(const char *step, const char *word, int datagram, int other) {
    struct sockaddr_un address;
    socklen_t length = set_name(&address, word, strcmp(step, "abstract") == 0);
    if (strcmp(step, "send") == 0) {
        struct iovec vector = {"x", 1};
        struct msghdr message = {
            .msg_name = &address, .msg_namelen = length, .msg_iov = &vector, .msg_iovlen = 1,
        };
        say(step, word, sendmsg(datagram, &message, 0) == 1 ? 0 : -1);
    } else {
        say(step, word, connect(other, (struct sockaddr *)&address, length));
    }
}

int main(int count, char **words) {
    if (count < 2) {
        fputs("usage: sandbox HOW STEP...\n", stderr);
        return 2;
    }
    // Executed anew, it has them from before.
    int datagram = 100, other = 101;
    if (strcmp(words[1], "none") != 0) {
        dup2(socket(AF_UNIX, SOCK_DGRAM, 0), datagram);
        dup2(socket(AF_UNIX, SOCK_DGRAM, 0), other);
        if (install(words[1]) == -1) {
            perror("filter");
            return 2;
        }
    }
    for (int i = 2; i < count; i++) {
        if (strcmp(words[i], "fork") == 0) {
            if (fork() != 0) {
                int status = 0;
                wait4(-1, &status, 0, NULL);
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
            }
        } else if (strcmp(words[i], "hide") == 0) {
            say("hide", "", prctl(PR_SET_DUMPABLE, 0));
        } else if (strcmp(words[i], "exec") == 0) {
            words[i - 1] = words[0];
            words[i] = "none";
            execv("/proc/self/exe", words + i - 1);
            perror("exec");
            _exit(2);
        } else if (i + 1 < count) {
            make_step(words[i], words[i + 1], datagram, other);
            i++;
        }
    }
    _exit(0);
}
