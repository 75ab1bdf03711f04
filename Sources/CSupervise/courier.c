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

int csupervise_courier_send(int channel)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (made == -1) {
        return errno;
    }
    // A name of the kernel's choice.
    int error = bind(made, (struct sockaddr *)&address, sizeof address.sun_family) == -1 ? errno : 0;
    char byte = 0;
    struct iovec vector = {&byte, 1};
    union descriptor_room control = {{0}};
    struct msghdr message = descriptor_message(&vector, &control);
    hold_descriptor(&control, made);
    if (error == 0 && sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
        error = errno;
    }
    close(made);
    return error;
}

int csupervise_courier_take(int channel, int *courier, struct csupervise_courier_name *name)
{
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    char byte;
    size_t got;
    int error = csupervise_courier_receive(channel, &byte, sizeof byte, &got, courier);
    if (error == 0 && *courier == -1) {
        error = ENOMSG;
    }
    if (error == 0 && getsockname(*courier, (struct sockaddr *)&address, &length) == -1) {
        error = errno;
    }
    if (error == 0 && length > sizeof name->bytes) {
        error = EADDRNOTAVAIL;
    }
    if (error == 0) {
        memcpy(name->bytes, &address, length);
        name->length = length;
    } else if (*courier != -1) {
        close(*courier);
    }
    return error;
}

int csupervise_courier_receive(
    int socket, void *buffer, size_t size, size_t *length, int *descriptor)
{
    struct iovec vector = {buffer, size};
    union descriptor_room control = {{0}};
    struct msghdr message = descriptor_message(&vector, &control);
    // The room's end is aligned, so that a second one would fit.
    message.msg_controllen = CMSG_LEN(sizeof(int));
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
