#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

int csupervise_credentials_of(pid_t thread, struct csupervise_credentials *credentials)
{
    // The list of groups stands between: 65,536 of them at most.
    char text[1 << 16];
    size_t length;
    int error = csupervise_read_status_file(thread, "status", text, sizeof text - 1, &length);
    if (error != 0) {
        return error;
    }
    text[length] = '\0';
    // The name in the first line cannot pass for a line: the kernel escapes newlines in it.
    const char *user = strstr(text, "\nUid:"), *group = strstr(text, "\nGid:");
    const char *capabilities = strstr(text, "\nCapEff:");
    uint32_t *u = credentials->user, *g = credentials->group;
    if (user == NULL || group == NULL
        || sscanf(user, "\nUid: %" SCNu32 " %" SCNu32 " %" SCNu32, &u[0], &u[1], &u[2]) != 3
        || sscanf(group, "\nGid: %" SCNu32 " %" SCNu32 " %" SCNu32, &g[0], &g[1], &g[2]) != 3) {
        return EINVAL;
    }
    credentials->capabilities = 0;
    if (capabilities != NULL) {
        sscanf(capabilities, "\nCapEff: %" SCNx64, &credentials->capabilities);
    }
    struct stat status;
    int folder;
    credentials->user_namespace = 0;
    if (csupervise_open_of(&folder, O_PATH | O_DIRECTORY, thread, "ns") == 0) {
        if (fstatat(folder, "user", &status, 0) == 0) {
            credentials->user_namespace = status.st_ino;
        }
        close(folder);
    }
    return 0;
}

int csupervise_give_network_up(void)
{
    struct rlimit64 off = {0, 0};
    // Not by the C library, which may know better than to ask for an unknown resource.
    return syscall(SYS_prlimit64, 0, RLIMIT_NETWORK, &off, NULL) == -1 ? errno : 0;
}
