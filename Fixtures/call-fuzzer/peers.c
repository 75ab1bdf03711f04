/// The peers, and the addresses that calls name.
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzzer.h"

__thread uint64_t random_state;

unsigned choose(unsigned count)
{
    // splitmix64
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (unsigned)((value ^ value >> 31) % count);
}

void internet(struct address *address, uint32_t host, unsigned port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr = {htonl(host)}};
    memset(address, 0, sizeof *address);
    memcpy(address->bytes, &name, address->length = sizeof name);
}

void internet6(struct address *address, bool mapped, unsigned port)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    name.sin6_addr.s6_addr[15] = 1;
    if (mapped) {
        memcpy(name.sin6_addr.s6_addr + 10, "\xff\xff\x7f\0\0\1", 6);
    }
    memset(address, 0, sizeof *address);
    memcpy(address->bytes, &name, address->length = sizeof name);
}

void path(struct address *address, unsigned number)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path, sizeof name.sun_path, "%s/%u", folder, number);
    memset(address, 0, sizeof *address);
    address->length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + (unsigned)length + 1);
    memcpy(address->bytes, &name, address->length);
}

void abstract(struct address *address, unsigned number)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "fuzz-%u-%u", base_port, number);
    memset(address, 0, sizeof *address);
    address->length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1 + (unsigned)length);
    memcpy(address->bytes, &name, address->length);
}

void any_address(struct address *address)
{
    // One port more than there are peers: nobody's.
    unsigned number = choose(PEERS + 1), port = base_port + number;
    switch (choose(16)) {
    case 0: case 1: case 2: internet(address, INADDR_LOOPBACK, port); break;
    case 3: internet(address, INADDR_LOOPBACK + 1, port); break;
    case 4: internet(address, INADDR_ANY, choose(2) ? port : 0); break;
    case 5: case 6: internet6(address, false, port); break;
    case 7: internet6(address, true, port); break;
    case 8: case 9: path(address, number); break;
    case 10: abstract(address, number); break;
    case 11: // Autobind.
        memset(address, 0, sizeof *address);
        address->bytes[0] = AF_UNIX;
        address->length = 2;
        break;
    case 12: // AF_UNSPEC, with an address.
        internet(address, choose(2) ? INADDR_ANY : INADDR_LOOPBACK, port);
        address->bytes[0] = AF_UNSPEC;
        break;
    case 13: // "Any address" of IPv6.
        internet6(address, false, port);
        address->bytes[23] = 0;
        break;
    case 14: internet(address, INADDR_LOOPBACK, 0); break;
    default: // Of some length that is not right.
        internet(address, INADDR_LOOPBACK, port);
        address->length = choose(20);
    }
}

static struct pollfd peers[1 + 8 * PEERS];
static unsigned peer_count = 1;

static bool open_peer(const struct address *address, int family, int type)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)address->bytes, address->length) == -1) {
        return false;
    }
    if (type == SOCK_STREAM && listen(fd, 4096) == -1) {
        return false;
    }
    peers[peer_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    return true;
}

bool open_peers(void)
{
    struct address address;
    bool is_open = true;
    for (unsigned number = 0; number < PEERS && is_open; number++) {
        for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
            internet(&address, INADDR_LOOPBACK, base_port + number);
            is_open = is_open && open_peer(&address, AF_INET, type);
            internet(&address, INADDR_LOOPBACK + 1, base_port + number);
            is_open = is_open && open_peer(&address, AF_INET, type);
            internet6(&address, false, base_port + number);
            is_open = is_open && open_peer(&address, AF_INET6, type);
        }
        path(&address, number);
        is_open = is_open && open_peer(&address, AF_UNIX, SOCK_DGRAM);
        abstract(&address, number);
        is_open = is_open && open_peer(&address, AF_UNIX, SOCK_DGRAM);
    }
    return is_open;
}

/// Prints the lines that were received, which are the callers' own words.
static void print(const char *data, ssize_t length)
{
    while (length > 0) {
        const char *end = memchr(data, '\n', (size_t)length);
        ssize_t taken = end ? end - data + 1 : length;
        printf("arrived %.*s%s", (int)taken, data, end ? "" : "\n");
        data += taken;
        length -= taken;
    }
}

void serve(int done)
{
    static int connections[100000];
    unsigned count = 0, total = 0;
    char data[4096];
    peers[0] = (struct pollfd){.fd = done, .events = POLLIN};
    // The caller writes to the same pipe: whole lines only.
    setvbuf(stdout, NULL, _IOLBF, 1 << 12);
    for (bool is_open = true; is_open;) {
        // Once more after the end: what was sent has arrived, all of it is on this machine.
        poll(peers, peer_count, -1);
        is_open = peers[0].revents == 0;
        for (unsigned index = 1; index < peer_count; index++) {
            for (int turn = 0; turn < 10000; turn++) {
                ssize_t length = recv(peers[index].fd, data, sizeof data, MSG_DONTWAIT);
                if (length >= 0) {
                    print(data, length);
                    continue;
                }
                int fd = accept4(peers[index].fd, NULL, NULL, SOCK_NONBLOCK);
                if (fd == -1) {
                    break;
                }
                total++;
                if (count < sizeof connections / sizeof *connections) {
                    connections[count++] = fd;
                }
            }
        }
        for (unsigned index = 0; index < count;) {
            ssize_t length = recv(connections[index], data, sizeof data, MSG_DONTWAIT);
            if (length > 0) {
                print(data, length);
            } else if (length == 0 || !is_open) {
                close(connections[index]);
                connections[index] = connections[--count];
                continue;
            }
            index++;
        }
    }
    printf("connections %u\n", total);
    fflush(stdout);
}
