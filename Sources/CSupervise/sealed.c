#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "CSupervise.h"
#include "mapping.h"
#include "message.h"
#include "proc.h"

// <linux/fcntl.h>, Linux 5.1.
#define SEAL_FUTURE_WRITE 0x0010
// mseal(2), Linux 6.10; the same number in both ABIs.
enum { NUMBER_MSEAL = 462 };
// The memory's name, and what the kernel makes of it where it shows a mapping.
#define NAME "supervise"
#define SHOWN_NAME "/memfd:" NAME " (deleted)"

/// ftruncate(2), for which RLIMIT_FSIZE counts as for a file on a disk: the soft limit is raised for the
/// moment, and a hard one that is too low is no reason to die of SIGXFSZ.
static int set_size(int descriptor, size_t size)
{
    struct rlimit former;
    if (getrlimit(RLIMIT_FSIZE, &former) == -1) {
        return -1;
    }
    struct rlimit raised = {former.rlim_max, former.rlim_max};
    if (former.rlim_max < size) {
        errno = EFBIG;
        return -1;
    }
    setrlimit(RLIMIT_FSIZE, &raised);
    int result = ftruncate(descriptor, (off_t)size);
    int error = errno;
    setrlimit(RLIMIT_FSIZE, &former);
    errno = error;
    return result;
}

int csupervise_sealed_memory_create(size_t size, struct csupervise_sealed_memory *memory)
{
    int writable = memfd_create(NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (writable == -1) {
        return errno;
    }
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/proc/self/fd/%d", writable);
    memory->size = size;
    memory->descriptor = -1;
    memory->writable = MAP_FAILED;
    int error = 0;
    if (set_size(writable, size) == -1
        || (memory->writable = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0))
            == MAP_FAILED
        // A child of the tracer's, such as the one that takes stacks, must not be able to write it.
        || madvise(memory->writable, size, MADV_DONTFORK) == -1
        || fcntl(writable, F_ADD_SEALS,
               SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == -1
        || (memory->descriptor = open(path, O_RDONLY | O_CLOEXEC)) == -1
        || (errno = csupervise_clear_standard(&memory->descriptor)) != 0
        || fstat(writable, &status) == -1) {
        error = errno;
        if (memory->writable != MAP_FAILED) {
            munmap(memory->writable, size);
        }
        if (memory->descriptor != -1) {
            close(memory->descriptor);
        }
    } else {
        memory->device = status.st_dev;
        memory->inode = status.st_ino;
    }
    close(writable);
    return error;
}

int csupervise_has_mseal(void)
{
    // An empty range is success where the call exists.
    return syscall(NUMBER_MSEAL, 0, 0, 0) == 0;
}

/// The beginning of the next line, with its end where there is room for all of it; NULL at the end.
///
/// A path can be longer than any room for it, and anything can stand in it: what is left of a line must not
/// be taken for one of the kernel's.
static char *next_line(char *line, int size, FILE *file)
{
    if (fgets(line, size, file) == NULL) {
        return NULL;
    }
    if (strchr(line, '\n') == NULL) {
        int rest;
        do {
            rest = getc(file);
        } while (rest != EOF && rest != '\n');
    }
    return line;
}

int csupervise_is_sealed_mapping(
    int maps, uint64_t address, const struct csupervise_sealed_memory *memory)
{
    // A System V segment's identifier, which can be chosen, is its inode's number, on this very device.
    // All else there has a number of 64 bits that is given only once (Linux 5.9). The name tells which.
    char name[sizeof SHOWN_NAME] = "";
    struct mapping_query query = {
        .size = sizeof query,
        .query_address = address,
        .name_size = sizeof name,
        .name_address = (uintptr_t)name,
    };
    if (ioctl(maps, MAPPING_QUERY, &query) == 0) {
        return query.start == address && query.end == address + memory->size && query.offset == 0
            && memcmp(name, SHOWN_NAME, sizeof name) == 0 && query.inode == memory->inode
            && makedev(query.device_major, query.device_minor) == memory->device
            && (query.flags & (MAPPING_READABLE | MAPPING_WRITABLE | MAPPING_SHARED))
                == (MAPPING_READABLE | MAPPING_SHARED);
    }
    if (errno != ENOTTY) {
        return 0;
    }
    int copy = dup(maps);
    FILE *file = copy == -1 ? NULL : fdopen(copy, "r");
    if (file == NULL) {
        if (copy != -1) {
            close(copy);
        }
        return 0;
    }
    rewind(file);
    int found = 0;
    char line[5000];
    while (!found && next_line(line, sizeof line, file) != NULL) {
        uint64_t start, end, offset, inode;
        unsigned major_number, minor_number;
        char flags[5];
        int name_start = 0;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
                &start, &end, flags, &offset, &major_number, &minor_number, &inode, &name_start)
                == 7
            && start == address) {
            found = end == address + memory->size && offset == 0 && inode == memory->inode
                && strcmp(line + name_start, SHOWN_NAME "\n") == 0
                && makedev(major_number, minor_number) == memory->device
                && strncmp(flags, "r-", 2) == 0 && flags[3] == 's';
            break;
        }
    }
    fclose(file);
    return found;
}

int csupervise_is_low_memory_reserved(int maps)
{
    char line[128];
    ssize_t count = pread(maps, line, sizeof line - 1, 0);
    if (count <= 0) {
        return 0;
    }
    line[count] = '\0';
    uint64_t start, end, inode;
    char flags[5];
    // As low as mmap(2) goes, with what vm.mmap_min_addr commonly says.
    return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64, &start, &end, flags,
               &inode) == 4
        && start <= 0x10000 && end >= (uint64_t)1 << 32 && strcmp(flags, "---p") == 0
        && inode == 0;
}

int csupervise_mapping_fate(pid_t thread, uint64_t address, int *sealed, int *inherited)
{
    char line[5000];
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, "smaps");
    if (error != 0) {
        return error;
    }
    FILE *file = fdopen(descriptor, "r");
    if (file == NULL) {
        error = errno;
        close(descriptor);
        return error;
    }
    int is_it = 0;
    error = ENOENT;
    while (next_line(line, sizeof line, file) != NULL) {
        uint64_t start, end;
        char flags[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, flags) == 3) {
            if (is_it || start > address) {
                break;
            }
            is_it = start == address;
        } else if (is_it && strncmp(line, "VmFlags:", 8) == 0) {
            *sealed = strstr(line, " sl") != NULL;
            *inherited = strstr(line, " dc") == NULL;
            error = 0;
            break;
        }
    }
    fclose(file);
    return error;
}

int csupervise_queue_descriptor(int socket, int descriptor)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof name;
    int domain = 0, type = 0;
    socklen_t size = sizeof domain;
    // Which socket the number stood for is the tracee's to choose. A stream socket's connect can wait for
    // ever, and a path would be looked up with the supervisor's root, directory and rights.
    if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == -1
        || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == -1) {
        return errno;
    }
    if (domain != AF_UNIX || type != SOCK_DGRAM) {
        return EPROTOTYPE;
    }
    // A name of the kernel's choice, so that the socket can be connected to itself: nobody else can send
    // it anything then. A socket that has a name keeps it, and a name is one socket's alone.
    if (bind(socket, (struct sockaddr *)&name, sizeof name.sun_family) == -1
        || getsockname(socket, (struct sockaddr *)&name, &length) == -1) {
        return errno;
    }
    if (length <= offsetof(struct sockaddr_un, sun_path) || name.sun_path[0] != '\0') {
        return EADDRNOTAVAIL;
    }
    if (connect(socket, (struct sockaddr *)&name, length) == -1) {
        return errno;
    }
    // By now nobody else can put anything there. A new socket has nothing in its queue; what another one has,
    // descriptors that linger, the supervisor may be the last to close.
    if (!csupervise_is_queue_empty(socket)) {
        return EPROTOTYPE;
    }
    char byte = 0;
    struct iovec vector = {&byte, 1};
    union descriptor_room control = {{0}};
    struct msghdr message = descriptor_message(&vector, &control);
    // Not to whom it is connected by now.
    message.msg_name = &name;
    message.msg_namelen = length;
    hold_descriptor(&control, descriptor);
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == -1 ? errno : 0;
}

int csupervise_write_at(int descriptor, const void *buffer, size_t count, uint64_t offset)
{
    size_t done = 0;
    while (done < count) {
        ssize_t put = pwrite64(descriptor, (const char *)buffer + done, count - done,
            (off64_t)(offset + done));
        if (put > 0) {
            done += (size_t)put;
        } else if (put == 0) {
            return EIO;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int csupervise_raise_limit_of(
    pid_t process, uint64_t extra, int beyond_hard, uint64_t *soft, uint64_t *hard)
{
    struct rlimit64 limit;
    if (prlimit64(process, RLIMIT_NOFILE, NULL, &limit) == -1) {
        return errno;
    }
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    struct rlimit64 raised = {limit.rlim_cur + extra, limit.rlim_max};
    if (raised.rlim_cur > raised.rlim_max) {
        // Only the superuser may go beyond the hard limit.
        if (!beyond_hard) {
            return EPERM;
        }
        raised.rlim_max = raised.rlim_cur;
    }
    return prlimit64(process, RLIMIT_NOFILE, &raised, NULL) == -1 ? errno : 0;
}

int csupervise_set_limit_of(pid_t process, uint64_t soft, uint64_t hard)
{
    struct rlimit64 limit = {soft, hard};
    return prlimit64(process, RLIMIT_NOFILE, &limit, NULL) == -1 ? errno : 0;
}
