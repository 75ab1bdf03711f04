#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

/// Opens what a magic link of /proc/THREAD leads to.
static int open_link(pid_t thread, const char *name)
{
    int directory;
    if (csupervise_open_of(&directory, O_PATH | O_DIRECTORY, thread, "") != 0) {
        return -1;
    }
    int found = openat(directory, name, O_PATH | O_CLOEXEC);
    close(directory);
    return found;
}

/// Whether two descriptors are the same file of the same mount.
static int is_same_place(int one, int other)
{
    struct statx left, right;
    unsigned wanted = STATX_INO | STATX_MNT_ID;
    return statx(one, "", AT_EMPTY_PATH, wanted, &left) == 0
        && statx(other, "", AT_EMPTY_PATH, wanted, &right) == 0 && left.stx_ino == right.stx_ino
        && left.stx_mnt_id == right.stx_mnt_id && left.stx_dev_major == right.stx_dev_major
        && left.stx_dev_minor == right.stx_dev_minor;
}

int csupervise_check_path(const char *path, int directory, const char *name, int flags)
{
    struct statx meant, found;
    // Through a link of ours another name would do: one that is a folder in the mount namespace where
    // the path was told, and a link here.
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int error = csupervise_identify(directory, name, flags, &meant);
    if (error != 0) {
        return error;
    }
    int file = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (file == -1) {
        return EXDEV;
    }
    error = csupervise_identify(file, "", AT_EMPTY_PATH, &found);
    close(file);
    return error == 0 && csupervise_is_one_file(&meant, &found) ? 0 : EXDEV;
}

/// The path of a descriptor as the caller sees it, if it leads to the very same file there.
static int path_of(int descriptor, char path[static PATH_MAX])
{
    char link[48];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length == -1) {
        return errno;
    }
    path[length] = '\0';
    return csupervise_check_path(path, descriptor, "", AT_EMPTY_PATH);
}

/// Looks a path up as a thread would, without the links of /proc that lead elsewhere for us.
static int look_up(pid_t thread, const char *path, int flags, int *found, int *is_our_root)
{
    char whole[2 * PATH_MAX], root_path[PATH_MAX] = "";
    struct open_how how = {.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags)};
    int root = open_link(thread, "root"), ours = open("/", O_PATH | O_CLOEXEC), base = -1;
    int error = 0;
    *found = -1;
    if (root == -1 || ours == -1) {
        error = EXDEV;
    } else if (*is_our_root = is_same_place(root, ours), *is_our_root) {
        how.resolve = RESOLVE_NO_MAGICLINKS;
        base = path[0] == '/' ? ours : open_link(thread, "cwd");
    } else {
        // As chroot(2) does: nothing leads out of this root.
        how.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT;
        base = root;
        if (path[0] != '/') {
            int folder = open_link(thread, "cwd");
            error = folder == -1 ? EXDEV : path_of(folder, whole);
            if (folder != -1) {
                close(folder);
            }
            if (error == 0) {
                error = path_of(root, root_path);
            }
            size_t prefix = strlen(root_path);
            if (error == 0 && strncmp(whole, root_path, prefix) != 0) {
                error = EXDEV;
            }
            if (error == 0) {
                memmove(whole, whole + prefix, strlen(whole + prefix) + 1);
                strcat(whole, "/");
                strncat(whole, path, PATH_MAX - 1);
                path = whole;
            }
        }
    }
    if (error == 0 && base == -1) {
        error = EXDEV;
    }
    if (error == 0) {
        *found = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
        // A link of /proc; one that runs in a circle is as useless.
        error = *found != -1 ? 0 : errno == ELOOP ? EXDEV : errno;
    }
    if (base != -1 && base != root && base != ours) {
        close(base);
    }
    if (root != -1) {
        close(root);
    }
    if (ours != -1) {
        close(ours);
    }
    return error;
}

/// A name, and where it leads.
struct name {
    pid_t thread;
    int is_new, is_our_root;
    char path[PATH_MAX], resolved[PATH_MAX];
};

static int resolve(void *opaque)
{
    struct name *name = opaque;
    char folder[PATH_MAX], *resolved = name->resolved;
    const char *path = name->path, *last = NULL;
    int is_new = name->is_new;
    if (is_new) {
        // A name that is to be made: what it is made in counts.
        const char *slash = strrchr(path, '/');
        last = slash ? slash + 1 : path;
        if (!*last || !strcmp(last, ".") || !strcmp(last, "..")) {
            return EXDEV;
        }
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
            slash ? path : ".");
        path = folder;
    }
    int found;
    int error = look_up(name->thread, path, is_new ? O_DIRECTORY : 0, &found, &name->is_our_root);
    if (error != 0) {
        return error;
    }
    error = path_of(found, resolved);
    close(found);
    if (error == 0 && is_new) {
        size_t length = strlen(resolved);
        if (length + strlen(last) + 2 > PATH_MAX) {
            return ENAMETOOLONG;
        }
        if (resolved[length - 1] != '/') {
            strcat(resolved, "/");
        }
        strcat(resolved, last);
    }
    return error;
}

int csupervise_resolve_name(
    pid_t thread, const char *path, int is_new, char resolved[static 4096], int *is_our_root)
{
    struct name name = {.thread = thread, .is_new = is_new};
    size_t length = strlen(path);
    if (length >= sizeof name.path) {
        return ENAMETOOLONG;
    }
    memcpy(name.path, path, length + 1);
    int error = csupervise_ask_aside(resolve, &name, sizeof name);
    memcpy(resolved, name.resolved, sizeof name.resolved);
    *is_our_root = name.is_our_root;
    return error;
}
