// Runs a program whose connect(2), bind(2), sendto(2) and sendmsg(2) ask a supervisor by
// SECCOMP_RET_USER_NOTIF, which lets them go on without a look: the floor of every supervisor that is
// made of notifications. `notified plain|sync PROGRAM [ARGUMENT...]`; with `sync` the kernel hands the
// processor from one to the other, where it can.

#include <linux/filter.h>
#include <linux/seccomp.h>
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

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
// Linux 6.6.
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define SYNC_WAKE_UP 1UL

/// Sends a descriptor to the other end of a socket.
static int send_descriptor(int through, int descriptor)
{
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    return sendmsg(through, &message, 0) == 1 ? 0 : -1;
}

/// Receives a descriptor; -1 where none came.
static int receive_descriptor(int through)
{
    char byte;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    if (recvmsg(through, &message, 0) != 1 || message.msg_controllen == 0) {
        return -1;
    }
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
    return descriptor;
}

static void interrupted(int number)
{
    (void)number;
}

int main(int count, char **arguments)
{
    if (count < 3) {
        fputs("usage: notified plain|sync PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    struct sock_filter ask[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 2, 0),
        // The filter's own descriptor is sent by one that has no destination.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmmsg, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {sizeof ask / sizeof *ask, ask};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1) {
        perror("notified");
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        long listener = syscall(
            SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
        if (listener == -1 || send_descriptor(pair[1], (int)listener) == -1) {
            _exit(126);
        }
        close((int)listener);
        close(pair[0]);
        close(pair[1]);
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
    close(pair[1]);
    int listener = receive_descriptor(pair[0]);
    if (listener == -1) {
        fputs("notified: no listener\n", stderr);
        return 1;
    }
    if (strcmp(arguments[1], "sync") == 0
        && ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) == -1) {
        perror("notified: sync");
        kill(child, SIGKILL);
        return 1;
    }
    // ENOENT: a caller was killed before it was received. Before Linux 6.11 nothing is said when the last
    // one has ended, so the child's end interrupts.
    struct sigaction interrupt = {.sa_handler = interrupted};
    sigaction(SIGCHLD, &interrupt, NULL);
    for (;;) {
        struct seccomp_notif request = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == -1) {
            siginfo_t end = {0};
            if (waitid(P_PID, (id_t)child, &end, WEXITED | WNOHANG | WNOWAIT) == 0
                && end.si_pid == 0) {
                continue;
            }
            break;
        }
        struct seccomp_notif_resp response = {
            .id = request.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
