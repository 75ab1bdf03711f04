/// tracer: looks at the supervising process from outside, and ends it.
///
///     tracer daemon PREFIX...   a daemon outlives its command; what is its tracer, when does it end?
///     tracer kill PREFIX...     kills the tracer of a tree of all sorts; does everything end?
///     tracer signals            as the command: sends its tracer every signal that can be ignored
///     tracer attach             as the command: reaches for its tracer in every way
///
/// With no PREFIX, or `env`, everything is as without `supervise`.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char *self;

static pid_t tracer_of(pid_t process)
{
    char path[32], line[256];
    int tracer = 0;
    snprintf(path, sizeof path, "/proc/%d/status", process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "TracerPid: %d", &tracer) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return tracer;
}

static int pidfd(pid_t process)
{
    return (int)syscall(SYS_pidfd_open, process, 0);
}

static void wait_for_end(const char *who, int descriptor)
{
    struct pollfd item = {.fd = descriptor, .events = POLLIN};
    printf("%s: %s\n", who, poll(&item, 1, 20000) == 1 ? "ended" : "lives on");
}

static pid_t start(char **prefix, const char *mode, int output)
{
    char *arguments[32];
    int count = 0;
    while (prefix[count] != NULL && count < 28) {
        arguments[count] = prefix[count];
        count++;
    }
    arguments[count++] = self;
    arguments[count++] = (char *)mode;
    arguments[count] = NULL;
    pid_t child = fork();
    if (child == 0) {
        dup2(output, 1);
        dup2(output, 2);
        execv(arguments[0], arguments);
        _exit(127);
    }
    return child;
}

static void show(pid_t tracer)
{
    char path[64], target[256];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/mem", tracer);
    printf("its memory is %s's\n", stat(path, &status) == 0 && status.st_uid == 0 ? "root" : "a user");
    printf("its session is %s\n", getsid(tracer) == getsid(0) ? "ours" : "its own");
    if (geteuid() != 0) {
        snprintf(path, sizeof path, "/proc/%d/fd", tracer);
        printf("its descriptors: %s\n", opendir(path) == NULL ? strerror(errno) : "readable");
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/cwd", tracer);
    ssize_t length = readlink(path, target, sizeof target - 1);
    printf("its directory: %.*s\n", length < 0 ? 0 : (int)length, target);
    for (int fd = 0; fd < 4096; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", tracer, fd);
        length = readlink(path, target, sizeof target - 1);
        if (length < 0) {
            continue;
        }
        target[length] = '\0';
        if (strncmp(target, "/memfd:", 7) != 0 && strncmp(target, "/proc", 5) != 0
            && strncmp(target, "anon_inode:[pid", 15) != 0) {
            printf("its descriptor %d: %s\n", fd, target);
        }
    }
}

static int make_daemon(void)
{
    if (fork() != 0) {
        return 4;
    }
    setsid();
    pid_t second = fork();
    if (second != 0) {
        _exit(0);
    }
    dprintf(1, "%d\n", getpid());
    for (int fd = 0; fd < 1024; fd++) {
        close(fd);
    }
    // Lives for as long as the test may take, and does not outlive it for long.
    alarm(60);
    for (;;) {
        pause();
    }
}

static int daemon_mode(char **prefix)
{
    int output[2];
    if (pipe2(output, O_CLOEXEC) == -1) {
        return 2;
    }
    pid_t child = start(prefix, "make-daemon", output[1]);
    close(output[1]);
    char text[4096] = "";
    size_t used = 0;
    for (;;) {
        struct pollfd item = {.fd = output[0], .events = POLLIN};
        if (poll(&item, 1, 20000) != 1) {
            printf("somebody holds the output\n");
            return 1;
        }
        ssize_t got = read(output[0], text + used, sizeof text - 1 - used);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("end of file, status %x\n", (unsigned)status);
    pid_t daemon = atoi(text);
    printf("daemon: %s\n", daemon > 1 && kill(daemon, 0) == 0 ? "lives" : text);
    pid_t tracer = tracer_of(daemon);
    int daemon_end = pidfd(daemon), tracer_end = tracer == 0 ? -1 : pidfd(tracer);
    if (tracer != 0) {
        show(tracer);
    }
    kill(daemon, SIGKILL);
    wait_for_end("daemon", daemon_end);
    if (tracer != 0) {
        wait_for_end("tracer", tracer_end);
    }
    return 0;
}

static void *for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static void *busy(void *unused)
{
    for (;;) {
        close(socket(AF_INET, SOCK_STREAM, 0));
    }
    return unused;
}

/// Daemons, stopped processes, threads, busy ones, one blocked in vfork: all hold the output.
static int make_tree(void)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) == -1) {
        return 2;
    }
    signal(SIGHUP, SIG_IGN);
    enum { KINDS = 5 };
    for (int kind = 0; kind < KINDS; kind++) {
        if (fork() != 0) {
            continue;
        }
        alarm(60);
        pthread_t thread;
        switch (kind) {
        case 0: setsid(); if (fork() != 0) { _exit(0); } alarm(60); break;
        case 1: pthread_create(&thread, NULL, for_ever, NULL); break;
        case 2: pthread_create(&thread, NULL, busy, NULL); break;
        case 3: setpgid(0, 0); break;
        default: if (write(ready[1], "r", 1) != 1) { _exit(2); }
                 if (vfork() == 0) { for_ever(NULL); } _exit(0);
        }
        if (write(ready[1], "r", 1) != 1) {
            _exit(2);
        }
        if (kind == 3) {
            raise(SIGSTOP);
        }
        if (kind == 2) {
            busy(NULL);
        }
        for_ever(NULL);
    }
    char bytes[KINDS];
    for (size_t got = 0; got < sizeof bytes;) {
        ssize_t now = read(ready[0], bytes, sizeof bytes - got);
        if (now <= 0) {
            return 2;
        }
        got += (size_t)now;
    }
    dprintf(1, "ready\n");
    for_ever(NULL);
    return 0;
}

static int kill_mode(char **prefix)
{
    int output[2];
    if (pipe2(output, O_CLOEXEC) == -1) {
        return 2;
    }
    pid_t child = start(prefix, "make-tree", output[1]);
    close(output[1]);
    char text[256];
    ssize_t got = read(output[0], text, sizeof text);
    printf("%.*s", got < 0 ? 0 : (int)got, text);
    pid_t tracer = tracer_of(child);
    printf("tracer: %s\n", tracer > 1 && kill(tracer, SIGKILL) == 0 ? "killed" : "none");
    // The end of file comes when the last process that has the output is gone.
    struct pollfd item = {.fd = output[0], .events = POLLIN};
    int gone = poll(&item, 1, 20000) == 1 && read(output[0], text, sizeof text) == 0;
    printf("tree: %s\n", gone ? "gone" : "lives on");
    if (!gone) {
        kill(child, SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("command: %s %d\n", WIFSIGNALED(status) ? "killed" : "exited",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 0;
}

static int signals_mode(void)
{
    pid_t tracer = tracer_of(getpid());
    for (int number = 1; number < NSIG && tracer > 1; number++) {
        switch (number) {
        // No process can ignore the first two; the others tell of faults of its own.
        case SIGKILL: case SIGSTOP: case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE:
        case SIGTRAP: case SIGABRT: case SIGSYS:
            break;
        default:
            kill(tracer, number);
        }
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("socket: %s\n", fd == -1 ? strerrorname_np(errno) : "made");
    return 0;
}

static const char *result(long value)
{
    return value == -1 ? strerrorname_np(errno) : "done";
}

static int attach_mode(void)
{
    pid_t tracer = tracer_of(getpid());
    char byte = 0, path[64];
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    printf("ptrace: %s\n", result(ptrace(PTRACE_SEIZE, tracer, 0, 0)));
    printf("process_vm_readv: %s\n", result(process_vm_readv(tracer, &here, 1, &there, 1, 0)));
    printf("process_vm_writev: %s\n", result(process_vm_writev(tracer, &here, 1, &there, 1, 0)));
    printf("pidfd_getfd: %s\n", result(syscall(SYS_pidfd_getfd, pidfd(tracer), 0, 0)));
    snprintf(path, sizeof path, "/proc/%d/mem", tracer);
    printf("memory: %s\n", result(open(path, O_RDWR)));
    return 0;
}

int main(int argc, char **argv)
{
    self = argv[0];
    const char *mode = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(mode, "daemon") == 0) {
        return daemon_mode(argv + 2);
    }
    if (strcmp(mode, "make-daemon") == 0) {
        return make_daemon();
    }
    if (strcmp(mode, "kill") == 0) {
        return kill_mode(argv + 2);
    }
    if (strcmp(mode, "make-tree") == 0) {
        return make_tree();
    }
    if (strcmp(mode, "signals") == 0) {
        return signals_mode();
    }
    if (strcmp(mode, "attach") == 0) {
        return attach_mode();
    }
    fprintf(stderr, "usage: tracer daemon|kill PREFIX... | tracer signals | tracer attach\n");
    return 2;
}
