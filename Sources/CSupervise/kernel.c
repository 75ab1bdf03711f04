#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "CSupervise.h"
#include "mapping.h"

int csupervise_seccomp_install(const void *instructions, size_t count)
{
    if (count > BPF_MAXINSNS) {
        return E2BIG;
    }
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)instructions};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1 ? errno : 0;
}

int csupervise_seccomp_has_action(uint32_t action)
{
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int csupervise_socket_inspect(int descriptor, struct csupervise_socket *result)
{
    static const int options[] = {SO_DOMAIN, SO_TYPE, SO_PROTOCOL, SO_ACCEPTCONN};
    int *fields[] = {&result->domain, &result->type, &result->protocol, &result->listening};
    for (int index = 0; index < 4; index++) {
        socklen_t length = sizeof(int);
        *fields[index] = 0;
        if (getsockopt(descriptor, SOL_SOCKET, options[index], fields[index], &length) == -1) {
            return errno;
        }
    }
    return 0;
}

int csupervise_timeout(int descriptor, int of_sending)
{
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    int option = of_sending ? SO_SNDTIMEO : SO_RCVTIMEO;
    if (getsockopt(descriptor, SOL_SOCKET, option, &limit, &length) == -1
        || limit.tv_sec > INT_MAX / 1000 - 1) {
        return 0;
    }
    return (int)(limit.tv_sec * 1000 + (limit.tv_usec + 999) / 1000);
}

void csupervise_reset(int descriptor)
{
    struct linger now = {.l_onoff = 1};
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (connect(descriptor, &none, sizeof none) == -1) {
        shutdown(descriptor, SHUT_RDWR);
    }
}

int csupervise_is_connecting(int descriptor)
{
    // TCP_INFO would tell, but waits for whoever has the socket locked: a thread that sends from memory which
    // is not there has, for as long as it takes. This takes no lock. One that is neither connected nor
    // connecting has hung up.
    int protocol = 0;
    socklen_t length = sizeof protocol;
    struct pollfd state = {.fd = descriptor, .events = POLLOUT};
    return getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0
        && protocol == IPPROTO_TCP && poll(&state, 1, 0) == 0;
}

/// Whether a socket has this very filter: 0, or EPERM.
static int csupervise_filter_is(int descriptor, const void *instructions, size_t count)
{
    struct sock_filter present[BPF_MAXINSNS];
    // SO_GET_FILTER counts instructions, not bytes.
    socklen_t length = BPF_MAXINSNS;
    if (getsockopt(descriptor, SOL_SOCKET, SO_GET_FILTER, present, &length) == -1) {
        return errno;
    }
    return length == count && !memcmp(present, instructions, count * sizeof *present) ? 0 : EPERM;
}

int csupervise_filter_packets(int descriptor, const void *instructions, size_t count)
{
    int locked = 0, one = 1;
    socklen_t size = sizeof locked;
    if (count > BPF_MAXINSNS) {
        return E2BIG;
    }
    if (getsockopt(descriptor, SOL_SOCKET, SO_LOCK_FILTER, &locked, &size) == -1) {
        return errno;
    }
    if (locked) {
        return csupervise_filter_is(descriptor, instructions, count);
    }
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)instructions};
    if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == -1
        || setsockopt(descriptor, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof one) == -1) {
        return errno;
    }
    // Whoever shares the socket may have attached another one in between.
    return csupervise_filter_is(descriptor, instructions, count);
}

int csupervise_socket_name(int descriptor, uint8_t name[static 128], size_t *length)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) == -1) {
        return errno;
    }
    *length = size < sizeof address ? size : sizeof address;
    memcpy(name, &address, *length);
    return 0;
}

int csupervise_peer_name(int descriptor, uint8_t name[static 128], size_t *length)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) == -1) {
        return errno;
    }
    *length = size < sizeof address ? size : sizeof address;
    memcpy(name, &address, *length);
    return 0;
}

int csupervise_read_at(int descriptor, void *buffer, size_t count, uint64_t offset, size_t *done)
{
    *done = 0;
    while (*done < count) {
        ssize_t got = pread64(
            descriptor, (char *)buffer + *done, count - *done, (off64_t)(offset + *done));
        if (got > 0) {
            *done += (size_t)got;
        } else if (got == 0) {
            return 0;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int access_of(const struct mapping_query *query)
{
    int access = (int)query->flags & (CSUPERVISE_READABLE | CSUPERVISE_WRITABLE);
    // x86 has no pages that can be written but not read, whatever mmap(2) was told.
    return access & CSUPERVISE_WRITABLE ? access | CSUPERVISE_READABLE : access;
}

int csupervise_query_mapping(int maps, uint64_t address, int *access, uint64_t *end)
{
    struct mapping_query query = {.size = sizeof query, .query_address = address};
    if (ioctl(maps, MAPPING_QUERY, &query) == -1) {
        return errno;
    }
    *access = access_of(&query);
    *end = query.end;
    return 0;
}

int csupervise_may_block(
    int maps, uint64_t address, uint64_t count, uint64_t shared_memory, int *access)
{
    uint64_t end = address + count;
    int common = CSUPERVISE_READABLE | CSUPERVISE_WRITABLE;
    *access = -1;
    // No program has memory there.
    if (end < address) {
        return 0;
    }
    while (address < end) {
        struct mapping_query query = {.size = sizeof query, .query_address = address};
        if (ioctl(maps, MAPPING_QUERY, &query) == -1 || query.end <= address) {
            return 0;
        }
        // File systems without a disk of their own: FUSE and the network's among them.
        if (query.inode != 0 && query.device_major == 0
            && makedev(query.device_major, query.device_minor) != shared_memory) {
            return 1;
        }
        common &= access_of(&query);
        address = query.end;
    }
    *access = common;
    return 0;
}

int csupervise_is_stack(int maps, uint64_t address, uint64_t count)
{
    char name[16] = "";
    struct mapping_query query = {
        .size = sizeof query,
        .query_address = address,
        .name_size = sizeof name,
        .name_address = (uintptr_t)name,
    };
    int wanted = CSUPERVISE_READABLE | CSUPERVISE_WRITABLE;
    return ioctl(maps, MAPPING_QUERY, &query) == 0 && strcmp(name, "[stack]") == 0
        && address < query.end && query.end - address >= count
        && (access_of(&query) & wanted) == wanted;
}

void csupervise_now(int64_t *seconds, int32_t *nanoseconds)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    *seconds = now.tv_sec;
    *nanoseconds = (int32_t)now.tv_nsec;
}
