// Socket options that connect, of SCTP sockets, where a program may make them to listen; and one by which
// a program chooses the port that the kernel is to choose.
#include "door.h"

#include <errno.h>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/// What SCTP_SOCKOPT_CONNECTX3 takes, struct sctp_getaddrs_old.
struct addresses {
    int association, size;
    struct sockaddr_in *address;
};

/// Notes a connection that was not even begun.
static void begun(const char *name, int result) {
    step(name, result == -1 && errno == EINPROGRESS ? 0 : result);
}

/// Connects to a listener of its own, and says whether somebody came.
static void connect_by(int option) {
    int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
    int caller = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_SCTP);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (!step("socket", caller) || !step("bind", bind(listener, (void *)&address, length))
        || !step("listen", listen(listener, 1))) {
        return;
    }
    getsockname(listener, (void *)&address, &length);
    if (option == SCTP_SOCKOPT_CONNECTX) {
        begun("setsockopt", setsockopt(caller, IPPROTO_SCTP, option, &address, sizeof address));
    } else {
        struct addresses value = {0, sizeof address, &address};
        length = sizeof value;
        begun("getsockopt", getsockopt(caller, IPPROTO_SCTP, option, &value, &length));
    }
    struct pollfd item = {.fd = listener, .events = POLLIN};
    step("poll", poll(&item, 1, 1000) == 1 ? 0 : -1);
}

void connect_by_setting(void) { connect_by(SCTP_SOCKOPT_CONNECTX); }
void connect_by_reading(void) { connect_by(SCTP_SOCKOPT_CONNECTX3); }

/// A port that the kernel may choose, and that the rules refuse.
enum { CHOSEN = 41719 };

/// Gets a socket the chosen port with no call that names it, by `bind` or by a message.
static void choose_port(int type, int binds) {
    int own = socket(AF_INET, type, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    unsigned range = CHOSEN << 16 | CHOSEN;
    step("setsockopt", setsockopt(own, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range));
    if (binds) {
        step("bind", bind(own, (void *)&address, length));
    } else {
        address.sin_port = htons(9);
        step("sendto", sendto(own, "x", 1, 0, (void *)&address, length));
    }
    if (type == SOCK_STREAM) {
        step("listen", listen(own, 1));
    }
    getsockname(own, (void *)&address, &length);
    errno = EADDRNOTAVAIL, step("getsockname", ntohs(address.sin_port) == CHOSEN ? 0 : -1);
}

void choose_port_by_binding(void) { choose_port(SOCK_DGRAM, 1); }
void choose_port_by_sending(void) { choose_port(SOCK_DGRAM, 0); }
void choose_port_by_listening(void) { choose_port(SOCK_STREAM, 1); }
