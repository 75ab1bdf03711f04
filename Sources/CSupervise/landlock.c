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
    RESTRICT_SELF = 446,
    CREATE_RULESET_VERSION = 1,
};

/// struct landlock_ruleset_attr, ABI 6. A kernel that knows less takes it as long as what it does
/// not know is zero.
struct ruleset {
    uint64_t handled_file_access, handled_network_access, scoped;
};

int csupervise_landlock_abi(void)
{
    long version = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    // ENOSYS: not built in. EOPNOTSUPP: not among the boot's lsm=. Others: a filter outside of us.
    return version < 0 ? 0 : (int)version;
}

int csupervise_landlock_enter(uint64_t network, uint64_t scoped)
{
    struct ruleset ruleset = {0, network, scoped};
    int descriptor = (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0);
    if (descriptor == -1) {
        return errno;
    }
    int error = syscall(RESTRICT_SELF, descriptor, 0) == -1 ? errno : 0;
    close(descriptor);
    return error;
}

int csupervise_close_rings(int *closed, size_t capacity, size_t *count)
{
    *count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return errno;
    }
    static const char ring[] = "anon_inode:[io_uring]";
    int error = 0;
    struct dirent *entry;
    while (error == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        char target[sizeof ring];
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        if (length != sizeof ring - 1 || memcmp(target, ring, sizeof ring - 1) != 0) {
            continue;
        }
        int descriptor = atoi(entry->d_name);
        int flags = fcntl(descriptor, F_GETFD);
        if (flags == -1 || flags & FD_CLOEXEC) {
            continue;
        }
        if (close(descriptor) == -1 && errno != EINTR) {
            error = errno;
        } else {
            if (*count < capacity) {
                closed[*count] = descriptor;
            }
            ++*count;
        }
    }
    if (error == 0) {
        error = errno;
    }
    closedir(folder);
    return error;
}
