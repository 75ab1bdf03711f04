/// tracee: a process for others to look into, so that tests need not look into themselves.
///
/// Prints facts about itself, one `NAME NUMBER` a line, then `ready`: its threads, a child, pages
/// of memory of every kind, descriptors of every kind. Then it waits. `exec` on standard input makes
/// it execute itself and print its facts anew; the end of standard input ends it, and its threads
/// and its child with it.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_barrier_t started;
static pid_t plain_thread, own_table_thread;
static int tcp, udp;

static void fact(const char *name, unsigned long value) {
    printf("%s %lu\n", name, value);
}

/// A socket; a kernel without that kind makes no fact of it.
static int make(const char *name, int family, int type, int protocol) {
    int descriptor = socket(family, type, protocol);
    if (descriptor >= 0) {
        fact(name, (unsigned long)descriptor);
    }
    return descriptor;
}

static void *plain(void *unused) {
    plain_thread = gettid();
    pthread_barrier_wait(&started);
    pause();
    return unused;
}

/// Has a descriptor table of its own, in which the number of the TCP socket is the UDP socket and
/// the number of the UDP socket is free.
static void *own_table(void *unused) {
    own_table_thread = gettid();
    if (unshare(CLONE_FILES) == 0) {
        dup2(udp, tcp);
        close(udp);
    }
    pthread_barrier_wait(&started);
    pause();
    return unused;
}

/// Pages in this order: plain, unmapped, PROT_NONE, write-only, read-only, unmapped. Byte `i` of
/// them is `i % 251`.
static void make_memory(void) {
    enum { PAGE = 4096, PAGES = 6 };
    unsigned char *base = mmap(
        NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < PAGES * PAGE; i++) {
        base[i] = (unsigned char)(i % 251);
    }
    munmap(base + PAGE, PAGE);
    munmap(base + 5 * PAGE, PAGE);
    mprotect(base + 2 * PAGE, PAGE, PROT_NONE);
    mprotect(base + 3 * PAGE, PAGE, PROT_WRITE);
    mprotect(base + 4 * PAGE, PAGE, PROT_READ);
    fact("memory", (unsigned long)base);
}

static void make_descriptors(void) {
    tcp = make("tcp", AF_INET, SOCK_STREAM, 0);
    udp = make("udp", AF_INET, SOCK_DGRAM, 0);
    make("tcp6", AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    make("udp6", AF_INET6, SOCK_DGRAM, 0);
    make("mptcp", AF_INET, SOCK_STREAM, 262);
    make("unix-stream", AF_UNIX, SOCK_STREAM, 0);
    make("unix-datagram", AF_UNIX, SOCK_DGRAM, 0);
    make("unix-raw", AF_UNIX, SOCK_RAW, 0);
    make("unix-packet", AF_UNIX, SOCK_SEQPACKET, 0);
    make("netlink", AF_NETLINK, SOCK_RAW, 0);
    listen(make("tcp-listening", AF_INET, SOCK_STREAM, 0), 1);
    struct sockaddr_un_short { sa_family_t family; } automatic = {AF_UNIX};
    int listener = make("unix-listening", AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&automatic, sizeof automatic);
    listen(listener, 1);
    fact("file", (unsigned long)open("/dev/null", O_RDONLY));
    fact("path", (unsigned long)open("/dev/null", O_PATH));
    int closed = dup(0);
    close(closed);
    fact("closed", (unsigned long)closed);
}

int main(int count, char **arguments) {
    (void)count;
    fact("process", (unsigned long)getpid());
    make_memory();
    make_descriptors();
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self) {
            _exit(0);
        }
        // Nobody is to wait for this process's end of the pipes.
        close(0);
        close(1);
        for (;;) {
            pause();
        }
    }
    fact("child", (unsigned long)child);
    pthread_barrier_init(&started, NULL, 3);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, plain, NULL);
    pthread_create(&threads[1], NULL, own_table, NULL);
    pthread_barrier_wait(&started);
    fact("thread", (unsigned long)plain_thread);
    fact("own-table", (unsigned long)own_table_thread);
    puts("ready");
    fflush(stdout);

    char line[16];
    if (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "exec\n") == 0) {
        kill(child, SIGKILL);
        execv("/proc/self/exe", arguments);
    }
    return 0;
}
