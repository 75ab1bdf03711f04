// What a thread's descriptor leads to by its name in /proc.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

/// A descriptor, and the path of what it is.
struct described {
    pid_t thread;
    int descriptor;
    char path[4097];
};

static int describe(void *opaque)
{
    struct described *it = opaque;
    char name[16];
    int directory;
    int error = csupervise_open_of(&directory, O_PATH | O_DIRECTORY, it->thread, "fd");
    if (error != 0) {
        return error;
    }
    snprintf(name, sizeof name, "%d", it->descriptor);
    ssize_t length = readlinkat(directory, name, it->path, sizeof it->path);
    error = length < 0 ? errno : length > 4096 ? ENAMETOOLONG : 0;
    if (error == 0) {
        it->path[length] = '\0';
        error = csupervise_check_path(it->path, directory, name, 0);
    }
    close(directory);
    return error;
}

int csupervise_descriptor_path(pid_t thread, int descriptor, char path[static 4097])
{
    struct described it = {.thread = thread, .descriptor = descriptor};
    int error = csupervise_ask_aside(describe, &it, sizeof it);
    memcpy(path, it.path, sizeof it.path);
    return error;
}

int csupervise_is_same_file(pid_t thread, int theirs, int ours)
{
    char name[16];
    struct statx their_file, our_file;
    snprintf(name, sizeof name, "%d", theirs);
    return csupervise_identify_link(thread, "fd", name, &their_file) == 0
        && csupervise_identify(ours, "", AT_EMPTY_PATH, &our_file) == 0
        && csupervise_is_one_file(&their_file, &our_file);
}

/// Whether something can be mounted over a link of /proc/PID/fd: before Linux 6.12.
static int links_can_be_covered(void)
{
    struct utsname kernel;
    int major = 0, minor = 0;
    return uname(&kernel) == -1 || sscanf(kernel.release, "%d.%d", &major, &minor) != 2
        || major < 6 || (major == 6 && minor < 12);
}

int csupervise_is_descriptor_directory(pid_t process, pid_t thread, int descriptor)
{
    struct statx theirs, ours, proc;
    char folder[32], descriptors[32], name[16];
    snprintf(folder, sizeof folder, "task/%d", thread);
    snprintf(descriptors, sizeof descriptors, "task/%d/fd", thread);
    snprintf(name, sizeof name, "%d", descriptor);
    if (csupervise_identify_link(process, descriptors, name, &theirs) != 0
        || csupervise_identify_link(process, folder, "fd", &ours) != 0
        || !csupervise_is_one_file(&theirs, &ours)) {
        return 0;
    }
    // In another mount than ours, of a mount namespace of its own, who has that namespace can mount a
    // socket over one of the numbers.
    return !links_can_be_covered()
        || ((theirs.stx_mask & STATX_MNT_ID) != 0
            && csupervise_identify_proc(&proc) == 0
            && theirs.stx_mnt_id == proc.stx_mnt_id);
}

int csupervise_is_in_descriptor_directory(pid_t process, pid_t thread)
{
    struct statx theirs, ours;
    char folder[32];
    snprintf(folder, sizeof folder, "task/%d", thread);
    return csupervise_identify_link(process, folder, "cwd", &theirs) == 0
        && csupervise_identify_link(process, folder, "fd", &ours) == 0
        && csupervise_is_one_file(&theirs, &ours);
}
