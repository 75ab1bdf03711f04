// The process that takes stacks: how it comes to be and how it is talked to.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CUnwind.h"

/// Closes every descriptor but one; those below 3 become nothing, as they are for the tracer.
static void close_all_but(int kept)
{
    if (kept > 0) {
        syscall(SYS_close_range, 0, kept - 1, 0);
    }
    syscall(SYS_close_range, kept + 1, ~0U, 0);
}

int cunwind_start_helper(int *pidfd, int *channel)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
        return errno;
    }
    // As a sister of the caller: what the caller waits for are tracees only. The first process of
    // a pid namespace can have none, and ends all others with its own end.
    long child = -1;
    for (int attempt = 0; child == -1 && attempt < 2; attempt += 1) {
        unsigned long flags = CLONE_PIDFD | SIGCHLD | (attempt == 0 ? CLONE_PARENT : 0);
        child = syscall(SYS_clone, flags, NULL, pidfd, NULL, 0);
    }
    if (child == -1) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (child == 0) {
        close_all_but(ends[1]);
        prctl(PR_SET_NAME, "supervise-stack");
        *pidfd = -1;
        *channel = ends[1];
        return 0;
    }
    close(ends[1]);
    *channel = ends[0];
    return 0;
}

void cunwind_end_helper(int pidfd, int channel)
{
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    close(pidfd);
    close(channel);
}

int cunwind_send(int channel, const void *bytes, size_t count, int memory, int maps)
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(header), (int[2]){memory, maps}, 2 * sizeof(int));
    ssize_t sent = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)count ? 0 : sent == -1 ? errno : EMSGSIZE;
}

int cunwind_receive(int channel, void *bytes, size_t capacity, int milliseconds, size_t *count)
{
    uint64_t end = cunwind_ticks() + (uint64_t)milliseconds * 1000000;
    for (;;) {
        uint64_t now = cunwind_ticks();
        int left = now >= end ? 0 : (int)((end - now + 999999) / 1000000);
        struct pollfd waiting = {.fd = channel, .events = POLLIN};
        int ready = poll(&waiting, 1, left);
        if (ready == 0) {
            return ETIMEDOUT;
        }
        if (ready == -1) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        ssize_t got = recv(channel, bytes, capacity, MSG_DONTWAIT);
        if (got > 0) {
            *count = (size_t)got;
            return 0;
        }
        if (got == 0) {
            return ECONNRESET;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return errno;
        }
    }
}

int cunwind_accept(
    int channel, void *bytes, size_t capacity, size_t *count, int *memory, int *maps)
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec part = {bytes, capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t got;
    do {
        got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    } while (got == -1 && errno == EINTR);
    if (got <= 0) {
        return got == 0 ? ECONNRESET : errno;
    }
    *count = (size_t)got;
    *memory = *maps = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
        int received[2];
        memcpy(received, CMSG_DATA(header), sizeof received);
        *memory = received[0];
        *maps = received[1];
    }
    return 0;
}

int cunwind_answer(int channel, const void *bytes, size_t count)
{
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return sendmsg(channel, &message, MSG_NOSIGNAL) == -1 ? errno : 0;
}
