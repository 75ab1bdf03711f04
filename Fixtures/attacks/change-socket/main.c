// Changes a call's own socket between its check and its use.
//
// Usage: change-socket form|bind|form-bind|listen TRIES SECONDS
//
// Makes a call on a new socket over and over, while a thread changes what the call's address
// means to that very socket, at a moment that differs from try to try. Prints how many calls were
// made, and how many reached the address that the rules refuse, 127.0.0.2. Ends with 4 where the kernel
// cannot change sockets so.
//
//   form       sendto 127.0.0.2 with AF_UNSPEC: no destination to a socket of IPv6, but AF_INET to
//              one of IPv4, which IPV6_ADDRFORM makes of it
//   bind       sendto 0.0.0.0: 127.0.0.1, or the address that the socket is bound to by then
//   form-bind  bind with AF_UNSPEC to 0.0.0.0, which a socket of IPv6 refuses; connected, it is made
//              one of IPv4 and disconnected. Here the rules refuse to bind to 0.0.0.0.
//   listen     listen on a TCP socket without an address, which is bound meanwhile
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// <linux/in6.h>, which does not go together with <netinet/in.h>.
#define ADDRESS_FORM 1

static atomic_int sockets[2];
static atomic_long round_made, round_changed, delay;
static int binds, forms, listens;

static long nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static struct sockaddr_in ipv4(int family, const char *host, in_port_t port) {
    struct sockaddr_in address = {.sin_family = (sa_family_t)family, .sin_port = port};
    inet_aton(host, &address.sin_addr);
    return address;
}

static void change(int socket) {
    if (!forms) {
        struct sockaddr_in own = ipv4(AF_INET, "127.0.0.2", 0);
        bind(socket, (struct sockaddr *)&own, sizeof own);
        return;
    }
    int family = AF_INET;
    setsockopt(socket, IPPROTO_IPV6, ADDRESS_FORM, &family, sizeof family);
    if (binds) {
        struct sockaddr none = {.sa_family = AF_UNSPEC};
        connect(socket, &none, sizeof none);
    }
}

static void *changing(void *unused) {
    (void)unused;
    for (long last = 0;;) {
        long round = atomic_load(&round_made);
        if (round < 0) {
            return NULL;
        }
        if (round == last) {
            continue;
        }
        last = round;
        for (long end = nanoseconds() + atomic_load(&delay); nanoseconds() < end;) {
        }
        change(atomic_load(&sockets[round & 1]));
        atomic_store(&round_changed, round);
    }
}

static int make_socket(in_port_t nobody) {
    int made = socket(forms ? AF_INET6 : AF_INET, listens ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (forms) {
        struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = nobody};
        inet_pton(AF_INET6, "::ffff:127.0.0.1", &peer.sin6_addr);
        if (connect(made, (struct sockaddr *)&peer, sizeof peer) == -1) {
            exit(3);
        }
    }
    return made;
}

static int is_bound(int socket, const char *host) {
    struct sockaddr_in address, expected = ipv4(AF_INET, host, 0);
    socklen_t length = sizeof address;
    getsockname(socket, (struct sockaddr *)&address, &length);
    return address.sin_family == AF_INET && address.sin_addr.s_addr == expected.sin_addr.s_addr
        && address.sin_port != 0;
}

/// Whether the kernel makes a socket of IPv4 of one of IPv6: some answer ENOPROTOOPT.
static int has_forms(in_port_t nobody) {
    int made = make_socket(nobody), family = AF_INET;
    int result = setsockopt(made, IPPROTO_IPV6, ADDRESS_FORM, &family, sizeof family);
    close(made);
    return result == 0;
}

int main(int count, char **words) {
    if (count != 4) {
        fputs("usage: change-socket form|bind|form-bind|listen TRIES SECONDS\n", stderr);
        return 2;
    }
    forms = strncmp(words[1], "form", 4) == 0;
    binds = strcmp(words[1], "form-bind") == 0;
    listens = strcmp(words[1], "listen") == 0;
    long tries = atol(words[2]), made = 0, reached = 0;
    // Who is refused, and who is not.
    struct sockaddr_in refused = ipv4(AF_INET, "127.0.0.2", 0), allowed = ipv4(AF_INET, "127.0.0.1", 0);
    socklen_t length = sizeof refused;
    int target = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(target, (struct sockaddr *)&refused, length) == -1
        || getsockname(target, (struct sockaddr *)&refused, &length) == -1
        || bind(other, (struct sockaddr *)&allowed, length) == -1
        || getsockname(other, (struct sockaddr *)&allowed, &length) == -1) {
        return 2;
    }
    if (forms && !has_forms(allowed.sin_port)) {
        fputs("the kernel has no IPV6_ADDRFORM\n", stderr);
        return 4;
    }
    struct sockaddr_in name = forms ? ipv4(AF_UNSPEC, "127.0.0.2", refused.sin_port)
                                    : ipv4(AF_INET, "0.0.0.0", refused.sin_port);
    if (binds) {
        name = ipv4(AF_UNSPEC, "0.0.0.0", 0);
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, changing, NULL) != 0) {
        return 2;
    }
    srand(1);
    long begun = nanoseconds(), limit = atol(words[3]) * 1000000000L, takes = 10000;
    for (; made < tries && nanoseconds() - begun < limit; made++) {
        int used = make_socket(allowed.sin_port);
        atomic_store(&sockets[(made + 1) & 1], used);
        atomic_store(&delay, rand() % (takes + takes / 4));
        atomic_store(&round_made, made + 1);
        // Often enough the change comes first, so that a call without a check is seen to suffer by it.
        for (int i = 0; i < 1000 && (made & 3) == 0 && atomic_load(&round_changed) <= made; i++) {
            sched_yield();
        }
        long start = nanoseconds();
        if (binds) {
            reached += bind(used, (struct sockaddr *)&name, length) == 0 && is_bound(used, "0.0.0.0");
        } else if (listens) {
            reached += listen(used, 1) == 0 && is_bound(used, "127.0.0.2");
        } else {
            sendto(used, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&name, length);
        }
        takes = (takes * 15 + nanoseconds() - start) / 16;
        char buffer[16];
        while (recv(target, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            reached++;
        }
        while (recv(other, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        }
        close(used);
    }
    atomic_store(&round_made, -1);
    pthread_join(thread, NULL);
    printf("tries %ld reached %ld\n", made, reached);
    return 0;
}
