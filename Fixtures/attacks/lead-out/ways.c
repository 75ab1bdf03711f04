#include "lead-out.h"

#include "../race.h"

#include <net/if.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Everything that messages consist of: below 4 GiB, for 32-bit calls.
static struct {
    union {
        struct mmsghdr wide[2];
        uint32_t narrow[2][8];
    } messages;
    union {
        struct iovec wide;
        uint32_t narrow[2];
    } vector;
    /// One item of control data: its length in one word or two, level, type, data.
    _Alignas(8) uint32_t control[128];
    char mark[sizeof MARK];
    struct sockaddr_in6 name;
} *it;

static int is_narrow, is_ipv6;
/// Where the number of the interface is in the control data.
static volatile uint32_t *interface;
/// How long the control data are in which another thread changes it.
static size_t flipped_length;

static int out_index(void) {
    static int index;
    return index != 0 ? index : (index = (int)if_nametoindex(OUT));
}

/// The address of the loopback interface, or a host that is allowed and lies outside.
static socklen_t set_name(const char *host) {
    memset(&it->name, 0, sizeof it->name);
    if (is_ipv6) {
        it->name.sin6_family = AF_INET6;
        it->name.sin6_port = htons(5353);
        inet_pton(AF_INET6, host, &it->name.sin6_addr);
        return sizeof it->name;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(5353)};
    inet_pton(AF_INET, host, &address.sin_addr);
    memcpy(&it->name, &address, sizeof address);
    return sizeof address;
}

static const char *loopback(void) { return is_ipv6 ? "::1" : "127.0.0.1"; }

static long narrow_call(long number, long a, long b, long c, long d) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int32_t)result;
}

/// Sets the control data; where their data begin.
static uint32_t *set_control(int level, int type, const void *data, size_t size, size_t *length) {
    int words = is_narrow ? 1 : 2;
    memset(it->control, 0, sizeof it->control);
    *length = 4 * (size_t)(words + 2) + size;
    it->control[0] = (uint32_t)*length;
    it->control[words] = (uint32_t)level;
    it->control[words + 1] = (uint32_t)type;
    uint32_t *start = it->control + words + 2;
    memcpy(start, data, size);
    return start;
}

/// Names the interface of a message.
static size_t set_interface(int index) {
    size_t length;
    if (is_ipv6) {
        struct in6_pktinfo information = {.ipi6_ifindex = (unsigned)index};
        interface = set_control(IPPROTO_IPV6, IPV6_PKTINFO, &information, sizeof information, &length) + 4;
    } else {
        struct in_pktinfo information = {.ipi_ifindex = index};
        interface = set_control(IPPROTO_IP, IP_PKTINFO, &information, sizeof information, &length);
    }
    return length;
}

static void set_message(int number, void *name, socklen_t length, size_t control) {
    if (is_narrow) {
        it->vector.narrow[0] = (uint32_t)(uintptr_t)it->mark;
        it->vector.narrow[1] = sizeof MARK;
        uint32_t header[8] = {(uint32_t)(uintptr_t)name, length, (uint32_t)(uintptr_t)&it->vector, 1,
            (uint32_t)(uintptr_t)(control > 0 ? it->control : NULL), (uint32_t)control};
        memcpy(it->messages.narrow[number], header, sizeof header);
        return;
    }
    it->vector.wide = (struct iovec){it->mark, sizeof MARK};
    it->messages.wide[number] = (struct mmsghdr){.msg_hdr = {.msg_name = name, .msg_namelen = length,
        .msg_iov = &it->vector.wide, .msg_iovlen = 1, .msg_control = control > 0 ? it->control : NULL,
        .msg_controllen = control}};
}

static void send_message(int from) {
    if (is_narrow) {
        narrow_call(370, from, (long)&it->messages, 0, 0);
    } else {
        sendmsg(from, &it->messages.wide[0].msg_hdr, 0);
    }
}

static void send_messages(int from) {
    if (is_narrow) {
        narrow_call(345, from, (long)&it->messages, 2, 0);
    } else {
        sendmmsg(from, it->messages.wide, 2, 0);
    }
}

/// How often something was changed.
static atomic_uint changes;

/// Names one interface for a while, at random about as long as a call is being judged.
static void stay(uint32_t index) {
    static unsigned seed = 1;
    *interface = index;
    changes++;
    wait_for((unsigned)rand_r(&seed) & 0x7fff);
}

static void set_inside(void) { stay(1); }
static void set_outside(void) { stay((uint32_t)out_index()); }

/// A descriptor that stands for one end of an AF_UNIX pair and for a connected UDP socket in turn.
static int swapped, ends[2], udp;

static void put(int made) {
    static unsigned seed = 1;
    dup2(made, swapped);
    changes++;
    wait_for((unsigned)rand_r(&seed) & 0x7fff);
}

static void put_unix(void) { put(ends[0]); }
static void put_udp(void) { put(udp); }

static size_t set_swapped(void) {
    socklen_t length = set_name(loopback());
    udp = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    swapped = dup(udp);
    if (connect(udp, (struct sockaddr *)&it->name, length) == -1
        || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == -1) {
        return 0;
    }
    // An item of no level, which neither looks at, makes them longer than what is copied.
    size_t begin = (set_interface(out_index()) + 7) & ~(size_t)7;
    uint32_t *rest = it->control + begin / 4;
    size_t size = sizeof it->control - begin;
    rest[0] = (uint32_t)size;
    rest[is_narrow ? 1 : 2] = 0x7fff;
    return sizeof it->control;
}

/// A loose source route by way of 10.77.0.66.
static const unsigned char route[] = {1, 0x83, 7, 4, 10, 77, 0, 66};

static void send_by_option(const char *way, int from, socklen_t length) {
    int index = out_index(), number = (int)htonl((uint32_t)index);
    struct in6_pktinfo information = {.ipi6_ifindex = (unsigned)index};
    if (strcmp(way, "device") == 0) {
        setsockopt(from, SOL_SOCKET, SO_BINDTODEVICE, OUT, sizeof OUT);
    } else if (strcmp(way, "index") == 0) {
        setsockopt(from, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index);
    } else if (strcmp(way, "unicast") == 0) {
        setsockopt(from, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, is_ipv6 ? 76 : 50, &number, sizeof number);
    } else if (strcmp(way, "scope") == 0) {
        struct sockaddr_in6 group = {.sin6_family = AF_INET6, .sin6_scope_id = (unsigned)index};
        inet_pton(AF_INET6, "ff02::1", &group.sin6_addr);
        bind(from, (struct sockaddr *)&group, sizeof group);
    } else if (strcmp(way, "sticky") == 0) {
        setsockopt(from, IPPROTO_IPV6, IPV6_PKTINFO, &information, sizeof information);
    } else {
        setsockopt(from, IPPROTO_IP, IP_OPTIONS, route, sizeof route);
    }
    sendto(from, MARK, sizeof MARK, 0, (struct sockaddr *)&it->name, length);
}

static void join_group(void) {
    int member = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    struct group_req request = {.gr_interface = (unsigned)out_index()};
    socklen_t length = set_name(is_ipv6 ? "ff15::1" : "239.11.22.33");
    memcpy(&request.gr_group, &it->name, length);
    setsockopt(member, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request);
}

static void go(const char *way) {
    if (strcmp(way, "group") == 0) {
        join_group();
        return;
    }
    if (strcmp(way, "swapped") == 0) {
        char byte[sizeof MARK];
        set_message(0, NULL, 0, flipped_length);
        send_message(swapped);
        recv(ends[1], byte, sizeof byte, MSG_DONTWAIT);
        return;
    }
    int from = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    int is_route = strncmp(way, "route", 5) == 0;
    socklen_t length = set_name(is_route ? "10.77.0.9" : loopback());
    size_t control = 0;
    if (strcmp(way, "message") == 0 || strcmp(way, "flipped") == 0) {
        control = strcmp(way, "message") == 0 ? set_interface(out_index()) : flipped_length;
        set_message(0, &it->name, length, control);
        send_message(from);
    } else if (strcmp(way, "several") == 0) {
        control = set_interface(out_index());
        set_message(0, &it->name, length, 0);
        set_message(1, &it->name, length, control);
        send_messages(from);
    } else if (strcmp(way, "connected") == 0) {
        connect(from, (struct sockaddr *)&it->name, length);
        control = set_interface(out_index());
        set_message(0, NULL, 0, control);
        send_message(from);
    } else if (strcmp(way, "route") == 0) {
        set_control(IPPROTO_IP, IP_RETOPTS, route, sizeof route, &control);
        set_message(0, &it->name, length, control);
        send_message(from);
    } else {
        send_by_option(way, from, length);
    }
    close(from);
}

int lead_out(const char *way, int family_is_ipv6, int abi_is_narrow, long tries) {
    is_ipv6 = family_is_ipv6;
    is_narrow = abi_is_narrow;
    it = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (it == MAP_FAILED) {
        return 2;
    }
    memcpy(it->mark, MARK, sizeof MARK);
    int swaps = strcmp(way, "swapped") == 0, flips = strcmp(way, "flipped") == 0 || swaps;
    struct alternation flipper = {
        .one = swaps ? put_unix : set_inside, .other = swaps ? put_udp : set_outside};
    if (flips) {
        flipped_length = swaps ? set_swapped() : set_interface(1);
        begin(&flipper);
    }
    // A race is one only where the other thread does something meanwhile.
    unsigned met = 0, last = changes;
    for (long made = 0; made < tries || (flips && met < 100); made++) {
        met += changes != last;
        last = changes;
        go(way);
    }
    if (flips) {
        end(&flipper);
    }
    return 0;
}
