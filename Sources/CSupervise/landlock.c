#define _GNU_SOURCE
#include <errno.h>
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
