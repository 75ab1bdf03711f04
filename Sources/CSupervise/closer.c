#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

// <linux/in.h>, Linux 5.6.
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int queue[2] = {-1, -1};

static void *close_all(void *nothing)
{
    int descriptor;
    while (read(queue[0], &descriptor, sizeof descriptor) == sizeof descriptor) {
        close(descriptor);
    }
    return nothing;
}

/// A pipe and a thread that closes what comes out of it; 0 where there cannot be any.
static int start(void)
{
    if (pipe2(queue, O_CLOEXEC) == -1) {
        return 0;
    }
    // A full pipe is not waited for.
    fcntl(queue[1], F_SETFL, O_NONBLOCK);
    if (csupervise_start_aside(close_all, NULL) != 0) {
        close(queue[0]);
        close(queue[1]);
        queue[0] = queue[1] = -1;
        return 0;
    }
    return 1;
}

/// Whether a socket of IP is of a well-known kind and does not linger.
static int is_prompt(int socket)
{
    struct linger linger;
    int protocol;
    socklen_t size = sizeof linger, protocol_size = sizeof protocol;
    if (getsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, &size) == -1
        || getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_size) == -1
        || (linger.l_onoff != 0 && linger.l_linger != 0)) {
        return 0;
    }
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_MPTCP
        || protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

int csupervise_is_queue_empty(int socket)
{
    struct pollfd it = {.fd = socket, .events = POLLIN};
    return poll(&it, 1, 0) >= 0 && (it.revents & POLLIN) == 0;
}

/// Whether close(2) returns at once whoever has closed it before.
static int closes_at_once(int descriptor)
{
    int domain;
    socklen_t size = sizeof domain;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == -1) {
        return 0;
    }
    switch (domain) {
    // Who closes a socket of AF_UNIX last closes the descriptors in its queue, of which one can linger.
    case AF_UNIX: return csupervise_is_queue_empty(descriptor);
    case AF_NETLINK: return 1;
    case AF_INET:
    case AF_INET6: return is_prompt(descriptor);
    default: return 0;
    }
}

void csupervise_close_copy(int descriptor)
{
    if (closes_at_once(descriptor)) {
        close(descriptor);
        return;
    }
    // What cannot be handed over stays open: it is one of the supervisor's own descriptors less.
    if (queue[1] != -1 || start()) {
        (void)!write(queue[1], &descriptor, sizeof descriptor);
    }
}
