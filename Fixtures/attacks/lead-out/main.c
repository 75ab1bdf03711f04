// Sends to an address that rules allow what goes to another host: by the interface, a source route, or
// the report of a multicast group.
//
// Usage: lead-out watch USER COMMAND...
//        lead-out WAY 4|6 x86-64|i386 TRIES
//
// `watch` makes a network namespace with an interface of its own, a tun device, runs the command there as the
// user of that number, and prints how many packets left by that interface that it knows as the attack's: `left N`.
// The other form is that command. It prints nothing.
//
//   device, index   binds the socket to the interface (SO_BINDTODEVICE, SO_BINDTOIFINDEX), and sends to
//                   the loopback address
//   unicast         chooses it for the socket's packets (IP_UNICAST_IF, IPV6_UNICAST_IF)
//   sticky          the same with IPV6_PKTINFO
//   scope           binds the socket to a group's address there, with IPv6
//   message         chooses it in the message (IP_PKTINFO, IPV6_PKTINFO)
//   flipped         the same, by another thread, while the message is being judged
//   swapped         in control data that are long, on a connected socket that another thread puts in the place
//                   of an AF_UNIX one while the message is being judged
//   several         the same as `message` by sendmmsg, as the second of two messages
//   connected       the same on a connected socket, without a destination
//   route           a source route in the message (IP_RETOPTS): to an allowed host by way of another one
//   route-option    the same for the socket (IP_OPTIONS)
//   group           joins a group with MCAST_JOIN_GROUP, on a TCP socket
#include "lead-out.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what) {
    perror(what);
    exit(2);
}

/// The interface `out`, 10.77.0.1 with all hosts behind it; the other end of it.
static int make_interface(void) {
    if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == -1) {
        fail("unshare");
    }
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun == -1) {
        fail("/dev/net/tun");
    }
    struct ifreq request = {.ifr_name = OUT, .ifr_flags = IFF_TUN | IFF_NO_PI};
    if (ioctl(tun, TUNSETIFF, &request) == -1) {
        fail("TUNSETIFF");
    }
    int any = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 2; i++) {
        struct ifreq interface = {.ifr_flags = IFF_UP | IFF_RUNNING};
        strcpy(interface.ifr_name, i == 0 ? "lo" : OUT);
        if (ioctl(any, SIOCSIFFLAGS, &interface) == -1) {
            fail("SIOCSIFFLAGS");
        }
    }
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.77.0.1")};
    struct sockaddr_in mask = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("255.0.0.0")};
    memcpy(&request.ifr_addr, &own, sizeof own);
    if (ioctl(any, SIOCSIFADDR, &request) == -1) {
        fail("SIOCSIFADDR");
    }
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    if (ioctl(any, SIOCSIFNETMASK, &request) == -1) {
        fail("SIOCSIFNETMASK");
    }
    struct {
        struct in6_addr address;
        unsigned prefix;
        int index;
    } own6 = {.prefix = 64, .index = (int)if_nametoindex(OUT)};
    inet_pton(AF_INET6, "fd77::1", &own6.address);
    int any6 = socket(AF_INET6, SOCK_DGRAM, 0);
    if (ioctl(any6, SIOCSIFADDR, &own6) == -1) {
        fail("SIOCSIFADDR");
    }
    struct in6_rtmsg everywhere = {.rtmsg_metric = 1, .rtmsg_flags = RTF_UP, .rtmsg_ifindex = own6.index};
    if (ioctl(any6, SIOCADDRT, &everywhere) == -1) {
        fail("SIOCADDRT");
    }
    // The address is there when the kernel's worker has found no other host that has it.
    struct sockaddr_in6 ready = {.sin6_family = AF_INET6, .sin6_addr = own6.address};
    for (int tries = 0; bind(any6, (struct sockaddr *)&ready, sizeof ready) == -1; tries++) {
        if (tries == 5000) {
            fail("bind");
        }
        poll(NULL, 0, 1);
    }
    close(any);
    close(any6);
    return tun;
}

/// Whether a packet is the attack's: a datagram with the mark, by way of the host that is refused where
/// it has a route, or the report of the group.
static int is_attack(const unsigned char *packet, size_t size) {
    return memmem(packet, size, MARK, sizeof MARK - 1) != NULL
        ? memmem(packet, size, "\x0a\x4d\x00\x42", 4) != NULL || memmem(packet, size, "\x7f\x00\x00\x01", 4) != NULL
            || packet[0] >> 4 == 6
        : memmem(packet, size, "\xef\x0b\x16\x21", 4) != NULL
            || memmem(packet, size, "\xff\x15\x00\x00\x00\x00\x00\x00", 8) != NULL;
}

/// The report of a group is sent at random within a second (igmpv3_unsolicited_report_interval).
static int awaits_report(char **command) {
    while (*command != NULL && strcmp(*command, "group") != 0) {
        command++;
    }
    return *command != NULL;
}

static int watch(uid_t user, char **command) {
    int tun = make_interface();
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && user != 0
            && (setgroups(0, NULL) == -1 || setresgid(user, user, user) == -1
                || setresuid(user, user, user) == -1)) {
            fail("setresuid");
        }
        execvp(command[0], command);
        fail(command[0]);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return 1;
    }
    unsigned char packet[2048];
    long left = 0;
    struct pollfd readable = {.fd = tun, .events = POLLIN};
    do {
        for (ssize_t size; (size = read(tun, packet, sizeof packet)) > 0;) {
            left += is_attack(packet, (size_t)size);
        }
    } while (left == 0 && awaits_report(command) && poll(&readable, 1, 1500) > 0);
    printf("left %ld\n", left);
    return 0;
}

int main(int count, char **words) {
    if (count > 3 && strcmp(words[1], "watch") == 0) {
        return watch((uid_t)atol(words[2]), words + 3);
    }
    if (count == 5) {
        return lead_out(words[1], words[2][0] == '6', strcmp(words[3], "i386") == 0, atol(words[4]));
    }
    fputs("usage: lead-out watch USER COMMAND... | WAY 4|6 x86-64|i386 TRIES\n", stderr);
    return 2;
}
