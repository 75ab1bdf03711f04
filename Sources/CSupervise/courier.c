#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "CSupervise.h"
#include "message.h"

/// SO_NETNS_COOKIE, Linux 5.14: a number of a socket's network namespace, of no other ever.
enum { NETWORK_COOKIE = 71 };

static int network_cookie(int socket, uint64_t *cookie)
{
    socklen_t length = sizeof *cookie;
    return getsockopt(socket, SOL_SOCKET, NETWORK_COOKIE, cookie, &length) == -1 ? errno : 0;
}

/// 0, which is nobody's, where it cannot be told.
static uint64_t own_network_cookie(void)
{
    uint64_t cookie = 0;
    int own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (own != -1) {
        (void)network_cookie(own, &cookie);
        close(own);
    }
    return cookie;
}

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
    uint64_t theirs;
    int error = network_cookie(socket, &theirs);
    if (error == 0 && theirs != own_network_cookie()) {
        error = EXDEV;
    }
    if (error != 0) {
        return error;
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
    union descriptor_room control = {{0}};
    struct msghdr message = descriptor_message(&vector, &control);
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
