// wave-through: has a filter from before the supervisor hand calls to somebody who lets all of them go, as
// managers of containers do with some; or who never answers.
//
// Usage: wave-through CALL COMMAND [ARGUMENT...]   runs the command so, for `connect`, `mknod`, or `silent`,
//                                                  which is `connect` without an answer
//        wave-through reach                        connects a UDP socket to 127.0.0.1
//
// `reach` prints `connect: done` or its error. The rest ends with the command's status, or 3 and a
// message where no listener can be had. The listener ends with the last process of the command's.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int reach(void) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int result = connect(socket(AF_INET, SOCK_DGRAM, 0), (void *)&peer, sizeof peer);
    printf("connect: %s\n", result == 0 ? "done" : strerrorname_np(errno));
    return 0;
}

/// Installs the filter and executes the command; the listener goes over `channel`.
static int run(long number, int channel, char **command) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, instructions};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = (int)syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    union {
        char bytes[CMSG_SPACE(sizeof listener)];
        struct cmsghdr header;
    } control = {{0}};
    struct iovec vector = {"x", 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
        .cmsg_len = CMSG_LEN(sizeof listener)};
    memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
    if (listener == -1 || sendmsg(channel, &message, 0) == -1) {
        perror("wave-through: listener");
        return 3;
    }
    close(listener), close(channel);
    execvp(command[0], command);
    return 127;
}

/// Lets go whatever is asked about, until nobody has the filter any more.
static void answer(int channel, int is_silent) {
    int listener = -1;
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof listener)];
        struct cmsghdr header;
    } control;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1) {
        return;
    }
    memcpy(&listener, CMSG_DATA(&control.header), sizeof listener);
    for (;;) {
        struct pollfd item = {.fd = listener, .events = is_silent ? 0 : POLLIN};
        poll(&item, 1, -1);
        if (!(item.revents & POLLIN)) {
            return;
        }
        struct seccomp_notif asked = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0) {
            struct seccomp_notif_resp answer = {
                .id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
            ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
        }
    }
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "reach") == 0) {
        return reach();
    }
    int ends[2];
    if (count < 3 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1) {
        fputs("usage: wave-through connect | mknod | silent COMMAND... | reach\n", stderr);
        return 2;
    }
    pid_t command = fork();
    if (command == 0) {
        close(ends[0]);
        return run(strcmp(words[1], "mknod") == 0 ? SYS_mknod : SYS_connect, ends[1], words + 2);
    }
    close(ends[1]);
    answer(ends[0], strcmp(words[1], "silent") == 0);
    int status = 0;
    waitpid(command, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
