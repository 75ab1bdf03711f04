/// holding: opens sockets, then becomes another program, which inherits them.
///
///     holding KIND... -- COMMAND [ARGUMENT...]
///
/// A restricted program cannot make network sockets itself, but it may be handed some. The sockets
/// have the numbers from 20 on, in the order of their kinds:
///
///     tcp udp tcp6 udp6 udplite mptcp raw netlink packet named-packet vsock
///                                                           one socket that nothing was done to
///     tcp-listener udp-bound udp6-bound                     one, bound to a loopback port
///     abstract-listener abstract-datagram                   one, bound to an abstract AF_UNIX name
///     tcp-pair udp-pair                                     two, connected to each other
///     abstract-pair                                         two datagram sockets: one with an abstract
///                                                           name, and one connected to it
///     tcp-waiting                                           two: a listener with a connection that
///                                                           nobody accepted yet, and its client
///
/// Exit status: 3 where a socket cannot be made, with the reason on standard error.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/// Where the descriptors begin: clear of those that the command opens.
static int next = 20;

_Noreturn static void fail(const char *kind, const char *what) {
    fprintf(stderr, "holding: %s: %s: %s\n", kind, what, strerror(errno));
    exit(3);
}

static int make(const char *kind, int family, int type, int protocol) {
    int fd = socket(family, type, protocol);
    if (fd < 0) {
        fail(kind, "socket");
    }
    return fd;
}

/// Moves a socket to its number.
static void hand_over(const char *kind, int fd) {
    if (dup2(fd, next) < 0) {
        fail(kind, "dup2");
    }
    close(fd);
    next++;
}

static void bind_to_loopback(const char *kind, int fd, int family) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *address = family == AF_INET ? (void *)&in : (void *)&in6;
    if (bind(fd, address, family == AF_INET ? sizeof in : sizeof in6)) {
        fail(kind, "bind");
    }
}

/// Connects `from` to the address of `to`.
static void join(const char *kind, int from, int to) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(to, (void *)&address, &length) || connect(from, (void *)&address, length)) {
        fail(kind, "connect");
    }
}

/// A listener and a client that it has not accepted.
static void hand_over_waiting(const char *kind) {
    int listener = make(kind, AF_INET, SOCK_STREAM, 0), client = make(kind, AF_INET, SOCK_STREAM, 0);
    bind_to_loopback(kind, listener, AF_INET);
    if (listen(listener, 1)) {
        fail(kind, "listen");
    }
    join(kind, client, listener);
    hand_over(kind, listener);
    hand_over(kind, client);
}

/// A socket with an abstract name of the kernel's choice.
static void hand_over_abstract(const char *kind, int type) {
    int fd = make(kind, AF_UNIX, type, 0);
    sa_family_t family = AF_UNIX;
    if (bind(fd, (void *)&family, sizeof family) || (type == SOCK_STREAM && listen(fd, 16))) {
        fail(kind, "bind");
    }
    hand_over(kind, fd);
}

/// A datagram socket with an abstract name, and one that is connected to it.
static void hand_over_abstract_pair(const char *kind) {
    int other = make(kind, AF_UNIX, SOCK_DGRAM, 0);
    hand_over_abstract(kind, SOCK_DGRAM);
    join(kind, other, next - 1);
    hand_over(kind, other);
}

static void hand_over_pair(const char *kind, int type) {
    int one = make(kind, AF_INET, type, 0), other = make(kind, AF_INET, type, 0);
    bind_to_loopback(kind, other, AF_INET);
    if (type == SOCK_STREAM) {
        if (listen(other, 1)) {
            fail(kind, "listen");
        }
        join(kind, one, other);
        int accepted = accept(other, NULL, NULL);
        if (accepted < 0) {
            fail(kind, "accept");
        }
        close(other);
        other = accepted;
    } else {
        bind_to_loopback(kind, one, AF_INET);
        join(kind, one, other);
        join(kind, other, one);
    }
    hand_over(kind, one);
    hand_over(kind, other);
}

static void hold(const char *kind) {
    static const struct {
        const char *name;
        int family, type, protocol;
    } plain[] = {
        {"tcp", AF_INET, SOCK_STREAM, 0},        {"udp", AF_INET, SOCK_DGRAM, 0},
        {"tcp6", AF_INET6, SOCK_STREAM, 0},      {"udp6", AF_INET6, SOCK_DGRAM, 0},
        {"udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
        {"mptcp", AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
        {"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
        {"netlink", AF_NETLINK, SOCK_RAW, 0},    {"packet", AF_PACKET, SOCK_DGRAM, 0},
        {"named-packet", AF_PACKET, SOCK_PACKET, 0},
        {"vsock", AF_VSOCK, SOCK_STREAM, 0},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (!strcmp(kind, plain[i].name)) {
            hand_over(kind, make(kind, plain[i].family, plain[i].type, plain[i].protocol));
            return;
        }
    }
    if (!strcmp(kind, "tcp-listener")) {
        int fd = make(kind, AF_INET, SOCK_STREAM, 0);
        bind_to_loopback(kind, fd, AF_INET);
        if (listen(fd, 16)) {
            fail(kind, "listen");
        }
        hand_over(kind, fd);
    } else if (!strcmp(kind, "udp-bound") || !strcmp(kind, "udp6-bound")) {
        int family = kind[3] == '6' ? AF_INET6 : AF_INET;
        int fd = make(kind, family, SOCK_DGRAM, 0);
        bind_to_loopback(kind, fd, family);
        hand_over(kind, fd);
    } else if (!strcmp(kind, "tcp-waiting")) {
        hand_over_waiting(kind);
    } else if (!strcmp(kind, "abstract-listener")) {
        hand_over_abstract(kind, SOCK_STREAM);
    } else if (!strcmp(kind, "abstract-datagram")) {
        hand_over_abstract(kind, SOCK_DGRAM);
    } else if (!strcmp(kind, "abstract-pair")) {
        hand_over_abstract_pair(kind);
    } else if (!strcmp(kind, "tcp-pair") || !strcmp(kind, "udp-pair")) {
        hand_over_pair(kind, kind[0] == 't' ? SOCK_STREAM : SOCK_DGRAM);
    } else {
        errno = EINVAL;
        fail(kind, "unknown kind");
    }
}

int main(int count, char **arguments) {
    int i = 1;
    for (; i < count && strcmp(arguments[i], "--"); i++) {
        hold(arguments[i]);
    }
    if (i + 1 >= count) {
        fputs("usage: holding KIND... -- COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    execvp(arguments[i + 1], arguments + i + 1);
    fail(arguments[i + 1], "exec");
}
