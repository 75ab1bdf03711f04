// What the kernel does, or has others do, for who asks: no socket of the asker's is in it.
#include "door.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether the kernel has a key of that name, be it one that could not be made.
static int is_key(const char *name) {
    char line[512];
    int found = 0;
    FILE *keys = fopen("/proc/keys", "r");
    while (keys != NULL && !found && fgets(line, sizeof line, keys) != NULL) {
        found = strstr(line, name) != NULL;
    }
    if (keys != NULL) {
        fclose(keys);
    }
    return found;
}

/// A key that nobody has made yet: the kernel starts a program of root's for it, `/sbin/request-key`, which
/// for keys of `dns_resolver` asks a name server. Here for one that only it could know how to make.
void request_key(void) {
    char name[40];
    snprintf(name, sizeof name, "side-doors:%d", getpid());
    long key = syscall(SYS_request_key, "user", name, "x", KEY_SPEC_PROCESS_KEYRING);
    int error = errno;
    // Where the program did not make it, the kernel keeps in mind that it was asked.
    if (key == -1 && !is_key(name)) {
        errno = error, step("request_key", -1);
    }
}
