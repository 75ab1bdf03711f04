// What a DNS server answered on a socket, looked at before the program takes it.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "CSupervise.h"

int csupervise_peek_answer(int descriptor, void *buffer, size_t size, size_t *length)
{
    int domain = 0, type = 0, offset = -1;
    socklen_t count = sizeof domain;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &count) == -1) {
        return errno;
    }
    count = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &count) == -1) {
        return errno;
    }
    if ((domain != AF_INET && domain != AF_INET6) || type != SOCK_DGRAM) {
        return EPROTOTYPE;
    }
    // Where the program itself peeks from an offset, each peek moves it.
    count = sizeof offset;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEEK_OFF, &offset, &count) == 0 && offset >= 0) {
        return EBUSY;
    }
    // A pending error is the program's: whoever receives takes it away. poll(2) only tells.
    struct pollfd ready = { .fd = descriptor, .events = POLLIN };
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLIN) {
        return EAGAIN;
    }
    struct sockaddr_storage from = { 0 };
    count = sizeof from;
    ssize_t got = recvfrom(
        descriptor, buffer, size, MSG_PEEK | MSG_DONTWAIT, (struct sockaddr *)&from, &count);
    if (got == -1) {
        return errno;
    }
    in_port_t port = from.ss_family == AF_INET ? ((struct sockaddr_in *)&from)->sin_port
        : from.ss_family == AF_INET6           ? ((struct sockaddr_in6 *)&from)->sin6_port
                                               : 0;
    if (port != htons(53)) {
        return EPROTOTYPE;
    }
    *length = (size_t)got;
    return 0;
}
