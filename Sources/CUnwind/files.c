// Files that a traced program runs or maps.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "CUnwind.h"

int cunwind_open_file(const char *path, int *descriptor)
{
    *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return *descriptor == -1 ? errno : 0;
}

void cunwind_close_file(int descriptor)
{
    if (descriptor >= 0) {
        close(descriptor);
    }
}

int cunwind_inspect_file(int descriptor, struct cunwind_file *file)
{
    struct stat status;
    if (fstat(descriptor, &status) == -1) {
        return errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return EINVAL;
    }
    *file = (struct cunwind_file){
        .size = (uint64_t)status.st_size, .inode = status.st_ino,
        .modified = (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec,
        .changed = (uint64_t)status.st_ctim.tv_sec * 1000000000 + (uint64_t)status.st_ctim.tv_nsec,
        .major = major(status.st_dev), .minor = minor(status.st_dev),
    };
    return 0;
}

size_t cunwind_read_file(int descriptor, uint64_t offset, void *buffer, size_t count)
{
    size_t done = 0;
    while (done < count && offset + done <= INT64_MAX) {
        ssize_t got = pread(descriptor, (char *)buffer + done, count - done, (off_t)(offset + done));
        if (got <= 0) {
            if (got == -1 && errno == EINTR) {
                continue;
            }
            break;
        }
        done += (size_t)got;
    }
    return done;
}
