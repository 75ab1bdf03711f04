// Socket options that connect: of SCTP sockets, where a program may make them to listen.
#include "door.h"

#include <errno.h>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

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
