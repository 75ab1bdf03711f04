/// Reserves all memory below 4 GiB, as V8's sandbox does, and then sends datagrams, from a child too.
///
/// The place of whatever else wants to be there is taken. Prints each result, whether the memory can
/// still not be read, and that of the reservation nothing can be had.
///
/// Usage: reservation [thread|orphan]
///
/// Before that a thread has sent a datagram to where none may go, and has ended without a trace: what its
/// process's mappings were first looked up by is gone. With `orphan` the first thread has ended, too.
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void send_to(int socket, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ssize_t sent = sendto(socket, "", 1, 0, (struct sockaddr *)&address, sizeof address);
    printf("%d: %s\n", port, sent == 1 ? "sent" : strerrorname_np(errno));
}

static atomic_int sender;

static void *send_once(void *unused)
{
    sender = gettid();
    send_to(socket(AF_INET, SOCK_DGRAM, 0), 10);
    return unused;
}

/// Waits until a thread's number is nobody's: joined, it is still there for a moment.
static void await_end(pid_t thread)
{
    while (syscall(SYS_tgkill, getpid(), thread, 0) == 0) {
        sched_yield();
    }
}

static void send_from_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, send_once, NULL);
    pthread_join(thread, NULL);
    await_end(sender);
}

static int send_all(void)
{
    char *start = (char *)0x10000;
    size_t size = ((size_t)1 << 32) + (1 << 20) - 0x10000;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    if (mmap(start, size, PROT_NONE, flags, -1, 0) != start) {
        perror("mmap");
        return 1;
    }
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    send_to(datagrams, 9);
    send_to(datagrams, 10);
    if (fork() == 0) {
        send_to(datagrams, 9);
        send_to(datagrams, 10);
        _exit(0);
    }
    wait(NULL);
    int ends[2];
    if (pipe(ends) == -1) {
        return 1;
    }
    // The kernel reads for the program what the program may read, and tells where it may not.
    ssize_t got = write(ends[1], (char *)0x40000000, 1);
    printf("read: %s\n", got == 1 ? "done" : strerrorname_np(errno));
    void *wanted = mmap((void *)0x40000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
        -1, 0);
    printf("map: %s\n", wanted != MAP_FAILED ? "done" : strerrorname_np(errno));
    return 0;
}

static void *go_on(void *first)
{
    pthread_join(*(pthread_t *)first, NULL);
    send_from_thread();
    exit(send_all());
}

int main(int count, char **words)
{
    const char *way = count == 2 ? words[1] : "";
    setbuf(stdout, NULL);
    if (strcmp(way, "orphan") == 0) {
        static pthread_t first;
        pthread_t other;
        first = pthread_self();
        pthread_create(&other, NULL, go_on, &first);
        pthread_exit(NULL);
    }
    if (strcmp(way, "thread") == 0) {
        send_from_thread();
    }
    return send_all();
}
