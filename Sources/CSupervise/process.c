#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

int csupervise_fork(pid_t *child)
{
    *child = fork();
    return *child == -1 ? errno : 0;
}

int csupervise_fork_detached(pid_t *grandchild)
{
    // An orphan becomes the child of the nearest ancestor that asked for orphans. That must not be
    // the caller, which would show a child it knows nothing of; those above it stay as they are.
    int is_subreaper = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0);
    // The pipe carries the grandchild's number, or the error of the second fork.
    int report[2];
    if (pipe2(report, O_CLOEXEC) == -1) {
        return errno;
    }
    if (is_subreaper) {
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    }
    int error = 0;
    // clone(2) with no signal for the child's end. SIGCHLD would stay pending across exec where
    // the caller's mask blocks it, and could not be told from another child's.
    pid_t child = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
    if (child == -1) {
        error = errno;
    } else if (child == 0) {
        setsid();
        pid_t second = fork();
        if (second == 0) {
            close(report[0]);
            close(report[1]);
            *grandchild = 0;
            return 0;
        }
        int32_t message = second == -1 ? -errno : second;
        ssize_t written = write(report[1], &message, sizeof message);
        _exit(written == sizeof message ? 0 : 1);
    }
    close(report[1]);
    if (error == 0) {
        int32_t message = 0;
        ssize_t got;
        do {
            got = read(report[0], &message, sizeof message);
        } while (got == -1 && errno == EINTR);
        while (waitpid(child, NULL, __WALL) == -1 && errno == EINTR) {
        }
        if (got != sizeof message) {
            error = ECHILD;
        } else if (message < 0) {
            error = -message;
        } else {
            *grandchild = message;
        }
    }
    close(report[0]);
    if (is_subreaper) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    return error;
}

int csupervise_pidfd_open(pid_t process, int *descriptor)
{
    *descriptor = (int)syscall(SYS_pidfd_open, process, 0);
    return *descriptor == -1 ? errno : 0;
}

int csupervise_pidfd_open_thread(pid_t thread, int *descriptor)
{
    enum { PIDFD_THREAD_ = O_EXCL };
    *descriptor = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD_);
    return *descriptor == -1 ? errno : 0;
}

/// Whether the inode of a pidfd is its task's, and not the one that all anonymous files share.
static int are_pidfds_of_their_own(int pidfd)
{
    // PID_FS_MAGIC of <linux/magic.h>, Linux 6.9.
    enum { PIDFS_MAGIC = 0x50494446 };
    static int known;
    struct statfs file_system;
    if (known == 0 && fstatfs(pidfd, &file_system) == 0) {
        known = file_system.f_type == PIDFS_MAGIC ? 1 : -1;
    }
    return known == 1;
}

int csupervise_task_identity(pid_t thread, uint64_t *identity)
{
    int pidfd;
    int error = csupervise_pidfd_open_thread(thread, &pidfd);
    if (error != 0) {
        return error == EINVAL || error == ENOSYS ? ENOTSUP : error;
    }
    struct stat status;
    if (!are_pidfds_of_their_own(pidfd)) {
        error = ENOTSUP;
    } else if (fstat(pidfd, &status) == -1) {
        error = errno;
    } else {
        *identity = status.st_ino;
    }
    close(pidfd);
    return error;
}

int csupervise_pidfd_getfd(int pidfd, int target, int *descriptor)
{
    *descriptor = (int)syscall(SYS_pidfd_getfd, pidfd, target, 0);
    return *descriptor == -1 ? errno : 0;
}

int csupervise_is_thread_of(pid_t thread, pid_t process)
{
    // The kernel looks for the pair before it asks for permission: EPERM means "yes" too.
    return syscall(SYS_tgkill, process, thread, 0) == 0 || errno == EPERM;
}

int csupervise_kill(pid_t process, int signal)
{
    return kill(process, signal) == -1 ? errno : 0;
}

int csupervise_set_dumpable(int dumpable)
{
    return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) == -1 ? errno : 0;
}

int csupervise_set_no_new_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ? errno : 0;
}

int csupervise_set_ptracer(pid_t tracer)
{
    return prctl(PR_SET_PTRACER, (unsigned long)tracer, 0, 0, 0) == -1 ? errno : 0;
}

int csupervise_set_name(const char *name)
{
    return prctl(PR_SET_NAME, name, 0, 0, 0) == -1 ? errno : 0;
}

static int compare_descriptors(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

int csupervise_close_all_but(const int *keep, size_t count)
{
    int sorted[16];
    if (count > sizeof sorted / sizeof *sorted) {
        return E2BIG;
    }
    memcpy(sorted, keep, count * sizeof *keep);
    qsort(sorted, count, sizeof *sorted, compare_descriptors);
    unsigned first = 0;
    for (size_t index = 0; index < count; index++) {
        unsigned kept = (unsigned)sorted[index];
        if (kept > first && syscall(SYS_close_range, first, kept - 1, 0) == -1) {
            return errno;
        }
        first = kept + 1;
    }
    return syscall(SYS_close_range, first, UINT_MAX, 0) == -1 ? errno : 0;
}

int csupervise_clear_standard(int *descriptor)
{
    int former = *descriptor;
    if (former == -1) {
        return errno;
    }
    if (former > 2) {
        return 0;
    }
    *descriptor = fcntl(former, F_DUPFD_CLOEXEC, 3);
    int error = *descriptor == -1 ? errno : 0;
    close(former);
    return error;
}

int csupervise_null_standard_streams(void)
{
    int null = open("/dev/null", O_RDWR);
    if (null == -1) {
        return errno;
    }
    for (int stream = 0; stream < 3; stream++) {
        if (null != stream && dup2(null, stream) == -1) {
            return errno;
        }
    }
    if (null > 2) {
        close(null);
    }
    return 0;
}

void csupervise_ignore_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        switch (number) {
        case SIGCHLD: case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP:
        case SIGABRT: case SIGSYS:
            signal(number, SIG_DFL);
            break;
        default:
            signal(number, SIG_IGN);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void raise_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resource, &limit);
    }
}

void csupervise_raise_limits(void)
{
    raise_limit(RLIMIT_NOFILE);
    raise_limit(RLIMIT_CPU);
}

int csupervise_check_proc(void)
{
    struct statfs file_system;
    char number[16];
    if (statfs("/proc", &file_system) == -1) {
        return errno;
    }
    ssize_t length = readlink("/proc/self", number, sizeof number - 1);
    if (length == -1) {
        return errno;
    }
    number[length] = '\0';
    // The link gives the reader's number in the pid namespace that this /proc was mounted for.
    return file_system.f_type == PROC_SUPER_MAGIC && atoi(number) == getpid() ? 0 : ESRCH;
}

static volatile pid_t forward_to;

static void forward(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    if (info->si_code <= 0) {
        kill(forward_to, number);
    }
    errno = saved;
}

void csupervise_forward_signals(pid_t process)
{
    forward_to = process;
    for (int number = 1; number < NSIG; number++) {
        switch (number) {
        case SIGKILL: case SIGSTOP: case SIGCHLD: case SIGPIPE: case SIGXFSZ:
        case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP: case SIGABRT:
            break;
        default: {
            struct sigaction action = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO | SA_RESTART};
            sigaction(number, &action, NULL);
        }
        }
    }
}

int csupervise_channel(int descriptors[2])
{
    int low[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low) == -1) {
        return errno;
    }
    // Away from 0, 1 and 2, which may be closed and must then stay closed for the command.
    int error = 0;
    for (int side = 0; side < 2; side++) {
        descriptors[side] = low[side];
        int result = csupervise_clear_standard(&descriptors[side]);
        error = error != 0 ? error : result;
    }
    if (error != 0) {
        for (int side = 0; side < 2; side++) {
            if (descriptors[side] != -1) {
                close(descriptors[side]);
            }
        }
    }
    return error;
}

int csupervise_execute(const char *file, char *const *arguments, char *const *environment)
{
    if (strchr(file, '/') != NULL || *file == '\0') {
        execve(file, arguments, environment);
        return errno;
    }
    const char *list = NULL;
    for (char *const *entry = environment; *entry != NULL; entry++) {
        if (strncmp(*entry, "PATH=", 5) == 0) {
            list = *entry + 5;
            break;
        }
    }
    if (list == NULL) {
        list = "/bin:/usr/bin";
    }
    int result = ENOENT;
    size_t length = strlen(file);
    for (const char *folder = list;; folder++) {
        size_t width = strcspn(folder, ":");
        char path[PATH_MAX];
        if (width + 1 + length + 1 <= sizeof path) {
            // An empty entry is the working directory.
            memcpy(path, folder, width);
            size_t used = width;
            if (width > 0) {
                path[used++] = '/';
            }
            memcpy(path + used, file, length + 1);
            execve(path, arguments, environment);
            switch (errno) {
            case EACCES:
                result = EACCES;
                break;
            case ENOENT: case ENOTDIR: case ENAMETOOLONG: case ELOOP: case ESTALE: case ENODEV:
            case ETIMEDOUT:
                break;
            default:
                return errno;
            }
        }
        folder += width;
        if (*folder == '\0') {
            return result;
        }
    }
}

char **csupervise_environment(void)
{
    return environ;
}
