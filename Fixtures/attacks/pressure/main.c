// Makes judged calls where something is short: descriptors, memory, slots, time.
//
// Usage: pressure WAY
//
// Each way prints the results of its calls, which are the same natively where nothing else is said.
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};

static const char *name_of(long result) { return result == 0 ? "0" : strerrorname_np(errno); }

static const char *judged_call(int socket, const void *address) {
    return name_of(connect(socket, address, sizeof nobody));
}

/// Every descriptor is used: the limit is the first free number.
static void no_descriptors(rlim_t hard) {
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), last = sender;
    while (last < 31) {
        last = dup(sender);
    }
    struct rlimit limit = {32, hard}, after;
    setrlimit(RLIMIT_NOFILE, &limit);
    printf("dup %s\n", name_of(dup(sender) < 0 ? -1 : 0));
    printf("connect %s\n", judged_call(sender, &nobody));
    getrlimit(RLIMIT_NOFILE, &after);
    printf("limit %s\n", after.rlim_cur == 32 && after.rlim_max == hard ? "kept" : "changed");
    printf("dup %s\n", name_of(dup(sender) < 0 ? -1 : 0));
}

static pthread_barrier_t barrier;
static atomic_int expected_results;

static void *call_together(void *unused) {
    (void)unused;
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 5; i++) {
        errno = 0;
        connect(sender, (struct sockaddr *)&nobody, sizeof nobody);
        expected_results += errno == ENOENT;
    }
    close(sender);
    return NULL;
}

static void threads(unsigned count) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    pthread_t *all = calloc(count, sizeof *all);
    pthread_barrier_init(&barrier, NULL, count);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 16);
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&all[i], &small, call_together, NULL) != 0) {
            printf("only %u threads\n", i);
            fflush(stdout);
            _exit(3);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(all[i], NULL);
    }
    printf("as expected %d\n", expected_results);
}

static void *call_on_faulting(void *page) {
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    judged_call(sender, page);
    struct msghdr *header = page;
    sendmsg(sender, header, 0);
    return NULL;
}

/// A page whose fault nobody ever serves: natively the caller waits, and here others go on.
static void faulting(void) {
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    if (fd < 0) {
        fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    }
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {
        .range = {(size_t)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(fd, UFFDIO_API, &api) == -1 || ioctl(fd, UFFDIO_REGISTER, &range) == -1) {
        perror("userfaultfd");
        exit(3);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, call_on_faulting, page);
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), count = 0;
    for (int i = 0; i < 500; i++) {
        count += strcmp(judged_call(sender, &nobody), "ENOENT") == 0;
    }
    printf("others %d\n", count);
}

static atomic_int caller;

static void *call_nowhere(void *unused) {
    caller = gettid();
    printf("nowhere %s\n", judged_call(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)-4096));
    return unused;
}

/// The thread that made the first judged call is gone by the next one.
static void ended(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, call_nowhere, NULL);
    pthread_join(thread, NULL);
    while (syscall(SYS_tgkill, getpid(), caller, 0) == 0) {
        sched_yield();
    }
    printf("then %s\n", judged_call(socket(AF_UNIX, SOCK_DGRAM, 0), &nobody));
}

static void unreadable(void) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(pages, &nobody, sizeof nobody);
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    printf("readable %s\n", judged_call(sender, pages));
    mprotect(pages, 4096, PROT_NONE);
    printf("PROT_NONE %s\n", judged_call(sender, pages));
    munmap(pages + 4096, 4096);
    printf("unmapped %s\n", judged_call(sender, pages + 4096));
    mprotect(pages, 4096, PROT_READ);
    printf("across the end %s\n", judged_call(sender, pages + 4096 - 8));
    printf("nowhere %s\n", judged_call(sender, (void *)-4096));
    printf("readable again %s\n", judged_call(sender, pages));
}

/// No room for the page: the call is refused; natively it needs none.
static void address_space(void) {
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct rlimit limit, former;
    getrlimit(RLIMIT_AS, &former);
    limit = former;
    limit.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_AS, &limit);
    const char *refused = judged_call(sender, &nobody);
    setrlimit(RLIMIT_AS, &former);
    printf("without room %s\n", refused);
    printf("with room %s\n", judged_call(sender, &nobody));
}

static int full_socket;

static void *wait_for_room(void *unused) {
    (void)unused;
    struct iovec vector = {"x", 1};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    for (;;) {
        sendmsg(full_socket, &header, 0);
    }
    return NULL;
}

static void cancel(void) {
    int pair[2], cancelled = 0;
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    full_socket = pair[0];
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *result;
        pthread_create(&thread, NULL, wait_for_room, NULL);
        for (volatile int j = 0; j < i * 2000; j++) {
        }
        pthread_cancel(thread);
        pthread_join(thread, &result);
        cancelled += result == PTHREAD_CANCELED;
    }
    printf("cancelled %d\n", cancelled);
}

/// Children that are killed at any moment of their first calls.
static void killed(void) {
    int ended = 0;
    for (int i = 0; i < 300; i++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            pthread_barrier_init(&barrier, NULL, 1);
            pthread_create(&thread, NULL, call_together, NULL);
            for (int sender = socket(AF_UNIX, SOCK_DGRAM, 0);;) {
                judged_call(sender, &nobody);
            }
        }
        for (volatile int j = 0; j < i * 4000; j++) {
        }
        kill(child, SIGKILL);
        int status;
        ended += waitpid(child, &status, 0) == child && WIFSIGNALED(status);
    }
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    printf("killed %d, and still %s\n", ended, judged_call(sender, &nobody));
}

int main(int count, char **words) {
    const char *way = count == 2 ? words[1] : "";
    if (strcmp(way, "soft-limit") == 0) {
        no_descriptors(256);
    } else if (strcmp(way, "hard-limit") == 0) {
        no_descriptors(32);
    } else if (strcmp(way, "threads") == 0) {
        threads(2000);
    } else if (strcmp(way, "faulting") == 0) {
        faulting();
    } else if (strcmp(way, "ended") == 0) {
        ended();
    } else if (strcmp(way, "unreadable") == 0) {
        unreadable();
    } else if (strcmp(way, "address-space") == 0) {
        address_space();
    } else if (strcmp(way, "cancel") == 0) {
        cancel();
    } else if (strcmp(way, "killed") == 0) {
        killed();
    } else {
        fputs("usage: pressure WAY\n", stderr);
        return 2;
    }
    fflush(stdout);
    _exit(0);
}
