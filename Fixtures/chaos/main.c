/// chaos: processes and threads make judged calls at random and are killed at random.
///
///     chaos SEED KILLS            until so many have been killed, or 40 seconds are over
///     chaos SEED seconds SECONDS  as long as that
///
/// Prints the seed, what was done, whether any process is left, and what its tracer, if it has
/// one, has grown by. The seed gives the same choices again; the kernel's scheduling is its own.
/// Descriptors 20 and 21 may be inherited sockets of AF_INET. With REFUSED in the environment every
/// call that names an address of AF_INET is to fail; one that does not is printed.
#include <dirent.h>
#include <errno.h>
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
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

static __thread uint64_t state;

static unsigned choose(unsigned count)
{
    // splitmix64
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (unsigned)((value ^ value >> 31) % count);
}

/// Says so where a call went through that is to be refused.
static void refused(const char *name, int result)
{
    char text[64];
    if (result >= 0 && getenv("REFUSED") != NULL) {
        int length = snprintf(text, sizeof text, "%s went through: %d\n", name, result);
        if (write(1, text, (size_t)length) == -1) {
            _exit(1);
        }
    }
}

static void call(void)
{
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_port = htons(9),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
    int pair[2];
    int family = choose(2) ? AF_UNIX : AF_INET, held = (int)choose(3);
    int fd = socket(family, choose(2) ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (family == AF_INET) {
        refused("socket", fd);
        // One of two that are there already, where they are.
        fd = fd == -1 && held < 2 ? dup(20 + held) : fd;
    }
    struct iovec vector = {"hello", 5};
    struct mmsghdr messages[3] = {0};
    for (int index = 0; index < 3; index++) {
        messages[index].msg_hdr = (struct msghdr){.msg_name = &internet, .msg_iov = &vector,
                                                  .msg_namelen = sizeof internet, .msg_iovlen = 1};
    }
    switch (choose(7)) {
    case 0: connect(fd, (struct sockaddr *)&local, sizeof local); break;
    case 1: refused("connect", connect(fd, (struct sockaddr *)&internet, sizeof internet)); break;
    case 2: refused("bind", bind(fd, (struct sockaddr *)&internet, sizeof internet)); break;
    case 3:
        refused("sendto", (int)sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&internet, sizeof internet));
        break;
    case 4: refused("sendmmsg", sendmmsg(fd, messages, 3, MSG_NOSIGNAL)); break;
    case 5: sendto(fd, "x", 1, MSG_NOSIGNAL, (void *)8, 16); break;
    default:
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
            close(pair[0]);
            close(pair[1]);
        }
    }
    if (fd != -1) {
        close(fd);
    }
}

static void *thread(void *seed)
{
    state = (uint64_t)(uintptr_t)seed;
    for (unsigned count = 5 + choose(40); count > 0; count--) {
        call();
    }
    if (choose(40) == 0) {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)state);
        execl("/proc/thread-self/exe", "chaos", "worker", text, (char *)NULL);
    }
    return NULL;
}

static void worker(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    static int depth;
    for (;;) {
        pthread_t maker;
        pid_t child;
        switch (choose(12)) {
        case 0:
        case 1:
            if (pthread_create(&maker, NULL, thread, (void *)(uintptr_t)(state ^ 1)) == 0) {
                choose(2) ? pthread_detach(maker) : pthread_join(maker, NULL);
            }
            break;
        case 2:
            child = fork();
            if (child == 0) {
                state ^= (uint64_t)getpid();
                // No deeper than that, and each for a while only.
                if (++depth > 3 || choose(2)) {
                    thread((void *)(uintptr_t)state);
                    _exit(0);
                }
            } else if (child > 0 && choose(2)) {
                waitpid(child, NULL, 0);
            }
            break;
        case 3:
            child = vfork();
            if (child == 0) {
                _exit(0);
            }
            waitpid(child, NULL, 0);
            break;
        case 4: if (choose(20) == 0) { pthread_exit(NULL); } break;
        case 5: kill(getpid(), SIGUSR1); break;
        case 6: if (choose(30) == 0) { kill(getpid(), SIGSTOP); } break;
        case 7: if (choose(30) == 0) { _exit(0); } break;
        case 8: sched_yield(); break;
        default: call();
        }
    }
}

/// What the tracer holds: open descriptors (-1: not to be seen) and resident memory in KiB.
static void measure(pid_t tracer, int *descriptors, long *memory)
{
    char path[64], line[256];
    *descriptors = -1;
    *memory = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", tracer);
    DIR *folder = opendir(path);
    if (folder != NULL) {
        *descriptors = -2;
        while (readdir(folder) != NULL) {
            (*descriptors)++;
        }
        closedir(folder);
    }
    snprintf(path, sizeof path, "/proc/%d/status", tracer);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "VmRSS: %ld", memory);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static pid_t own_tracer(void)
{
    char line[256];
    int tracer = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "TracerPid: %d", &tracer);
    }
    if (file != NULL) {
        fclose(file);
    }
    return tracer;
}

enum { WORKERS = 6 };

static void start(pid_t *group, const char *self)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)state + choose(1000));
    *group = fork();
    if (*group == 0) {
        setpgid(0, 0);
        if (choose(2)) {
            execl("/proc/self/exe", self, "worker", text, (char *)NULL);
        }
        state = strtoull(text, NULL, 10);
        worker();
    }
    setpgid(*group, *group);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "worker") == 0) {
        state = strtoull(argv[2], NULL, 10);
        worker();
    }
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: chaos SEED KILLS, or chaos SEED seconds SECONDS\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 10);
    int is_timed = argc == 4, kills = 0, descriptors, first_descriptors = 0, is_over = 0;
    int wanted = is_timed ? 0 : atoi(argv[2]);
    time_t seconds = is_timed ? atoi(argv[3]) : 40;
    long memory, first_memory = 0;
    printf("seed %s\n", argv[1]);
    fflush(stdout);
    // All orphans come here, so that none can be left unseen.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    call();
    pid_t tracer = own_tracer(), groups[WORKERS];
    measure(tracer, &descriptors, &memory);
    int base = descriptors;
    for (int index = 0; index < WORKERS; index++) {
        start(&groups[index], argv[0]);
    }
    struct timespec until, now;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    while (is_timed || kills < wanted) {
        int index = (int)choose(WORKERS);
        switch (choose(5)) {
        case 0: kill(-groups[index], SIGSTOP); break;
        case 1: kill(-groups[index], SIGCONT); break;
        case 2: usleep(choose(3000)); break;
        case 3: kill(groups[index], SIGUSR1); break;
        default:
            // Its process alone, or all that it has made.
            kill(choose(3) ? -groups[index] : groups[index], SIGKILL);
            kill(-groups[index], SIGKILL);
            start(&groups[index], argv[0]);
            kills++;
        }
        while (waitpid(-1, NULL, __WALL | WNOHANG) > 0) {
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        int is_warm = is_timed ? now.tv_sec >= until.tv_sec - 3 * seconds / 4 : kills == wanted / 4;
        if (is_warm && first_memory == 0) {
            measure(tracer, &first_descriptors, &first_memory);
        }
        if (now.tv_sec >= until.tv_sec) {
            is_over = 1;
            break;
        }
    }
    for (int index = 0; index < WORKERS; index++) {
        kill(-groups[index], SIGKILL);
    }
    // A process that was being made while its group was killed has escaped the signal.
    while (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD) {
        for (int index = 0; index < WORKERS; index++) {
            kill(-groups[index], SIGKILL);
        }
        usleep(1000);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec >= until.tv_sec + 10) {
            printf("processes are left\n");
            return 1;
        }
    }
    measure(tracer, &descriptors, &memory);
    printf("%s\nno process is left\n", is_timed || !is_over ? "all killed" : "out of time");
    if (tracer != 0) {
        printf("tracer: %s, %s\n", descriptors <= base ? "no descriptor is left" : "descriptors leak",
               memory <= first_memory + 4096 ? "no memory is lost" : "it grows");
        fprintf(stderr, "%d kills; descriptors %d, then %d; memory %ld KiB, then %ld\n", kills, base,
                descriptors, first_memory, memory);
    }
    return 0;
}
