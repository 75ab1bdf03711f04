/// parent: prints what a parent sees of a child that ends, stops and goes on in every way.
///
///     parent endings [PREFIX...]     all exit statuses, all signals
///     parent stops [PREFIX...]       stops and continues, from inside and outside, by group
///     parent told COMMAND...         the child's end, then what its standard error holds
///
/// Each child is this program again, started as `PREFIX... parent child KIND`, so that the output
/// can be compared with and without `supervise --` as the prefix. Of a core dump it says nothing.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char **prefix;
static int prefix_count;
static char *self;

static pid_t start(const char *kind, const char *argument)
{
    char *arguments[64];
    int count = 0;
    for (; count < prefix_count && count < 58; count++) {
        arguments[count] = prefix[count];
    }
    arguments[count++] = self;
    arguments[count++] = "child";
    arguments[count++] = (char *)kind;
    arguments[count++] = (char *)argument;
    arguments[count] = NULL;
    pid_t child = fork();
    if (child == 0) {
        execv(arguments[0], arguments);
        _exit(127);
    }
    return child;
}

static void print_end(int status)
{
    if (WIFEXITED(status)) {
        printf(" exited %d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        printf(" killed %d", WTERMSIG(status));
    } else if (WIFSTOPPED(status)) {
        printf(" stopped %d", WSTOPSIG(status));
    } else if (WIFCONTINUED(status)) {
        printf(" continued");
    }
}

/// Waits for the child's next change and tells it, and whether it is over.
static int follow(pid_t child)
{
    int status;
    if (waitpid(child, &status, WUNTRACED | WCONTINUED) == -1) {
        printf(" error %d", errno);
        return 1;
    }
    print_end(status);
    return WIFEXITED(status) || WIFSIGNALED(status);
}

static int endings(void)
{
    char number[16];
    for (int status = 0; status < 256; status++) {
        snprintf(number, sizeof number, "%d", status);
        pid_t child = start("exit", number);
        printf("exit %d:", status);
        while (!follow(child)) {
        }
        printf("\n");
    }
    for (int signal = 1; signal < 65; signal++) {
        // Stops are another matter; 32 and 33 are the C library's own.
        if (signal == 32 || signal == 33 || (signal >= SIGSTOP && signal <= SIGTTOU)) {
            continue;
        }
        snprintf(number, sizeof number, "%d", signal);
        pid_t child = start("signal", number);
        printf("signal %d:", signal);
        while (!follow(child)) {
        }
        printf("\n");
    }
    for (const char **kind = (const char *[]){"thread-exits", "leader-left", "thread-killed", NULL};
         *kind != NULL; kind++) {
        pid_t child = start(*kind, "9");
        printf("%s:", *kind);
        while (!follow(child)) {
        }
        printf("\n");
    }
    printf("afterwards: %s\n", waitpid(-1, NULL, __WALL) == -1 ? strerror(errno) : "a child");
    return 0;
}

/// The child says over the pipe at descriptor 9 that it is ready for a signal from outside.
static pid_t start_ready(const char *kind)
{
    int ready[2];
    if (pipe(ready) == -1) {
        exit(2);
    }
    dup2(ready[1], 9);
    close(ready[1]);
    pid_t child = start(kind, "0");
    close(9);
    char byte;
    if (read(ready[0], &byte, 1) != 1) {
        printf(" not ready");
    }
    close(ready[0]);
    return child;
}

static int stops(void)
{
    for (const char **signal = (const char *[]){"19", "20", "21", "22", NULL}; *signal; signal++) {
        // It goes on only to the end of a pipe: once it has exited, nobody is told that it went on.
        int gate[2];
        if (pipe2(gate, O_CLOEXEC) == -1 || dup2(gate[0], 8) == -1) {
            exit(2);
        }
        close(gate[0]);
        pid_t child = start("stop", *signal);
        close(8);
        printf("stops itself by %s:", *signal);
        follow(child);
        kill(child, SIGCONT);
        follow(child);
        close(gate[1]);
        while (!follow(child)) {
        }
        printf("\n");
    }
    static const char *const kinds[] = {"waits", "waits-with-thread", "waits-with-child", NULL};
    for (int kind = 0; kinds[kind] != NULL; kind++) {
        for (int signal = SIGSTOP; signal <= SIGTTOU; signal++) {
            for (int group = 0; group < 2; group++) {
                printf("%s, %s by %d:", kinds[kind], group ? "group" : "process", signal);
                pid_t child = start_ready(kinds[kind]);
                pid_t target = group ? -child : child;
                for (int times = 0; times < 2; times++) {
                    kill(target, signal);
                    follow(child);
                    kill(target, SIGCONT);
                    follow(child);
                }
                kill(target, signal);
                follow(child);
                // Pending while it is stopped; that it goes on first is over before it can be seen.
                kill(target, SIGTERM);
                kill(target, SIGCONT);
                int status = 0;
                waitpid(child, &status, 0);
                print_end(status);
                kill(-child, SIGKILL);
                printf("\n");
            }
        }
    }
    pid_t child = start_ready("waits");
    printf("killed while stopped:");
    kill(child, SIGSTOP);
    follow(child);
    kill(child, SIGKILL);
    follow(child);
    printf("\n");
    return 0;
}

static int told(char **arguments)
{
    int error[2];
    if (pipe2(error, O_CLOEXEC) == -1) {
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(error[1], 2);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(error[1]);
    int status;
    if (waitpid(child, &status, 0) != child) {
        return 2;
    }
    // What is not there by now comes after the shell's prompt.
    fcntl(error[0], F_SETFL, O_NONBLOCK);
    char text[65536];
    size_t used = 0;
    ssize_t got;
    while ((got = read(error[0], text + used, sizeof text - used)) > 0) {
        used += (size_t)got;
    }
    printf("end:");
    print_end(status);
    printf("\nthen: %s\n%.*s", got == 0 ? "end of file" : strerror(errno), (int)used, text);
    return 0;
}

static void *end_all(void *status)
{
    exit((int)(intptr_t)status);
}

static void *end_all_later(void *status)
{
    // The first thread is gone when its directory says zombie.
    for (;;) {
        char text[256] = "", path[64];
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fgets(text, sizeof text, file) == NULL) {
                text[0] = '\0';
            }
            fclose(file);
        }
        const char *state = strrchr(text, ')');
        if (state != NULL && state[2] == 'Z') {
            _exit((int)(intptr_t)status);
        }
        usleep(1000);
    }
}

static void *kill_all(void *unused)
{
    kill(getpid(), SIGKILL);
    return unused;
}

static void *wait_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static void be_ready(void)
{
    if (write(9, "r", 1) != 1) {
        _exit(2);
    }
    close(9);
    wait_for_ever(NULL);
}

static int child(const char *kind, int number)
{
    pthread_t thread;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strcmp(kind, "exit") == 0) {
        _exit(number);
    }
    if (strcmp(kind, "signal") == 0) {
        // A runtime that the build links in may have taken the signal to print a backtrace.
        signal(number, SIG_DFL);
        kill(getpid(), number);
        _exit(0);
    }
    if (strcmp(kind, "stop") == 0) {
        // In a group of its own whose session lives, or the terminal's stops do nothing.
        setpgid(0, 0);
        kill(getpid(), number);
        char byte;
        _exit(read(8, &byte, 1) == 0 ? 3 : 4);
    }
    if (strcmp(kind, "thread-exits") == 0) {
        pthread_create(&thread, NULL, end_all, (void *)(intptr_t)number);
        wait_for_ever(NULL);
    }
    if (strcmp(kind, "leader-left") == 0) {
        pthread_create(&thread, NULL, end_all_later, (void *)(intptr_t)number);
        pthread_exit(NULL);
    }
    if (strcmp(kind, "thread-killed") == 0) {
        pthread_create(&thread, NULL, kill_all, NULL);
        wait_for_ever(NULL);
    }
    setpgid(0, 0);
    if (strcmp(kind, "waits-with-thread") == 0) {
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    }
    if (strcmp(kind, "waits-with-child") == 0 && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(9);
        wait_for_ever(NULL);
    }
    be_ready();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "child") == 0) {
        return child(argv[2], atoi(argv[3]));
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    self = argv[0];
    prefix = argv + 2;
    prefix_count = argc - 2;
    int result = 2;
    if (argc > 1 && strcmp(argv[1], "endings") == 0) {
        result = endings();
    } else if (argc > 1 && strcmp(argv[1], "stops") == 0) {
        result = stops();
    } else if (argc > 2 && strcmp(argv[1], "told") == 0) {
        result = told(argv + 2);
    } else {
        fprintf(stderr, "usage: parent endings|stops [PREFIX...] | parent told COMMAND...\n");
    }
    fflush(stdout);
    return result;
}
