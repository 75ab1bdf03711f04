#define _GNU_SOURCE
#include <errno.h>
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
