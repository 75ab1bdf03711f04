// Puts another socket in the place of a call's between its check and its use.
//
// Usage: swap-socket stream|seqpacket|inet|unspec|listen|connect|fast-open|raw|packet|named-packet TRIES SECONDS
//
// Makes a call on a descriptor over and over, while a thread puts one of two sockets there with
// dup2 all the time: one for which the call is harmless, and one for which it is not. A verdict
// that was found for the first must not let the second through. Prints how many calls were made,
// and how many had the effect that is refused.
//
//   stream, seqpacket  sendto an abstract name; such sockets ignore it, datagram sockets use it
//   inet, unspec       sendto an AF_INET or AF_UNSPEC address: AF_UNIX sockets refuse it by
//                      themselves, an inherited UDP socket sends
//   listen             listen: a bound AF_UNIX socket may, an inherited TCP socket would get a port
//   connect            connect to a port that nobody listens on: an inherited UDP socket may, where
//                      the policy says so, an inherited TCP socket is told that it is refused there
//   fast-open          sendto with MSG_FASTOPEN to that port: a UDP socket sends, which is allowed, a
//                      TCP socket connects
//
//   raw                bind to an AF_UNIX path in no folder: an inherited raw socket takes it for an
//                      address of this host's, whatever its family
//   packet             sendto an AF_UNIX path of nobody: an inherited packet socket takes it for an
//                      interface's number, and sends
//   named-packet       sendto an AF_UNIX path of nobody that is an interface's name to an inherited
//                      SOCK_PACKET socket
//
// Inherited from number 20 on: an abstract datagram socket, a bound UDP socket, a UDP socket, a TCP
// socket, and for the last three ways such a socket.
#include "../race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ABSTRACT = 20, UDP_TARGET, UDP, TCP, OTHER, SWAPPED = 50 };

static int harmless, harmful;

static void put_harmless(void) {
    dup2(harmless, SWAPPED);
}

static void put_harmful(void) {
    dup2(harmful, SWAPPED);
}

static struct alternation swapping = {put_harmless, put_harmful, 6, 5, 0, 0};

int main(int count, char **words) {
    if (count != 4) {
        fputs("usage: swap-socket stream|seqpacket|inet|unspec|listen|connect|fast-open|raw|packet|named-packet TRIES SECONDS\n", stderr);
        return 2;
    }
    const char *what = words[1];
    long tries = atol(words[2]), made = 0, reached = 0;
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int pair[2], listens = strcmp(what, "listen") == 0, connects = strcmp(what, "connect") == 0;
    int sends_first = strcmp(what, "fast-open") == 0, binds = strcmp(what, "raw") == 0;
    int is_packet = strcmp(what, "packet") == 0 || strcmp(what, "named-packet") == 0;
    int target = ABSTRACT;
    if (listens) {
        // Has a name, so that listening succeeds.
        harmless = socket(AF_UNIX, SOCK_STREAM, 0);
        bind(harmless, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t));
        harmful = TCP;
    } else if (connects || sends_first) {
        harmless = UDP;
        harmful = TCP;
        *(struct sockaddr_in *)&address = (struct sockaddr_in){.sin_family = AF_INET,
            .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        length = sizeof(struct sockaddr_in);
    } else if (binds || is_packet) {
        struct sockaddr_un *path = (struct sockaddr_un *)&address;
        harmless = socket(AF_UNIX, SOCK_DGRAM, 0);
        harmful = OTHER;
        path->sun_family = AF_UNIX;
        if (binds) {
            // 127.1.1.1 at byte 4, and no zero, behind which nothing would be left.
            memcpy(path->sun_path, "x/\x7f\x01\x01\x01", 6);
        } else if (strcmp(what, "packet") == 0) {
            memcpy(path->sun_path, "xy", 2);
            path->sun_path[2] = (char)if_nametoindex("lo");
        } else {
            strcpy(path->sun_path, "lo");
        }
        length = 20;
    } else if (strcmp(what, "inet") == 0 || strcmp(what, "unspec") == 0) {
        target = UDP_TARGET;
        harmless = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        harmful = UDP;
        getsockname(target, (struct sockaddr *)&address, &length);
        address.ss_family = strcmp(what, "inet") == 0 ? AF_INET : AF_UNSPEC;
    } else {
        int type = strcmp(what, "stream") == 0 ? SOCK_STREAM : SOCK_SEQPACKET;
        if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == -1) {
            return 2;
        }
        harmless = pair[0];
        harmful = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        getsockname(target, (struct sockaddr *)&address, &length);
    }
    dup2(harmless, SWAPPED);
    begin(&swapping);
    double limit = now() + atof(words[3]);
    for (; made < tries && ((made & 63) != 0 || now() < limit); made++) {
        if (connects) {
            if (connect(SWAPPED, (struct sockaddr *)&address, length) == -1 && errno == ECONNREFUSED) {
                reached++;
            }
            continue;
        }
        if (binds || is_packet) {
            char frame[64] = {0};
            if (binds ? bind(SWAPPED, (struct sockaddr *)&address, length) == 0
                      : sendto(SWAPPED, frame, sizeof frame, 0, (struct sockaddr *)&address, length) > 0) {
                reached++;
            }
            continue;
        }
        if (sends_first) {
            if (sendto(SWAPPED, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, length) == -1
                && errno == ECONNREFUSED) {
                reached++;
            }
            continue;
        }
        if (!listens) {
            sendto(SWAPPED, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, length);
            char buffer[16];
            while (recv(target, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
                reached++;
            }
            while (strcmp(what, "seqpacket") == 0
                && recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            }
            continue;
        }
        listen(SWAPPED, 1);
        int accepts = 0;
        socklen_t size = sizeof accepts;
        getsockopt(harmful, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
        if (accepts) {
            reached++;
            // Not listening any more.
            shutdown(harmful, SHUT_RDWR);
        }
    }
    end(&swapping);
    printf("tries %ld reached %ld\n", made, reached);
    return 0;
}
