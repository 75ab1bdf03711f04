/// race-limit: gives the network up while other threads use it, and counts what gets through.
///
///     race-limit connect|fork|toggle setrlimit|prlimit64|i386 ROUNDS SECONDS
///
/// Inherits a UDP socket as number 20. In each round a new process gives the network up, while another
/// thread of it
///     connect      connects the socket over and over,
///     fork         makes children, each of which compares its limit with what its connect does,
///     toggle       connects it, while the limit is lowered and raised again.
/// A connect that began after the call had returned must fail; and no process may have the limit and
/// the network too. Ends after so many rounds, or with the round in which the time is over. Prints
/// whether calls went through before, and whether after; on standard error how often.
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOCKET = 20, LIMIT = 16, AFTER = 20 };

/// What all processes of a round share.
struct counts {
    atomic_long before, after, refused, children;
};
static struct counts *counts;
/// Below 4 GiB, for i386.
static void *low;
static atomic_bool is_off;
static atomic_int tries_since;
static const char *means;

static bool connects(void)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return connect(SOCKET, (struct sockaddr *)&name, sizeof name) == 0;
}

static long i386(long number, long first, const void *second)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result)
        : "a"(number), "b"(first), "c"(second) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

/// Sets the soft limit, 0 or 1.
static void set(int soft)
{
    struct rlimit64 wide = {(rlim64_t)soft, 1};
    long result;
    if (!strcmp(means, "prlimit64")) {
        result = syscall(SYS_prlimit64, 0, LIMIT, &wide, NULL);
    } else if (!strcmp(means, "i386")) {
        uint32_t narrow[2] = {(uint32_t)soft, 1};
        memcpy(low, narrow, sizeof narrow);
        result = i386(75, LIMIT, low);
    } else {
        result = syscall(SYS_setrlimit, LIMIT, &wide);
    }
    if (result != 0) {
        fprintf(stderr, "race-limit: %s: %s\n", means, strerror(result == -1 ? errno : (int)-result));
        _exit(1);
    }
}

static void count(bool began_after, bool went_through)
{
    if (!went_through) {
        counts->refused++;
    } else if (began_after) {
        counts->after++;
    } else {
        counts->before++;
    }
    if (began_after) {
        tries_since++;
    }
}

static void *keep_connecting(void *unused)
{
    (void)unused;
    while (tries_since < AFTER) {
        bool began_after = is_off;
        count(began_after, connects());
    }
    return NULL;
}

static void *keep_forking(void *unused)
{
    (void)unused;
    while (tries_since < AFTER) {
        bool began_after = is_off;
        pid_t child = fork();
        if (child == 0) {
            struct rlimit64 limit;
            syscall(SYS_prlimit64, 0, LIMIT, NULL, &limit);
            _exit((limit.rlim_cur == 0 ? 2 : 0) | (connects() ? 1 : 0));
        }
        int status;
        waitpid(child, &status, 0);
        counts->children++;
        // Off by its limit, and connected: as bad as a call after the limit was set.
        count(began_after || WEXITSTATUS(status) == 3, WEXITSTATUS(status) & 1);
    }
    return NULL;
}

/// While the limit is lowered and raised: a connect during which it was off all the time.
static atomic_long phase;

static void *connect_in_phases(void *unused)
{
    (void)unused;
    while (tries_since < AFTER) {
        long before = phase;
        bool through = connects();
        bool was_off = before % 2 == 1 && phase == before;
        count(was_off, through);
    }
    return NULL;
}

static int round_of(const char *what)
{
    void *(*body)(void *) = !strcmp(what, "fork") ? keep_forking
        : !strcmp(what, "toggle") ? connect_in_phases : keep_connecting;
    pthread_t thread;
    is_off = false;
    tries_since = 0;
    if (pthread_create(&thread, NULL, body, NULL) != 0) {
        return 1;
    }
    long begun = counts->before;
    while (counts->before < begun + 3) {
        usleep(50);
    }
    if (body == connect_in_phases) {
        while (tries_since < AFTER) {
            set(0);
            phase++;
            usleep(100);
            phase++;
            set(1);
        }
    } else {
        set(0);
        is_off = true;
    }
    pthread_join(thread, NULL);
    return 0;
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 5) {
        fprintf(stderr, "race-limit: expected connect|fork|toggle MEANS ROUNDS SECONDS\n");
        return 2;
    }
    means = arguments[2];
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (counts == MAP_FAILED || low == MAP_FAILED) {
        return 1;
    }
    time_t end = time(NULL) + atoi(arguments[4]);
    for (int round = atoi(arguments[3]); round > 0 && time(NULL) < end; round--) {
        // Each round begins without what the last one has left.
        pid_t child = fork();
        if (child == 0) {
            _exit(round_of(arguments[1]));
        }
        int status;
        if (waitpid(child, &status, 0) == -1 || status != 0) {
            fprintf(stderr, "race-limit: a round ended with %x\n", status);
            return 1;
        }
    }
    printf("%s before, %s after, %s\n", counts->before > 0 ? "some" : "none",
        counts->after > 0 ? "some" : "none", counts->refused > 0 ? "some refused" : "none refused");
    fprintf(stderr, "%ld before, %ld after, %ld refused, %ld children\n", counts->before,
        counts->after, counts->refused, counts->children);
    return 0;
}
