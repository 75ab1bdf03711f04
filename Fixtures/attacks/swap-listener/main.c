// Tries to hear of connections that the rules refuse.
//
// Usage: swap-listener dup|use|fork TRIES SECONDS
//
// Inherited as 20 and 21: two listeners on 127.0.0.1, which get no filter for their packets. A
// child connects to the first one from 127.0.0.2, who is allowed, and to the second one from
// 127.1.0.1, who is refused, and says who it is. Prints how many connections were looked for, and
// how many that are refused were seen.
//
//   dup   accepts on a number where a thread puts now the one listener, now the other
//   use   accepts while a thread reads from every number that a connection could get
//   fork  accepts while a thread makes children, which have copies of all descriptors, and read
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// FIRST to LAST are the numbers that the kernel can choose.
enum { FIRST = 3, LAST = 12, ALLOWED = 20, REFUSED, SWAPPED = 50 };

static atomic_bool finished;
// Of all processes.
static atomic_long *seen;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Whether the descriptor is a connection from who is refused, by its name or by what it says.
static void look(int descriptor) {
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    char byte = 0;
    if (getpeername(descriptor, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET
        && ntohl(peer.sin_addr.s_addr) == 0x7f010001) {
        atomic_fetch_add(seen, 1);
    } else if (recv(descriptor, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1 && byte == 'r') {
        atomic_fetch_add(seen, 1);
    }
}

static void *swap(void *unused) {
    (void)unused;
    for (unsigned round = 0; !finished; round++) {
        dup2(ALLOWED, SWAPPED);
        for (volatile unsigned i = 0; i < (round & 1023); i++) {
        }
        dup2(REFUSED, SWAPPED);
        for (volatile unsigned i = 0; i < (round >> 6 & 1023); i++) {
        }
    }
    return NULL;
}

static void *use(void *unused) {
    (void)unused;
    while (!finished) {
        for (int i = FIRST; i < LAST; i++) {
            look(i);
        }
    }
    return NULL;
}

static void *make_children(void *unused) {
    (void)unused;
    while (!finished) {
        pid_t child = fork();
        if (child == 0) {
            for (int i = FIRST; i < LAST; i++) {
                look(i);
            }
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    return NULL;
}

static void connect_from(uint32_t host, const struct sockaddr_in *target, char byte) {
    int one = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    // No port stays taken for a minute.
    struct linger no = {1, 0};
    setsockopt(one, SOL_SOCKET, SO_LINGER, &no, sizeof no);
    setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(one, (struct sockaddr *)&own, sizeof own);
    fcntl(one, F_SETFL, O_NONBLOCK);
    connect(one, (const struct sockaddr *)target, sizeof *target);
    struct pollfd ready = {.fd = one, .events = POLLOUT};
    poll(&ready, 1, 100);
    send(one, &byte, 1, MSG_NOSIGNAL);
    // Until it is accepted, read from and closed, or nobody is there.
    ready.events = POLLIN;
    poll(&ready, 1, 5);
    close(one);
}

int main(int count, char **words) {
    if (count != 4) {
        fputs("usage: swap-listener dup|use|fork TRIES SECONDS\n", stderr);
        return 2;
    }
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in allowed, refused;
    socklen_t length = sizeof allowed;
    getsockname(ALLOWED, (struct sockaddr *)&allowed, &length);
    getsockname(REFUSED, (struct sockaddr *)&refused, &length);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent) {
            connect_from(0x7f000002, &allowed, 'a');
            connect_from(0x7f010001, &refused, 'r');
        }
        _exit(0);
    }
    int swaps = strcmp(words[1], "dup") == 0;
    fcntl(ALLOWED, F_SETFL, O_NONBLOCK);
    fcntl(REFUSED, F_SETFL, O_NONBLOCK);
    dup2(ALLOWED, SWAPPED);
    pthread_t thread;
    pthread_create(&thread, NULL,
        swaps ? swap : strcmp(words[1], "use") == 0 ? use : make_children, NULL);
    long tries = atol(words[2]), made = 0;
    double end = now() + atof(words[3]);
    for (; made < tries && now() < end; made++) {
        int connection = accept(swaps ? SWAPPED : made & 1 ? ALLOWED : REFUSED, NULL, NULL);
        if (connection >= 0) {
            if (swaps) {
                look(connection);
            } else {
                for (volatile unsigned i = 0; i < 20000; i++) {
                }
            }
            close(connection);
        }
    }
    finished = 1;
    pthread_join(thread, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("tries %ld reached %ld\n", made, *seen);
    return 0;
}
