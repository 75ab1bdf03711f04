#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "CSupervise.h"

int csupervise_courier_open(int socket, struct csupervise_courier_name *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int domain = 0, type = 0;
    socklen_t length = sizeof domain;
    // Which socket the number stood for is the tracee's to choose.
    if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) == -1
        || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == -1) {
        return errno;
    }
    if (domain != AF_UNIX || type != SOCK_DGRAM) {
        return EPROTOTYPE;
    }
    // Without effect where it is bound already. A name of the kernel's choice.
    (void)bind(socket, (struct sockaddr *)&address, sizeof address.sun_family);
    // A socket that is connected takes messages from nobody else.
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)connect(socket, &nobody, sizeof nobody);
    length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length) == -1) {
        return errno;
    }
    if (length <= sizeof address.sun_family || length > sizeof name->bytes) {
        return EADDRNOTAVAIL;
    }
    memcpy(name->bytes, &address, length);
    name->length = length;
    return 0;
}

int csupervise_courier_receive(
    int socket, void *buffer, size_t size, size_t *length, int *descriptor)
{
    struct iovec vector = {buffer, size};
    // Room for one descriptor; the kernel closes what does not fit.
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {{0}};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    *descriptor = -1;
    ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got == -1) {
        return errno;
    }
    *length = (size_t)got;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    }
    return 0;
}

int csupervise_may_trace_all(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    return syscall(SYS_capget, &header, data) == 0
        && (data[0].effective & (1u << CAP_SYS_PTRACE)) != 0;
}
