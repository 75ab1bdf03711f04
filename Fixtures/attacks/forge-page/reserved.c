// All memory below 4 GiB is reserved, so the supervisor maps the page over a part of that. Two processes that
// share the memory have it done at the same time: what one puts there at first, to receive the page's descriptor
// into, may be mapped over the page that the other one has by then.
#include "forge.h"
#include "slow.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { TARGET = 20, TRIES = 48 };

static char stack[1 << 16] __attribute__((aligned(16)));

/// How often the slow process has slept when it begins; -1 before.
static atomic_long begin = -1;

/// How often a process has slept: once at each stop for its tracer.
static long count_sleeps(pid_t process) {
    char path[32], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", process);
    int file = open(path, O_RDONLY);
    ssize_t length = file == -1 ? 0 : read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, "\nvoluntary_ctxt_switches:");
    return line == NULL ? -1 : atol(line + 26);
}

static int call_slowly(void *unused) {
    (void)unused;
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    slow_down(0);
    atomic_store(&begin, count_sleeps(getpid()));
    connect(socket_, (struct sockaddr *)&address, sizeof address);
    _exit(0);
}

/// Whether a datagram to a path arrives at the abstract name of the same length.
static int reach(void) {
    struct sockaddr_un good;
    socklen_t length = sizeof good;
    char buffer[16];
    getsockname(TARGET, (struct sockaddr *)&good, &length);
    good.sun_path[0] = '/';
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), reached = 0;
    sendto(sender, "x", 1, 0, (struct sockaddr *)&good, length);
    close(sender);
    while (recv(TARGET, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        reached++;
    }
    return reached;
}

static int try_once(int stops) {
    char *start = (char *)0x10000;
    size_t size = (1UL << 32) + (1UL << 20) - 0x10000;
    if (mmap(start, size, PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0)
        != start) {
        return 0;
    }
    char *filled = malloc(PAGE_SIZE_OF_SUPERVISOR);
    fill(filled);
    int file = memfd_create("filled", 0), reached = 0, status;
    if (write(file, filled, PAGE_SIZE_OF_SUPERVISOR) != (ssize_t)PAGE_SIZE_OF_SUPERVISOR) {
        return 0;
    }
    pid_t occupier = occupy(0);
    stay_on(1);
    pid_t other = clone(call_slowly, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    // When it has found each place taken, and is about to map over the first.
    while (atomic_load(&begin) == -1 || count_sleeps(other) < atomic_load(&begin) + stops) {
        if (waitpid(other, &status, WNOHANG) == other) {
            give_free(occupier);
            return 0;
        }
    }
    make_judged_call();
    while (waitpid(other, &status, WNOHANG) == 0) {
        if (pread(file, (void *)FIRST_PLACE, PAGE_SIZE_OF_SUPERVISOR, 0) > 0) {
            reached += reach();
        }
    }
    give_free(occupier);
    return reached != 0;
}

int run_reserved(void) {
    int reached = 0;
    for (int i = 0; i < TRIES; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(try_once(PLACE_COUNT - 4 + i % 6));
        }
        int status;
        waitpid(child, &status, 0);
        reached += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    }
    printf("reached %d\n", reached);
    return 0;
}
