// A file that is replaced by a new one in one step: whoever reads it sees all of it, old or new.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CSupervise.h"

static int write_all(int file, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written == -1 && errno == EINTR) {
            continue;
        }
        if (written == -1) {
            return errno;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

int csupervise_replace_file(
    int directory, const char *name, const char *temporary, const void *bytes, size_t size)
{
    struct stat former;
    int exists = name != NULL && fstatat(directory, name, &former, AT_SYMLINK_NOFOLLOW) == 0;
    // Of a file that is not for everybody, no part is readable for a moment either.
    int file = openat(
        directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
        exists ? 0600 : 0666);
    if (file == -1) {
        return errno;
    }
    int error = write_all(file, bytes, size);
    if (error == 0 && exists) {
        // Only root can give a file away; what else fails leaves it the writer's.
        if (fchown(file, former.st_uid, former.st_gid) == -1 && errno != EPERM) {
            error = errno;
        }
        if (error == 0 && fchmod(file, former.st_mode & 07777) == -1) {
            error = errno;
        }
    }
    if (error == 0 && fsync(file) == -1 && errno != EINVAL) {
        error = errno;
    }
    close(file);
    if (error == 0 && name != NULL && renameat(directory, temporary, directory, name) == -1) {
        error = errno;
    }
    if (error != 0 || name == NULL) {
        unlinkat(directory, temporary, 0);
    }
    return error;
}
