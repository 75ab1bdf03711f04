// Hears of a peer that the rules refuse by a socket that was never bound by a judged call.
//
// Usage: hear-unbound write|send|sendmsg|path|raw|raw6 TRIES
//
// Makes a socket, gives it a port, and sends it a datagram from 127.0.0.1 (::1), over and over. Prints
// how many times, and how many of the datagrams were heard.
//
//   write, send, sendmsg  a UDP socket without a destination is given a port before the call fails
//   path                  so is one that is connected to an AF_UNIX path
//   raw, raw6             a raw socket hears of all UDP datagrams from its first moment
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void give_port(const char *way, int socket) {
    struct iovec data = {"x", 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    struct sockaddr_un path = {AF_UNIX, "/nobody"};
    if (strcmp(way, "write") == 0) {
        if (write(socket, "x", 1) != -1) {
            exit(3);
        }
    } else if (strcmp(way, "send") == 0) {
        send(socket, "x", 1, 0);
    } else if (strcmp(way, "sendmsg") == 0) {
        sendmsg(socket, &message, 0);
    } else if (strcmp(way, "path") == 0) {
        connect(socket, (struct sockaddr *)&path, sizeof path);
    }
}

/// Sends a datagram to a port of this host.
static void knock(int is_ipv6, in_port_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int from = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    sendto(from, "hello", 5, 0, is_ipv6 ? (void *)&to6 : (void *)&to, is_ipv6 ? sizeof to6 : sizeof to);
    close(from);
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: hear-unbound write|send|sendmsg|path|raw|raw6 TRIES\n", stderr);
        return 2;
    }
    const char *way = words[1];
    int is_raw = strncmp(way, "raw", 3) == 0, is_ipv6 = strcmp(way, "raw6") == 0;
    long tries = atol(words[2]), reached = 0;
    for (long made = 0; made < tries; made++) {
        int heard = socket(is_ipv6 ? AF_INET6 : AF_INET, is_raw ? SOCK_RAW : SOCK_DGRAM, is_raw ? IPPROTO_UDP : 0);
        if (heard == -1) {
            perror("socket");
            return 2;
        }
        give_port(way, heard);
        struct sockaddr_in own = {.sin_port = htons(9)};
        socklen_t length = sizeof own;
        if (!is_raw) {
            getsockname(heard, (struct sockaddr *)&own, &length);
        }
        knock(is_ipv6, own.sin_port);
        struct pollfd arrived = {heard, POLLIN, 0};
        char buffer[100];
        reached += poll(&arrived, 1, 50) == 1 && recv(heard, buffer, sizeof buffer, MSG_DONTWAIT) > 0;
        close(heard);
    }
    printf("tries %ld reached %ld\n", tries, reached);
    return 0;
}
