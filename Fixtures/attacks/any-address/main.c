// Sends to "any address", 0.0.0.0 or ::ffff:0.0.0.0, where that is not 127.0.0.1.
//
// Usage: any-address multicast|source|device [mapped] TRIES
//
// Makes each kind of call that names a destination, over and over. Prints how many, and how many
// reached the address that the rules refuse.
//
//   multicast  on a socket that is bound to a multicast address, which is no source: it is 127.0.0.1.
//              A UDP socket that is bound there is inherited as number 20.
//   source     with IP_PKTINFO: it is the source that the message names, 127.0.0.2
//   device     on a socket that is bound to an interface (SO_BINDTODEVICE): it is that one's first
//              address, 10.9.8.7 of the loopback interface in a network namespace of its own
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INHERITED = 20 };

static const char *way;
static int is_mapped;

static struct sockaddr_in ipv4(const char *host, in_port_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
    inet_aton(host, &address.sin_addr);
    return address;
}

static int fail(const char *what) {
    perror(what);
    exit(2);
}

/// Brings the loopback interface up, with an address of its own in the place of 127.0.0.1.
static void set_address(void) {
    int any = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(any, SIOCSIFFLAGS, &request) == -1) {
        fail("SIOCSIFFLAGS");
    }
    struct sockaddr_in address = ipv4("10.9.8.7", 0);
    memcpy(&request.ifr_addr, &address, sizeof address);
    if (ioctl(any, SIOCSIFADDR, &request) == -1) {
        fail("SIOCSIFADDR");
    }
    close(any);
}

/// Binds a socket to an address; the port that it has.
static in_port_t place(int bound, const char *host) {
    struct sockaddr_in address = ipv4(host, 0);
    socklen_t length = sizeof address;
    if (bind(bound, (struct sockaddr *)&address, length) == -1
        || getsockname(bound, (struct sockaddr *)&address, &length) == -1) {
        fail(host);
    }
    return address.sin_port;
}

static int make_socket(int type) {
    int made = socket(is_mapped ? AF_INET6 : AF_INET, type, 0);
    if (strcmp(way, "multicast") == 0) {
        place(made, "224.0.0.251");
    } else if (strcmp(way, "device") == 0
        && setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") == -1) {
        fail("SO_BINDTODEVICE");
    }
    return made;
}

/// "Any address" with a port.
static socklen_t name_any(struct sockaddr_storage *name, in_port_t port) {
    memset(name, 0, sizeof *name);
    if (!is_mapped) {
        struct sockaddr_in address = ipv4("0.0.0.0", port);
        memcpy(name, &address, sizeof address);
        return sizeof address;
    }
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = port};
    inet_pton(AF_INET6, "::ffff:0.0.0.0", &address.sin6_addr);
    memcpy(name, &address, sizeof address);
    return sizeof address;
}

static void send_message(struct sockaddr_storage *name, socklen_t length, int several) {
    char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
    struct iovec data = {"x", 1};
    struct mmsghdr message = {.msg_hdr = {.msg_name = name, .msg_namelen = length, .msg_iov = &data,
        .msg_iovlen = 1}};
    if (strcmp(way, "source") == 0) {
        message.msg_hdr.msg_control = control;
        message.msg_hdr.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message.msg_hdr);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
        inet_aton("127.0.0.2", &((struct in_pktinfo *)CMSG_DATA(header))->ipi_spec_dst);
    }
    int from = make_socket(SOCK_DGRAM);
    if (several) {
        sendmmsg(from, &message, 1, 0);
    } else {
        sendmsg(from, &message.msg_hdr, 0);
    }
    close(from);
}

int main(int count, char **words) {
    is_mapped = count == 4 && strcmp(words[2], "mapped") == 0;
    if (count != 3 + is_mapped) {
        fputs("usage: any-address multicast|source|device [mapped] TRIES\n", stderr);
        return 2;
    }
    way = words[1];
    long tries = atol(words[count - 1]), reached = 0;
    int target = INHERITED, listener = -1;
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    if (strcmp(way, "device") == 0) {
        if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == -1) {
            fail("unshare");
        }
        set_address();
    }
    if (strcmp(way, "multicast") == 0) {
        getsockname(target, (struct sockaddr *)&own, &length);
    } else {
        const char *host = strcmp(way, "source") == 0 ? "127.0.0.2" : "10.9.8.7";
        target = socket(AF_INET, SOCK_DGRAM, 0);
        own.sin_port = place(target, host);
        listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in same = ipv4(host, own.sin_port);
        if (bind(listener, (struct sockaddr *)&same, sizeof same) == -1 || listen(listener, 1) == -1) {
            fail("listen");
        }
    }
    struct sockaddr_storage any;
    length = name_any(&any, own.sin_port);
    for (long made = 0; made < tries; made++) {
        send_message(&any, length, made & 1);
        if (strcmp(way, "source") != 0) {
            int from = make_socket(SOCK_DGRAM);
            sendto(from, "x", 1, 0, (struct sockaddr *)&any, length);
            close(from);
            from = make_socket(SOCK_DGRAM);
            if (connect(from, (struct sockaddr *)&any, length) == 0) {
                send(from, "x", 1, 0);
            }
            close(from);
        }
        if (strcmp(way, "device") == 0) {
            int from = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
            connect(from, (struct sockaddr *)&any, length);
            int accepted = accept(listener, NULL, NULL);
            if (accepted != -1) {
                reached++;
                close(accepted);
            }
            close(from);
        }
        char buffer[16];
        while (recv(target, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            reached++;
        }
    }
    printf("tries %ld reached %ld\n", tries, reached);
    return 0;
}
