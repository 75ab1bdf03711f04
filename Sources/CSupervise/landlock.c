#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSupervise.h"

// linux/landlock.h of today; the installed one may be of the year 2021.
enum {
    CREATE_RULESET = 444,
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    CREATE_RULESET_VERSION = 1,
    RULE_NET_PORT = 2,
};

/// struct landlock_ruleset_attr, ABI 6. A kernel that knows less takes it as long as what it does
/// not know is zero.
struct ruleset {
    uint64_t handled_file_access, handled_network_access, scoped;
};

/// struct landlock_net_port_attr.
struct port_rule {
    uint64_t allowed_access, port;
};

int csupervise_landlock_abi(void)
{
    long version = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    // ENOSYS: not built in. EOPNOTSUPP: not among the boot's lsm=. Others: a filter outside of us.
    return version < 0 ? 0 : (int)version;
}

static int allow_ports(int ruleset, uint64_t access, struct csupervise_ports ports)
{
    for (unsigned port = ports.first; port <= ports.last; port++) {
        struct port_rule rule = {access, port};
        if (syscall(ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0) == -1) {
            return errno;
        }
    }
    return 0;
}

int csupervise_landlock_enter(
    uint64_t network, uint64_t scoped, const struct csupervise_ports *ports, size_t count)
{
    struct ruleset ruleset = {0, network, scoped};
    int descriptor = (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0);
    if (descriptor == -1) {
        return errno;
    }
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        error = allow_ports(descriptor, network, ports[i]);
    }
    if (error == 0 && syscall(RESTRICT_SELF, descriptor, 0) == -1) {
        error = errno;
    }
    close(descriptor);
    return error;
}

/// Whether exec would leave a descriptor open that is a ring.
static int is_inherited_ring(int folder, const char *name)
{
    static const char ring[] = "anon_inode:[io_uring]";
    char target[sizeof ring];
    int flags = fcntl(atoi(name), F_GETFD);
    if (flags == -1 || flags & FD_CLOEXEC) {
        return 0;
    }
    return readlinkat(folder, name, target, sizeof target) == sizeof ring - 1
        && memcmp(target, ring, sizeof ring - 1) == 0;
}

int csupervise_close_rings(int *closed, size_t capacity, size_t *count)
{
    *count = 0;
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
            if (!is_inherited_ring(folder, entry->d_name)) {
                continue;
            }
            int descriptor = atoi(entry->d_name);
            if (close(descriptor) == -1 && errno != EINTR) {
                error = errno;
                continue;
            }
            if (*count < capacity) {
                closed[*count] = descriptor;
            }
            ++*count;
        }
    }
    if (length == -1) {
        error = errno;
    }
    close(folder);
    return error;
}
