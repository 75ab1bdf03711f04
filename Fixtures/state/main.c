/// state: prints all that a program can see of how it was started.
///
///     state prepare [SETUP...] -- COMMAND...    sets the caller up, then executes the command
///     state show [ARGUMENT...]                  prints the state
///
/// `state prepare ... -- state show` natively and `state prepare ... -- supervise -- state show`
/// are to print the same. Numbers that differ from run to run are printed as what they are equal
/// to: `prepare` puts its own into the environment.
///
/// SETUP: block=N ignore=N raise=N (signals; raise after block leaves it pending) close=FD open=FD
/// umask=N nofile=N file-size=N setsid group subreaper dead-child live-child removed-directory alarm
/// parent-death=N
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int value(const char *text, const char *key, int *number)
{
    size_t length = strlen(key);
    if (strncmp(text, key, length) != 0 || text[length] != '=') {
        return 0;
    }
    *number = atoi(text + length + 1);
    return 1;
}

static void set_up(const char *step)
{
    int number;
    if (value(step, "block", &number)) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_BLOCK, &set, NULL);
    } else if (value(step, "ignore", &number)) {
        signal(number, SIG_IGN);
    } else if (value(step, "raise", &number)) {
        kill(getpid(), number);
    } else if (value(step, "close", &number)) {
        close(number);
    } else if (value(step, "open", &number)) {
        dup2(open("/dev/null", O_RDONLY), number);
    } else if (value(step, "umask", &number)) {
        umask((mode_t)number);
    } else if (value(step, "nofile", &number)) {
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)number, (rlim_t)number});
    } else if (value(step, "file-size", &number)) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){(rlim_t)number, RLIM_INFINITY});
    } else if (value(step, "parent-death", &number)) {
        prctl(PR_SET_PDEATHSIG, number);
    } else if (strcmp(step, "setsid") == 0) {
        setsid();
    } else if (strcmp(step, "group") == 0) {
        setpgid(0, 0);
    } else if (strcmp(step, "subreaper") == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    } else if (strcmp(step, "alarm") == 0) {
        alarm(1000);
    } else if (strcmp(step, "dead-child") == 0) {
        pid_t child = fork();
        if (child == 0) {
            _exit(7);
        }
        siginfo_t information;
        waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT);
    } else if (strcmp(step, "live-child") == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (int fd = 0; fd < 64; fd++) {
                close(fd);
            }
            while (getppid() == parent) {
                pause();
            }
            _exit(0);
        }
    } else if (strcmp(step, "removed-directory") == 0) {
        char path[] = "/tmp/supervise-removed-XXXXXX";
        if (mkdtemp(path) == NULL || chdir(path) == -1 || rmdir(path) == -1) {
            perror("removed-directory");
            exit(2);
        }
    } else {
        fprintf(stderr, "state: unknown setup '%s'\n", step);
        exit(2);
    }
}

static void remember(const char *name, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    setenv(name, text, 1);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int prepare(char **arguments)
{
    for (; *arguments != NULL && strcmp(*arguments, "--") != 0; arguments++) {
        set_up(*arguments);
    }
    if (*arguments == NULL || arguments[1] == NULL) {
        fprintf(stderr, "state: expected -- COMMAND\n");
        return 2;
    }
    remember("STATE_PID", getpid());
    remember("STATE_PARENT", getppid());
    remember("STATE_GROUP", getpgrp());
    remember("STATE_SESSION", getsid(0));
    // Two variables of one name, and one that is no variable: as the kernel would pass them on.
    char *odd[] = {"DOUBLE=1", "DOUBLE=2", "no variable", "BYTES=\xff\xfe\n"};
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    // In an order that is the same in each run, so that a change of it shows.
    qsort(environ, count, sizeof *environ, by_text);
    char **environment = calloc(count + 5, sizeof *environment);
    memcpy(environment, environ, count * sizeof *environment);
    memcpy(environment + count, odd, sizeof odd);
    execve(arguments[1], arguments + 1, environment);
    perror(arguments[1]);
    return 127;
}

static void compare(const char *what, const char *name, int number)
{
    const char *former = getenv(name);
    int same = former != NULL && atoi(former) == number;
    printf("%s: %s\n", what, same ? "unchanged" : "changed");
}

static void escaped(const char *what, const char *text)
{
    printf("%s: ", what);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        printf(byte > ' ' && byte < 0x7f ? "%c" : "%%%02x", byte);
    }
    printf("\n");
}

static void show_signals(void)
{
    sigset_t mask, pending;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigpending(&pending);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action = {0};
        sigaction(number, NULL, &action);
        printf("%s%s%s", sigismember(&mask, number) == 1 ? " blocked" : "",
               sigismember(&pending, number) == 1 ? " pending" : "",
               action.sa_handler == SIG_IGN ? " ignored" : "");
        if (sigismember(&mask, number) == 1 || sigismember(&pending, number) == 1
            || action.sa_handler == SIG_IGN) {
            printf(" %d\n", number);
        }
    }
}

static void show_descriptors(void)
{
    int hidden = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    for (int fd = 0; fd < 4096; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (fd == hidden || flags == -1) {
            continue;
        }
        char path[32], target[256] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        // pipe:[123]: the number is another one in each run.
        target[length < 0 ? 0 : (int)strcspn(target, "[")] = '\0';
        if (strncmp(target, "/dev/pts/", 9) == 0) {
            target[8] = '\0';
        }
        printf("descriptor %d: %s, flags %d, status %o\n", fd, target, flags, fcntl(fd, F_GETFL));
    }
    close(hidden);
}

static void show_children(void)
{
    for (;;) {
        int status;
        pid_t child = waitpid(-1, &status, __WALL | WNOHANG);
        if (child <= 0) {
            printf("children: %s\n", child == 0 ? "one lives" : strerror(errno));
            return;
        }
        printf("children: one ended with %x\n", (unsigned)status);
    }
}

static int show(int count, char **arguments)
{
    compare("process", "STATE_PID", getpid());
    compare("parent", "STATE_PARENT", getppid());
    compare("group", "STATE_GROUP", getpgrp());
    compare("session", "STATE_SESSION", getsid(0));
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
    printf("terminal: %s\n", terminal == -1 ? strerror(errno) : "yes");
    if (terminal != -1) {
        printf("in front: %d\n", tcgetpgrp(terminal) == getpgrp());
        close(terminal);
    }
    show_children();
    show_signals();
    int subreaper = -1, death = -1;
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    prctl(PR_GET_PDEATHSIG, &death);
    printf("subreaper %d, signal at the parent's death %d\n", subreaper, death);
    printf("dumpable %d, keeps capabilities %d, slack %d, personality %x, nice %d, alarm %d\n",
           prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS), prctl(PR_GET_TIMERSLACK),
           (unsigned)personality(0xffffffff), getpriority(PRIO_PROCESS, 0), alarm(0) > 0);
    for (int number = 0; number < RLIM_NLIMITS; number++) {
        struct rlimit limit = {0};
        getrlimit((__rlimit_resource_t)number, &limit);
        printf("limit %d: %lu %lu\n", number, limit.rlim_cur, limit.rlim_max);
    }
    show_descriptors();
    char directory[4096];
    printf("directory: %s\n", getcwd(directory, sizeof directory) ? directory : strerror(errno));
    mode_t mask = umask(0);
    printf("umask: %o\n", mask);
    printf("users: %d %d, groups: %d %d\n", getuid(), geteuid(), getgid(), getegid());
    for (int index = 0; index < count; index++) {
        escaped("argument", arguments[index]);
    }
    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, "STATE_", 6) != 0) {
            escaped("environment", *entry);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "prepare") == 0) {
        return prepare(argv + 2);
    }
    if (argc > 1 && strcmp(argv[1], "show") == 0) {
        return show(argc - 2, argv + 2);
    }
    fprintf(stderr, "usage: state prepare SETUP... -- COMMAND... | state show ARGUMENT...\n");
    return 2;
}
