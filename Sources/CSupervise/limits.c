#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSupervise.h"

static int read_status(pid_t thread, char *text, size_t size)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno;
    }
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
    return length > 0 ? 0 : ESRCH;
}

int csupervise_credentials_of(pid_t thread, struct csupervise_credentials *credentials)
{
    // The list of groups stands between: 65,536 of them at most.
    char text[1 << 16], path[40];
    int error = read_status(thread, text, sizeof text);
    if (error != 0) {
        return error;
    }
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
    snprintf(path, sizeof path, "/proc/%d/ns/user", thread);
    credentials->user_namespace = stat(path, &status) == 0 ? status.st_ino : 0;
    return 0;
}

int csupervise_filters_of(pid_t thread, int *count)
{
    char text[1 << 16];
    int error = read_status(thread, text, sizeof text);
    if (error != 0) {
        return error;
    }
    const char *line = strstr(text, "\nSeccomp_filters:");
    return line != NULL && sscanf(line, "\nSeccomp_filters: %d", count) == 1 ? 0 : ENOSYS;
}

int csupervise_give_network_up(void)
{
    struct rlimit64 off = {0, 0};
    // Not by the C library, which may know better than to ask for an unknown resource.
    return syscall(SYS_prlimit64, 0, RLIMIT_NETWORK, &off, NULL) == -1 ? errno : 0;
}
