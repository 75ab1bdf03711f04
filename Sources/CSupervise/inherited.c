// What the command is handed on by whoever starts it.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CSupervise.h"

/// Calls `visit` for each descriptor that exec would leave open; the errors of all, or the last one's.
static int for_each_inherited(int (*visit)(int folder, int descriptor, void *context), void *context)
{
    int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder == -1) {
        return errno;
    }
    // Not readdir(3), which every start would pay for with fresh memory.
    _Alignas(struct dirent64) char entries[1024];
    int error = 0;
    ssize_t length;
    while ((length = getdents64(folder, entries, sizeof entries)) > 0) {
        for (ssize_t offset = 0; offset < length;) {
            const struct dirent64 *entry = (const void *)(entries + offset);
            offset += entry->d_reclen;
            int descriptor = atoi(entry->d_name);
            int flags = entry->d_name[0] == '.' ? -1 : fcntl(descriptor, F_GETFD);
            if (flags == -1 || flags & FD_CLOEXEC) {
                continue;
            }
            int result = visit(folder, descriptor, context);
            error = result != 0 ? result : error;
        }
    }
    if (length == -1) {
        error = errno;
    }
    close(folder);
    return error;
}

struct closed {
    int *numbers;
    size_t capacity, *count;
};

static int is_ring(int folder, int descriptor)
{
    static const char ring[] = "anon_inode:[io_uring]";
    char name[16], target[sizeof ring];
    snprintf(name, sizeof name, "%d", descriptor);
    return readlinkat(folder, name, target, sizeof target) == sizeof ring - 1
        && memcmp(target, ring, sizeof ring - 1) == 0;
}

static int note_ring(int folder, int descriptor, void *context)
{
    *(int *)context |= is_ring(folder, descriptor);
    return 0;
}

int csupervise_inherits_ring(void)
{
    int found = 0;
    return for_each_inherited(note_ring, &found) != 0 || found;
}

static int close_if_ring(int folder, int descriptor, void *context)
{
    struct closed *closed = context;
    if (!is_ring(folder, descriptor)) {
        return 0;
    }
    if (close(descriptor) == -1 && errno != EINTR) {
        return errno;
    }
    if (*closed->count < closed->capacity) {
        closed->numbers[*closed->count] = descriptor;
    }
    ++*closed->count;
    return 0;
}

int csupervise_close_rings(int *closed, size_t capacity, size_t *count)
{
    struct closed rings = {closed, capacity, count};
    *count = 0;
    return for_each_inherited(close_if_ring, &rings);
}

static int option(int descriptor, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

static int note_any_family(int folder, int descriptor, void *context)
{
    (void)folder;
    int family = option(descriptor, SO_DOMAIN);
    if (family != -1 && family != AF_UNIX && family != AF_INET6
        && (family != AF_INET || option(descriptor, SO_TYPE) == SOCK_RAW)) {
        *(int *)context = 1;
    }
    return 0;
}

int csupervise_inherits_any_family(void)
{
    int found = 0;
    return for_each_inherited(note_any_family, &found) != 0 || found;
}

/// Whether a socket is one of IP's that a send without a destination would get a port, and has none.
static int is_portless(int descriptor)
{
    int family = option(descriptor, SO_DOMAIN);
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if ((family != AF_INET && family != AF_INET6) || option(descriptor, SO_TYPE) != SOCK_DGRAM
        || getsockname(descriptor, (struct sockaddr *)&address, &length) == -1) {
        return 0;
    }
    return (family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                              : ((struct sockaddr_in6 *)&address)->sin6_port)
        == 0;
}

static int note_portless(int folder, int descriptor, void *context)
{
    (void)folder;
    *(int *)context |= is_portless(descriptor);
    return 0;
}

int csupervise_inherits_portless(void)
{
    int found = 0;
    return for_each_inherited(note_portless, &found) != 0 || found;
}

/// The socket that was put in an inherited one's place, which may have had several numbers.
struct replacement {
    ino_t former;
    int descriptor;
};
struct replacements {
    struct replacement made[16];
    size_t count;
};

/// A new socket of the same kind that hears nothing.
static int make_deaf(int like)
{
    struct sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
    int made = socket(
        option(like, SO_DOMAIN), option(like, SO_TYPE) | SOCK_CLOEXEC, option(like, SO_PROTOCOL));
    if (made != -1 && csupervise_filter_packets(made, &nothing, 1) != 0) {
        close(made);
        return -1;
    }
    return made;
}

static int deafen(int folder, int descriptor, void *context)
{
    (void)folder;
    struct replacements *all = context;
    struct stat status;
    if (!is_portless(descriptor) || fstat(descriptor, &status) == -1) {
        return 0;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->made[i].former == status.st_ino) {
            return dup2(all->made[i].descriptor, descriptor) == -1 ? errno : 0;
        }
    }
    int flags = fcntl(descriptor, F_GETFL), made = make_deaf(descriptor);
    if (made == -1) {
        // Whoever hears nothing is no worse off with nothing.
        return close(descriptor) == -1 && errno != EINTR ? errno : 0;
    }
    if (dup2(made, descriptor) == -1) {
        return errno;
    }
    if (flags != -1) {
        fcntl(descriptor, F_SETFL, flags & O_NONBLOCK);
    }
    close(made);
    if (all->count < sizeof all->made / sizeof all->made[0]) {
        all->made[all->count++] = (struct replacement){status.st_ino, descriptor};
    }
    return 0;
}

int csupervise_deafen_portless(void)
{
    struct replacements all = {.count = 0};
    return for_each_inherited(deafen, &all);
}
