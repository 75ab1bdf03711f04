// place: makes judged calls where somebody looks at which instruction makes them, and prints what was seen.
//
//     place filter      a filter of the program's own kills at a connect() that is not the C library's
//     place handlers    handlers look at the place that they have interrupted
//     place sister      another thread looks into /proc at where a thread waits that connects
//     place dispatch    the kernel is to give the program every call that is not the C library's
//                       (PR_SET_SYSCALL_USER_DISPATCH), while a call is made again and again
//
// A supervisor that has a thread go on elsewhere behind its call would save a stop, and be seen here.
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
#define DISPATCH_ALLOW 0
#define DISPATCH_BLOCK 1

/// How often a call is made, interrupted, or made again.
enum { TIMES = 100 };

/// The code that connect(2) is a part of.
static uintptr_t start, end;

static int find_code(struct dl_phdr_info *object, size_t size, void *nothing) {
    (void)size;
    (void)nothing;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t first = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && (uintptr_t)connect - first < segment->p_memsz) {
            start = first, end = first + segment->p_memsz;
        }
    }
    return 0;
}

static int is_ours(uintptr_t place) {
    return place >= start && place < end;
}

static struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
static struct sockaddr_un name = {.sun_family = AF_UNIX};
static int listener;

static int connect_to(const struct sockaddr_un *address) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = connect(descriptor, (const struct sockaddr *)address, sizeof *address);
    int error = errno;
    close(descriptor);
    return result == 0 ? 0 : error;
}

static const char *result_of(int error) {
    return error == 0 ? "connected" : strerrorname_np(error);
}

/// Makes a listener for which connect(2) waits.
static void fill(void) {
    snprintf(name.sun_path, sizeof name.sun_path, "place-%d", getpid());
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&name, sizeof name) == -1 || listen(listener, 0) == -1) {
        perror("place: listener");
        exit(2);
    }
    connect_to(&name);
}

static void filter(void) {
    // The code's two addresses agree in their upper halves, or the filter says no.
    struct sock_filter only_ours[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(start >> 32), 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)start, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)end, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof only_ours / sizeof *only_ours, only_ours};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
        || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
        perror("place: filter");
        exit(2);
    }
    int wrong = 0;
    for (int i = 0; i < TIMES; i++) {
        wrong += connect_to(&nobody) != ENOENT;
    }
    printf("filter: wrong %d\n", wrong);
}

static volatile sig_atomic_t signals, elsewhere;

static void look(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    ucontext_t *interrupted = context;
    signals++;
    elsewhere += !is_ours((uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP]);
}

static volatile pid_t waiter;

/// Reads a file of the waiting thread's in /proc.
static void read_of_waiter(const char *what, char *line, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", waiter, what);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(file, line, size - 1);
    close(file);
    line[length > 0 ? length : 0] = 0;
}

/// Waits until the other thread waits in connect(2), and gives the place of its call.
static uintptr_t place_of_waiter(void) {
    char call[256], state[256];
    for (;;) {
        read_of_waiter("syscall", call, sizeof call);
        read_of_waiter("stat", state, sizeof state);
        // In its own sleep: where a tracer has it wait, it is in another state.
        char *name_end = strrchr(state, ')'), *place = strrchr(call, ' ');
        if (atoi(call) == SYS_connect && place != NULL && name_end != NULL
            && strncmp(name_end, ") S", 3) == 0) {
            return strtoul(place, NULL, 16);
        }
        sched_yield();
    }
}

static void *interrupt(void *waiting) {
    for (int i = 0; i < TIMES; i++) {
        place_of_waiter();
        pthread_kill(*(pthread_t *)waiting, SIGUSR1);
        while (signals <= i) {
            sched_yield();
        }
    }
    return NULL;
}

static void handlers(void) {
    struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    fill();
    waiter = getpid();
    pthread_t thread, self = pthread_self();
    pthread_create(&thread, NULL, interrupt, &self);
    int wrong = 0;
    for (int i = 0; i < TIMES; i++) {
        wrong += connect_to(&name) != EINTR;
    }
    pthread_join(thread, NULL);
    printf("handlers: wrong %d, elsewhere %d\n", wrong, elsewhere);
}

static void *wait_in_connect(void *result) {
    waiter = (pid_t)syscall(SYS_gettid);
    *(int *)result = connect_to(&name);
    return NULL;
}

static void sister(void) {
    fill();
    int result = -1;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_in_connect, &result);
    while (waiter == 0) {
        sched_yield();
    }
    uintptr_t place = place_of_waiter();
    close(accept(listener, NULL, NULL));
    pthread_join(thread, NULL);
    printf("sister: %s, %s\n", result_of(result), is_ours(place) ? "in place" : "elsewhere");
}

static volatile char selector = DISPATCH_ALLOW;
static volatile sig_atomic_t dispatched;

static void on_dispatch(int number) {
    (void)number;
    selector = DISPATCH_ALLOW;
    dispatched++;
}

static void ignore(int number) {
    (void)number;
}

/// Sends the process signals, of which the waiting thread is told, and takes them itself: the kernel finds
/// none for that thread, and has it make its call again without a word to anybody.
static void *steal(void *nothing) {
    (void)nothing;
    sigset_t stolen;
    sigemptyset(&stolen);
    sigaddset(&stolen, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &stolen, NULL);
    for (int times = 0; times < TIMES && dispatched == 0;) {
        struct timespec none = {0, 0};
        place_of_waiter();
        kill(getpid(), SIGUSR1);
        times += sigtimedwait(&stolen, NULL, &none) == SIGUSR1;
    }
    close(accept(listener, NULL, NULL));
    return NULL;
}

static void dispatch(void) {
    signal(SIGUSR1, ignore); // With SA_RESTART.
    signal(SIGSYS, on_dispatch);
    fill();
    waiter = getpid();
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, steal, NULL);
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, end - start, &selector) == -1) {
        perror("place: dispatch");
        exit(2);
    }
    selector = DISPATCH_BLOCK;
    int result = connect(descriptor, (struct sockaddr *)&name, sizeof name);
    selector = DISPATCH_ALLOW;
    result = result == -1 ? errno : result;
    printf("dispatch: %s, given %d\n", result > 0 ? result_of(result) : "connected", dispatched);
}

int main(int count, char **words) {
    const struct {
        const char *how;
        void (*show)(void);
    } ways[] = {{"filter", filter}, {"handlers", handlers}, {"sister", sister}, {"dispatch", dispatch}};
    dl_iterate_phdr(find_code, NULL);
    // The first call may take what later ones do not.
    connect_to(&nobody);
    for (size_t i = 0; count == 2 && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(words[1], ways[i].how) == 0) {
            ways[i].show();
            unlink(name.sun_path);
            fflush(stdout);
            // Not by way of threads that still run.
            _exit(0);
        }
    }
    fputs("usage: place filter|handlers|sister|dispatch\n", stderr);
    return 2;
}
