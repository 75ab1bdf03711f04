#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

/// /proc, opened before there was any tracee; or what stands for the working directory, with paths
/// that begin at the root.
static int proc_directory = AT_FDCWD;

static const char proc_prefix[] = "/proc/";

int csupervise_proc_open(int *descriptor)
{
    *descriptor = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = csupervise_clear_standard(descriptor);
    proc_directory = error != 0 ? AT_FDCWD : *descriptor;
    return error;
}

/// Opens a path that begins with /proc/.
static int open_path(int *descriptor, int flags, const char *path)
{
    // O_PATH takes no other flags.
    flags |= (flags & O_PATH) != 0 ? O_CLOEXEC : O_CLOEXEC | O_NOCTTY;
    if (proc_directory == AT_FDCWD) {
        *descriptor = open(path, flags);
        return *descriptor == -1 ? errno : 0;
    }
    const char *below = path + sizeof proc_prefix - 1;
    struct open_how how = {.flags = (unsigned)flags, .resolve = RESOLVE_NO_XDEV};
    do {
        *descriptor = (int)syscall(SYS_openat2, proc_directory, below, &how, sizeof how);
        // EAGAIN: something was renamed or mounted meanwhile.
    } while (*descriptor == -1 && errno == EAGAIN);
    return *descriptor == -1 ? errno : 0;
}

/// Writes a number in digits; tells how many. The C library's way to do it is two thousand bytes of code.
static size_t put_number(char text[static 11], unsigned number)
{
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (size_t i = 0; i < count; i++) {
        text[i] = digits[count - 1 - i];
    }
    text[count] = '\0';
    return count;
}

int csupervise_open_of(int *descriptor, int flags, pid_t thread, const char *name)
{
    char path[64];
    memcpy(path, proc_prefix, sizeof proc_prefix);
    size_t used = sizeof proc_prefix - 1, length = strlen(name);
    used += put_number(path + used, (unsigned)thread);
    if (used + 1 + length >= sizeof path) {
        return ENAMETOOLONG;
    }
    if (length > 0) {
        path[used++] = '/';
        memcpy(path + used, name, length + 1);
    }
    return open_path(descriptor, flags, path);
}

static int read_whole(int descriptor, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got = 0;
    while (used < size - 1 && (got = read(descriptor, text + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    int error = got < 0 ? errno : 0;
    text[used] = '\0';
    close(descriptor);
    return error;
}

int csupervise_open_memory(pid_t thread, int *descriptor)
{
    return csupervise_open_of(descriptor, O_RDWR, thread, "mem");
}

int csupervise_open_maps(pid_t thread, int *descriptor)
{
    return csupervise_open_of(descriptor, O_RDONLY, thread, "maps");
}

int csupervise_identify(int directory, const char *name, int flags, struct statx *file)
{
    if (statx(directory, name, flags | AT_STATX_DONT_SYNC, 0, file) == -1) {
        return errno;
    }
    return (file->stx_mask & STATX_INO) != 0 ? 0 : EACCES;
}

int csupervise_identify_proc(struct statx *directory)
{
    return csupervise_identify(proc_directory, "", AT_EMPTY_PATH, directory);
}

int csupervise_is_one_file(const struct statx *one, const struct statx *other)
{
    return one->stx_ino == other->stx_ino && one->stx_dev_major == other->stx_dev_major
        && one->stx_dev_minor == other->stx_dev_minor;
}

int csupervise_program_of(pid_t thread, struct csupervise_program *program)
{
    struct statx file;
    int directory;
    int error = csupervise_open_of(&directory, O_PATH | O_DIRECTORY, thread, "");
    if (error != 0) {
        return error;
    }
    ssize_t length = -1;
    error = csupervise_identify(directory, "exe", 0, &file);
    if (error == 0) {
        length = readlinkat(directory, "exe", program->path, sizeof program->path);
        error = length == -1 ? errno : 0;
    }
    close(directory);
    if (error != 0) {
        return error;
    }
    program->major = file.stx_dev_major;
    program->minor = file.stx_dev_minor;
    program->inode = file.stx_ino;
    program->length = (size_t)length;
    return 0;
}

int csupervise_leads_to(const char *path, unsigned driver, unsigned unit, uint64_t inode)
{
    struct statx file;
    return csupervise_identify(AT_FDCWD, path, 0, &file) == 0 && file.stx_ino == inode
        && file.stx_dev_major == driver && file.stx_dev_minor == unit;
}

int csupervise_read_status_file(
    pid_t thread, const char *name, void *buffer, size_t size, size_t *length)
{
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, name);
    if (error != 0) {
        return error;
    }
    ssize_t got = 0;
    *length = 0;
    while (*length < size
           && (got = read(descriptor, (char *)buffer + *length, size - *length)) > 0) {
        *length += (size_t)got;
    }
    error = got < 0 ? errno : 0;
    close(descriptor);
    return error;
}

int csupervise_thread_name(pid_t thread, char name[static 64])
{
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, "comm");
    if (error == 0) {
        error = read_whole(descriptor, name, 64);
    }
    if (error == 0) {
        // The name may hold newlines of its own; only the last one is the kernel's.
        size_t length = strlen(name);
        if (length > 0 && name[length - 1] == '\n') {
            name[length - 1] = '\0';
        }
    }
    return error;
}

/// Reads /proc/THREAD/status; its size is bounded but for the lists of groups, which come late.
static int read_status(pid_t thread, char *text, size_t size)
{
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, "status");
    return error != 0 ? error : read_whole(descriptor, text, size);
}

/// The last number of the line that begins with `key`.
///
/// The thread's name in the first line cannot pass for a line: the kernel escapes newlines in it.
static int last_number(const char *text, const char *key, pid_t *number)
{
    const char *line = strstr(text, key);
    if (line == NULL) {
        return ENOENT;
    }
    line += strlen(key);
    int found = 0;
    while (*line != '\0' && *line != '\n') {
        char *end;
        long value = strtol(line, &end, 10);
        if (end == line) {
            break;
        }
        *number = (pid_t)value;
        found = 1;
        line = end;
    }
    return found ? 0 : ENOENT;
}

int csupervise_process_of(pid_t thread, pid_t *process, pid_t *parent)
{
    char text[4096];
    int error = read_status(thread, text, sizeof text);
    if (error == 0) {
        error = last_number(text, "\nTgid:", process);
    }
    return error != 0 ? error : last_number(text, "\nPPid:", parent);
}

int csupervise_start_time(pid_t thread, uint64_t *hundredths)
{
    char text[1024];
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, "stat");
    if (error == 0) {
        error = read_whole(descriptor, text, sizeof text);
    }
    if (error != 0) {
        return error;
    }
    // The thread's name is in parentheses, and can have some itself. Behind it, the twentieth number.
    const char *place = strrchr(text, ')');
    for (int field = 0; field < 20 && place != NULL; field++) {
        place = strchr(place + 1, ' ');
    }
    if (place == NULL) {
        return ENOENT;
    }
    *hundredths = strtoull(place, NULL, 10);
    return 0;
}

uint64_t csupervise_hundredths(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / 10000000;
}

int csupervise_identify_link(
    pid_t thread, const char *folder, const char *name, struct statx *file)
{
    int directory;
    int error = csupervise_open_of(&directory, O_PATH | O_DIRECTORY, thread, folder);
    if (error == 0) {
        error = csupervise_identify(directory, name, 0, file);
        close(directory);
    }
    return error;
}

int csupervise_own_number(pid_t thread, pid_t *process, int *same_namespace)
{
    char text[65536];
    struct statx theirs, ours;
    int error = read_status(thread, text, sizeof text);
    if (error == 0) {
        error = last_number(text, "\nNStgid:", process);
    }
    if (error != 0) {
        return error;
    }
    error = csupervise_identify_link(thread, "ns", "pid", &theirs);
    if (error == 0) {
        error = csupervise_identify_link(getpid(), "ns", "pid", &ours);
    }
    if (error != 0) {
        return error;
    }
    *same_namespace = csupervise_is_one_file(&theirs, &ours);
    return 0;
}

int csupervise_filter_count(pid_t thread, int *count)
{
    char text[65536];
    int error = read_status(thread != 0 ? thread : getpid(), text, sizeof text);
    return error != 0 ? error : last_number(text, "\nSeccomp_filters:", count);
}

int csupervise_ignores_signal(pid_t thread, int signal, int *ignores)
{
    // Of the files that tell it the one that the kernel writes fastest: `status` takes twice as long.
    char text[1024];
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY, thread, "stat");
    if (error != 0) {
        return error;
    }
    // One read gives all of it, or at least as much as is wanted.
    ssize_t size = read(descriptor, text, sizeof text - 1);
    error = size == -1 ? errno : 0;
    close(descriptor);
    if (error != 0) {
        return error;
    }
    text[size] = '\0';
    // The second field is the thread's name, which can hold anything; no other has a parenthesis. The
    // ignored signals are the 33rd.
    const char *field = strrchr(text, ')');
    for (int number = 2; field != NULL && number < 33; number++) {
        field = strchr(field + 1, ' ');
    }
    if (field == NULL) {
        return ENOENT;
    }
    *ignores = (int)(strtoull(field + 1, NULL, 10) >> (signal - 1) & 1);
    return 0;
}

/// A number of a thread's network namespace, which each has for itself: that of a file in /proc.
static int network_of(pid_t thread, ino_t *number)
{
    struct stat status;
    int file;
    // Unlike /proc/PID/ns/net, it can be looked at where the thread hides from its user.
    int error = csupervise_open_of(&file, O_PATH, thread, "net/unix");
    if (error == 0) {
        error = fstat(file, &status) == 0 ? 0 : errno;
        close(file);
    }
    *number = error == 0 ? status.st_ino : 0;
    return error;
}

int csupervise_shares_network(pid_t thread)
{
    ino_t theirs, ours;
    return network_of(thread, &theirs) == 0 && network_of(getpid(), &ours) == 0 && theirs == ours;
}

int csupervise_pidfd_target(pid_t thread, int descriptor, pid_t *process)
{
    char text[4096], name[24];
    int information;
    snprintf(name, sizeof name, "fdinfo/%d", descriptor);
    int error = csupervise_open_of(&information, O_RDONLY, thread, name);
    if (error == ENOENT) {
        return EBADF;
    }
    if (error == 0) {
        error = read_whole(information, text, sizeof text);
    }
    if (error != 0) {
        return error;
    }
    if (last_number(text, "\nPid:", process) != 0) {
        return EBADF;
    }
    if (*process < 0) {
        *process = 0;
    }
    return 0;
}

/// The folder of a thread's descriptors, not what may have been mounted over it.
static int open_descriptors(pid_t thread, DIR **folder)
{
    int descriptor;
    int error = csupervise_open_of(&descriptor, O_RDONLY | O_DIRECTORY, thread, "fd");
    if (error != 0) {
        return error;
    }
    *folder = fdopendir(descriptor);
    if (*folder == NULL) {
        error = errno;
        close(descriptor);
    }
    return error;
}

int csupervise_list_sockets(
    pid_t thread, struct csupervise_held_socket *sockets, size_t room, size_t *count)
{
    char link[64];
    const char prefix[] = "socket:[";
    DIR *folder;
    *count = 0;
    int error = open_descriptors(thread, &folder);
    if (error != 0) {
        return error;
    }
    struct dirent *entry;
    while ((errno = 0, entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        if (length == -1) {
            if (errno == ENOENT) {
                continue;
            }
            error = errno;
            break;
        }
        link[length] = '\0';
        if (strncmp(link, prefix, sizeof prefix - 1) != 0) {
            continue;
        }
        if (*count < room) {
            sockets[*count].number = atoi(entry->d_name);
            sockets[*count].inode = strtoull(link + sizeof prefix - 1, NULL, 10);
        }
        ++*count;
    }
    if (entry == NULL && errno != 0) {
        error = errno;
    }
    closedir(folder);
    return error;
}

/// Whether a thread has a descriptor whose link in /proc reads so; -1 where the kernel does not tell.
static int holds(pid_t thread, const char *wanted)
{
    char link[64];
    DIR *folder;
    int found = open_descriptors(thread, &folder);
    if (found != 0) {
        return found == ENOENT || found == ESRCH ? 0 : -1;
    }
    struct dirent *entry;
    while (found == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        if (length == -1) {
            found = errno == ENOENT || errno == ESRCH ? 0 : -1;
            continue;
        }
        link[length] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    if (found == 0 && errno != 0 && errno != ENOENT && errno != ESRCH) {
        found = -1;
    }
    closedir(folder);
    return found;
}

int csupervise_holds_socket(pid_t thread, uint64_t inode)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "socket:[%llu]", (unsigned long long)inode);
    return holds(thread, wanted);
}

int csupervise_holds_ring(pid_t thread)
{
    return holds(thread, "anon_inode:[io_uring]");
}

int csupervise_shares_descriptors(pid_t one, pid_t other)
{
    return syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0) == 0;
}

int csupervise_inode(int descriptor, uint64_t *inode)
{
    struct statx file;
    int error = csupervise_identify(descriptor, "", AT_EMPTY_PATH, &file);
    *inode = error == 0 ? file.stx_ino : 0;
    return error;
}

uint64_t csupervise_option_memory_limit(void)
{
    char text[32] = "";
    int descriptor;
    if (open_path(&descriptor, O_RDONLY, "/proc/sys/net/core/optmem_max") != 0) {
        return 131072;
    }
    return read_whole(descriptor, text, sizeof text) == 0 ? strtoull(text, NULL, 10) : 131072;
}
