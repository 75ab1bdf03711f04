/// tree: makes processes and threads in every way the kernel has and prints what came of it.
///
///     tree SCENARIO
///
/// The output is the same with and without `supervise`; only `untraced`, and what `net` prints,
/// tell of it: `net` makes a judged call, socket(AF_INET), and prints its error.
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *self;

static const char *net(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1) {
        return strerrorname_np(errno);
    }
    close(fd);
    return "allowed";
}

static void end(pid_t child, const char *what)
{
    int status = 0;
    pid_t ended = waitpid(child, &status, __WALL);
    printf("%s: %s, status %x\n", what, ended == -1 ? strerrorname_np(errno) : "waited for",
           (unsigned)status);
    fflush(stdout);
}

static int in_child(void *unused)
{
    (void)unused;
    dprintf(1, "child's net: %s\n", net());
    return 5;
}

static void *in_thread(void *unused)
{
    (void)unused;
    return (void *)net();
}

static void again(const char *scenario)
{
    // Not /proc/self: it is the first thread's, which may be gone.
    execl("/proc/thread-self/exe", self, scenario, (char *)NULL);
    _exit(126);
}

static pid_t raw_clone(unsigned long flags)
{
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
}

static pid_t raw_clone3(uint64_t flags, int signal)
{
    struct clone_args arguments = {.flags = flags, .exit_signal = (uint64_t)signal};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static char stacks[4][65536] __attribute__((aligned(16)));

static void forks(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(in_child(NULL));
    }
    end(child, "fork");
    child = vfork();
    if (child == 0) {
        _exit(6);
    }
    end(child, "vfork");
    child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", self, "net", (char *)NULL);
        _exit(126);
    }
    end(child, "vfork and exec");
    signal(SIGUSR1, SIG_IGN);
    child = clone(in_child, stacks[0] + sizeof stacks[0], CLONE_VM | SIGUSR1, NULL);
    end(child, "clone with the memory shared");
    child = clone(in_child, stacks[0] + sizeof stacks[0], CLONE_FILES | CLONE_FS, NULL);
    end(child, "clone without a signal");
    child = clone(in_child, stacks[0] + sizeof stacks[0], CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    end(child, "clone as vfork");
    child = raw_clone3(0, SIGCHLD);
    if (child == 0) {
        _exit(in_child(NULL));
    }
    end(child, "clone3");
    child = raw_clone3(CLONE_CLEAR_SIGHAND, SIGCHLD);
    if (child == 0) {
        again("net");
    }
    end(child, "clone3 and exec");
    // The new process is its maker's sister.
    child = fork();
    if (child == 0) {
        pid_t sister = raw_clone(CLONE_PARENT | SIGCHLD);
        if (sister == 0) {
            net();
            _exit(5);
        }
        _exit(waitpid(sister, NULL, __WALL) == -1 && errno == ECHILD ? 0 : 1);
    }
    end(child, "maker of a sister");
    end(-1, "sister");
}

static void untraced(void)
{
    pid_t child = raw_clone(CLONE_UNTRACED | SIGCHLD);
    if (child == 0) {
        _exit(in_child(NULL));
    }
    end(child, "untraced");
}

/// No event tells of the child, but it has its maker's tracer.
static void untold(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    pid_t child = raw_clone(CLONE_PTRACE | CLONE_UNTRACED | SIGCHLD);
    if (child == 0) {
        // A judged call with a name, which cannot be read.
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name);
        _exit(in_child(NULL));
    }
    end(child, "untold");
}

static int thread_ended;

static int in_odd_thread(void *unused)
{
    (void)unused;
    dprintf(1, "thread's net: %s\n", net());
    syscall(SYS_exit, 0);
    return 0;
}

/// CLONE_THREAD with an exit signal: the event is a fork's, the child a thread.
static void odd_thread(void)
{
    thread_ended = 1;
    clone(in_odd_thread, stacks[1] + sizeof stacks[1],
          CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
              | CLONE_CHILD_CLEARTID | SIGCHLD,
          NULL, NULL, NULL, &thread_ended);
    while (__atomic_load_n(&thread_ended, __ATOMIC_ACQUIRE) != 0) {
        usleep(1000);
    }
    end(-1, "nobody");
}

static void *execs(void *scenario)
{
    char process[16];
    snprintf(process, sizeof process, "%d", getpid());
    setenv("TREE_PID", process, 1);
    again(scenario);
    return NULL;
}

static void *waits(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static void *calls_for_ever(void *unused)
{
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd != -1) {
            close(fd);
        }
    }
    return unused;
}

static void *executed_by_third(void *scenario)
{
    pthread_t threads[4];
    for (int index = 0; index < 4; index++) {
        pthread_create(&threads[index], NULL, index < 2 ? waits : calls_for_ever, NULL);
    }
    return execs(scenario);
}

static pthread_t first;

static void *outlives(void *unused)
{
    pthread_join(first, NULL);
    for (int index = 0; index < 100; index++) {
        net();
    }
    exit(7);
    return unused;
}

/// The first thread leaves, and another one ends the process.
static void leader_gone(void)
{
    pthread_t thread;
    first = pthread_self();
    pthread_create(&thread, NULL, outlives, NULL);
    pthread_exit(NULL);
}

static void after_exec(void)
{
    const char *former = getenv("TREE_PID");
    printf("pid %s, net %s\n", former && atoi(former) == getpid() ? "stays" : "changed", net());
}

static void from_thread(void *(*body)(void *), int leader_leaves)
{
    pthread_t thread;
    pthread_create(&thread, NULL, body, "after-exec");
    if (leader_leaves) {
        pthread_exit(NULL);
    }
    calls_for_ever(NULL);
}

static int bomb(int depth)
{
    for (int side = 0; depth > 0 && side < 2; side++) {
        if (fork() == 0) {
            _exit(bomb(depth - 1));
        }
    }
    int status, result = strcmp(net(), getenv("TREE_NET") ? getenv("TREE_NET") : "") ? 1 : 0;
    while (wait(&status) != -1) {
        result |= status != 0;
    }
    return result;
}

static void many_processes(void)
{
    int bad = 0;
    for (int index = 0; index < 2000; index++) {
        pid_t child = index % 2 == 0 ? fork() : vfork();
        if (child == 0) {
            _exit(index & 0xff);
        }
        int status;
        bad += waitpid(child, &status, 0) != child || WEXITSTATUS(status) != (index & 0xff);
    }
    printf("%d of 2000 ended wrongly\n", bad);
}

static pthread_barrier_t barrier;

static void *at_barrier(void *unused)
{
    pthread_barrier_wait(&barrier);
    const char *result = "";
    for (int index = 0; index < 10; index++) {
        result = in_thread(unused);
    }
    return (void *)result;
}

static void many_threads(void)
{
    enum { COUNT = 1000 };
    static pthread_t threads[COUNT];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_barrier_init(&barrier, NULL, COUNT);
    int started = 0, same = 0;
    for (; started < COUNT; started++) {
        if (pthread_create(&threads[started], &small, at_barrier, NULL) != 0) {
            break;
        }
    }
    for (int index = 0; index < started; index++) {
        void *result;
        pthread_join(threads[index], &result);
        same += strcmp(result, net()) == 0;
    }
    printf("%d threads, %d with the same answer: %s\n", started, same, net());
}

static void exec_chain(void)
{
    const char *text = getenv("TREE_LEFT");
    int left = text ? atoi(text) : 200;
    if (left == 0) {
        printf("the end of the chain: %s\n", net());
        return;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", left - 1);
    setenv("TREE_LEFT", number, 1);
    again("exec-chain");
}

/// Processes and threads that are killed while they stand in every kind of stop.
static void deaths(void)
{
    int killed = 0;
    for (int round = 0; round < 300; round++) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            switch (round % 6) {
            case 0: calls_for_ever(NULL); break;
            case 1: for (;;) { pid_t next = fork(); if (next == 0) { _exit(0); } wait(NULL); }
            case 2: close(1); from_thread(executed_by_third, round % 4); break;
            case 3: kill(getpid(), SIGSTOP); waits(NULL); break;
            case 4: for (;;) { signal(SIGUSR1, SIG_IGN); kill(getpid(), SIGUSR1); }
            default: for (;;) { pthread_t next; pthread_create(&next, NULL, in_thread, NULL);
                                pthread_join(next, NULL); }
            }
        }
        usleep((useconds_t)(round * 37 % 2000));
        kill(child, SIGKILL);
        int status;
        // The one that executes another program may have come to its end.
        killed += waitpid(child, &status, 0) == child
            && (WIFSIGNALED(status) || (round % 6 == 2 && WIFEXITED(status)));
    }
    printf("%d of 300 are gone\n", killed);
}

int main(int argc, char **argv)
{
    self = argv[0];
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "net") == 0) {
        printf("net: %s\n", net());
    } else if (strcmp(name, "forks") == 0) {
        forks();
    } else if (strcmp(name, "untraced") == 0) {
        untraced();
    } else if (strcmp(name, "untold") == 0) {
        untold();
    } else if (strcmp(name, "odd-thread") == 0) {
        odd_thread();
    } else if (strcmp(name, "after-exec") == 0) {
        after_exec();
    } else if (strcmp(name, "exec-leader") == 0) {
        execs("after-exec");
    } else if (strcmp(name, "exec-thread") == 0) {
        from_thread(execs, 0);
    } else if (strcmp(name, "exec-of-several") == 0) {
        from_thread(executed_by_third, 0);
    } else if (strcmp(name, "exec-leader-gone") == 0) {
        from_thread(executed_by_third, 1);
    } else if (strcmp(name, "leader-gone") == 0) {
        leader_gone();
    } else if (strcmp(name, "fork-bomb") == 0) {
        setenv("TREE_NET", net(), 1);
        printf("%s\n", bomb(10) == 0 ? "all ended well" : "some did not");
    } else if (strcmp(name, "many-processes") == 0) {
        many_processes();
    } else if (strcmp(name, "many-threads") == 0) {
        many_threads();
    } else if (strcmp(name, "exec-chain") == 0) {
        exec_chain();
    } else if (strcmp(name, "deaths") == 0) {
        deaths();
    } else {
        fprintf(stderr, "tree: unknown scenario '%s'\n", name);
        return 2;
    }
    return 0;
}
