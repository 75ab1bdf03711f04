// Accepts connections in every way there is, and prints what came of it; the same natively and
// under a supervisor that judges who connects and refuses none of these.
//
// Usage: accepting
//
// A second thread makes every call's descriptors shared ones. Numbers are printed where the kernel
// chooses them by a rule: the lowest that is free.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in target;
static int listener;
static atomic_int signals;
static atomic_bool finished;

static void count(int signal) {
    (void)signal;
    atomic_fetch_add(&signals, 1);
}

static void *turn(void *unused) {
    (void)unused;
    while (!finished) {
        usleep(10000);
    }
    return NULL;
}

static const char *name(int result) {
    static char text[16];
    if (result < 0) {
        return strerrorname_np(errno);
    }
    snprintf(text, sizeof text, "%d", result);
    return text;
}

static int listening(void) {
    socklen_t length = sizeof target;
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    target = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(made, (struct sockaddr *)&target, sizeof target);
    listen(made, 512);
    getsockname(made, (struct sockaddr *)&target, &length);
    return made;
}

// A connection that nobody has accepted, from 127.0.0.2.
static int client(void) {
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
    bind(made, (struct sockaddr *)&own, sizeof own);
    connect(made, (struct sockaddr *)&target, sizeof target);
    return made;
}

static void on(int signal, int flags) {
    sigaction(signal, &(struct sigaction){.sa_handler = count, .sa_flags = flags}, NULL);
}

// Again and again: the first may come before the call has begun. 0 is never.
static void every(int milliseconds) {
    struct timeval time = {.tv_usec = milliseconds * 1000};
    setitimer(ITIMER_REAL, &(struct itimerval){time, time}, NULL);
}

static void limit(int milliseconds) {
    struct timeval time = {.tv_usec = milliseconds * 1000};
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

static pthread_t start(void *(*function)(void *), void *argument) {
    pthread_t thread;
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    pthread_create(&thread, NULL, function, argument);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return thread;
}

static void *connect_later(void *unused) {
    (void)unused;
    usleep(300000);
    return (void *)(long)client();
}

static void *shut_down_later(void *unused) {
    (void)unused;
    usleep(100000);
    shutdown(listener, SHUT_RDWR);
    return NULL;
}

static atomic_int taken;

static void *take(void *unused) {
    (void)unused;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) {
            return (void *)(long)errno;
        }
        char byte;
        if (recv(connection, &byte, 1, 0) == 1) {
            atomic_fetch_add(&taken, 1);
        }
        close(connection);
    }
}

// Where the peer's address goes, with this much room.
static void told(int room) {
    struct {
        struct sockaddr_in address;
        char behind[4];
    } peer;
    memset(&peer, '-', sizeof peer);
    int one = client();
    socklen_t length = (socklen_t)room;
    int connection = accept(listener, (struct sockaddr *)&peer.address, &length);
    unsigned char *bytes = (unsigned char *)&peer;
    int written = 0;
    for (int i = 0; i < (int)sizeof peer; i++) {
        // The last one: a port may have this byte, too.
        written = bytes[i] != '-' ? i + 1 : written;
    }
    printf("room %d: %s, length %u, written %d, host %x\n", room, name(connection), length, written,
        room >= 8 ? ntohl(peer.address.sin_addr.s_addr) : 0);
    close(connection);
    close(one);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    // Nothing of whoever started it stands in the way of the numbers.
    close_range(3, ~0U, 0);
    pthread_t other = start(turn, NULL), thread;
    listener = listening();

    told(16);
    told(5);
    told(0);
    told(20);
    told(-1);
    int one = client(), connection;
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    printf("unreadable length: %s\n",
        name(accept(listener, (struct sockaddr *)&peer, (socklen_t *)8)));
    close(one);
    one = client();
    printf("unwritable address: %s\n", name(accept(listener, (struct sockaddr *)8, &length)));
    close(one);
    one = client();
    printf("no address, unreadable length: %s\n",
        name(connection = accept(listener, NULL, (socklen_t *)8)));
    send(one, "x", 1, 0);
    printf("heard: %zd\n", recv(connection, &length, 1, 0));
    close(connection);
    close(one);

    int flags[] = {0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK};
    for (int i = 0; i < 4; i++) {
        one = client();
        connection = accept4(listener, NULL, NULL, flags[i]);
        printf("flags %d: number %d, close on exec %d, waits %d\n", i, connection,
            fcntl(connection, F_GETFD), (fcntl(connection, F_GETFL) & O_NONBLOCK) == 0);
        close(connection);
        close(one);
    }
    one = client();
    printf("unknown flags: %s\n", name(accept4(listener, NULL, NULL, 1)));
    int files[] = {99, open("/dev/null", O_RDONLY | O_CLOEXEC), socket(AF_INET, SOCK_STREAM, 0),
        socket(AF_INET, SOCK_DGRAM, 0), open("/", O_PATH)};
    for (int i = 0; i < 5; i++) {
        printf("no listener: %s\n", name(accept(files[i], NULL, NULL)));
        close(files[i]);
    }
    close(0);
    printf("the lowest number: %s\n", name(accept(listener, NULL, NULL)));
    close(one);

    struct rlimit files_limit, former;
    getrlimit(RLIMIT_NOFILE, &former);
    int spare = dup(1);
    close(spare);
    one = client();
    files_limit = former;
    files_limit.rlim_cur = (rlim_t)one + 1;
    setrlimit(RLIMIT_NOFILE, &files_limit);
    printf("no number left: %s\n", name(accept(listener, NULL, NULL)));
    files_limit.rlim_cur++;
    setrlimit(RLIMIT_NOFILE, &files_limit);
    connection = accept(listener, NULL, NULL);
    printf("one left: %d\n", connection == one + 1);
    getrlimit(RLIMIT_NOFILE, &files_limit);
    printf("the limit: %d\n", (int)files_limit.rlim_cur == one + 2);
    setrlimit(RLIMIT_NOFILE, &former);
    close(connection);
    close(one);

    fcntl(listener, F_SETFL, O_NONBLOCK);
    printf("without waiting: %s\n", name(accept(listener, NULL, NULL)));
    int events = epoll_create1(0);
    epoll_ctl(events, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    one = client();
    struct epoll_event event = {0};
    printf("events: %d\n", epoll_wait(events, &event, 1, 10000));
    printf("then: %s\n", name(connection = accept(listener, NULL, NULL)));
    printf("no events: %d\n", epoll_wait(events, &event, 1, 0));
    close(events);
    close(connection);
    close(one);
    fcntl(listener, F_SETFL, 0);

    on(SIGALRM, 0);
    every(100);
    printf("interrupted: %s\n", name(accept(listener, NULL, NULL)));
    every(0);
    on(SIGALRM, SA_RESTART);
    int before = signals;
    every(50);
    thread = start(connect_later, NULL);
    connection = accept(listener, NULL, NULL);
    every(0);
    printf("restarted: %d, after a signal: %d\n", connection >= 0, signals > before);
    pthread_join(thread, NULL);
    close(connection);

    limit(150);
    printf("with a time limit: %s\n", name(accept(listener, NULL, NULL)));
    every(50);
    printf("interrupted, for all that: %s\n", name(accept(listener, NULL, NULL)));
    every(0);
    limit(0);
    close(listener);

    listener = listening();
    pthread_t takers[4];
    for (int i = 0; i < 4; i++) {
        takers[i] = start(take, NULL);
    }
    for (int i = 0; i < 200; i++) {
        one = client();
        send(one, "x", 1, 0);
        char byte;
        recv(one, &byte, 1, 0);
        close(one);
    }
    thread = start(shut_down_later, NULL);
    for (int i = 0; i < 4; i++) {
        void *error;
        pthread_join(takers[i], &error);
        printf("a taker ends: %s\n", strerrorname_np((int)(long)error));
    }
    pthread_join(thread, NULL);
    printf("taken: %d\n", taken);
    close(listener);

    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    bind(listener, (struct sockaddr *)&local, sizeof local.sun_family);
    listen(listener, 4);
    length = sizeof local;
    getsockname(listener, (struct sockaddr *)&local, &length);
    one = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(one, (struct sockaddr *)&local, length);
    length = sizeof local;
    connection = accept(listener, (struct sockaddr *)&local, &length);
    printf("a local peer: %d, length %u\n", connection >= 0, length);
    struct ucred who = {0};
    length = sizeof who;
    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &length);
    printf("as: %d %d\n", who.pid == getpid(), who.uid == getuid());

    finished = 1;
    pthread_join(other, NULL);
    return 0;
}
