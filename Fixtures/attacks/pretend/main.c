// Has a filter of the program's own answer, or stop, calls that the supervisor has a thread make.
//
// Usage: pretend directory|trace FOLDER
//        pretend hidden PROGRAM
//
//   directory  fchdir(2) is answered 0: who was to go to a directory where numbers are names has not, and
//              in the working directory every number leads to another socket
//   trace      openat(2) stops as if the call itself did, before it
//   hidden     prctl(PR_SET_DUMPABLE, 0) is answered 0; then the program is executed, which its user may
//              not read
//
// The first two listen at FOLDER/good and FOLDER/bad, connect to the one (`trace`: to the other), and print
// whether FOLDER/bad was reached.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define OFFSET(field) (offsetof(struct seccomp_data, field))

static void install(unsigned number, unsigned answer) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        // The one call of prctl(2), by its arguments.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int open_socket(const char *name, struct sockaddr_un *address, int listens) {
    int one = socket(AF_UNIX, SOCK_STREAM | (listens ? SOCK_NONBLOCK : 0), 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path, name);
    if (listens && (bind(one, (struct sockaddr *)address, sizeof *address) || listen(one, 5))) {
        perror(name);
        _exit(2);
    }
    return one;
}

int main(int count, char **words) {
    if (count < 3) {
        fputs("usage: pretend directory|trace FOLDER, pretend hidden PROGRAM...\n", stderr);
        return 2;
    }
    if (strcmp(words[1], "hidden") == 0) {
        install(-1u, 0);
        execv(words[2], words + 2);
        perror(words[2]);
        return 2;
    }
    int traces = strcmp(words[1], "trace") == 0;
    struct sockaddr_un good, bad;
    chdir(words[2]);
    open_socket("good", &good, 1);
    int listener = open_socket("bad", &bad, 1);
    mkdirat(AT_FDCWD, "here", 0700);
    chdir("here");
    for (int i = 0; i < 64; i++) {
        char number[8];
        snprintf(number, sizeof number, "%d", i);
        symlink("../bad", number);
    }
    // Absolute: not everybody is in this directory any more.
    snprintf(good.sun_path, sizeof good.sun_path, "%s/good", words[2]);
    snprintf(bad.sun_path, sizeof bad.sun_path, "%s/bad", words[2]);
    if (traces) {
        install(SYS_openat, SECCOMP_RET_TRACE);
    } else {
        install(SYS_fchdir, SECCOMP_RET_ERRNO);
    }
    struct sockaddr_un none;
    int one = open_socket("", &none, 0);
    int failed = connect(one, (struct sockaddr *)(traces ? &bad : &good), sizeof good) == -1;
    const char *result = failed ? strerrorname_np(errno) : "succeeded";
    printf("connect %s, reached %d\n", result, accept(listener, NULL, NULL) >= 0);
    return 0;
}
