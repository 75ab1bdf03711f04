// Makes calls that wait, and prints how each ended; the same natively and under any supervisor.
//
// Usage: blocking [FOLDER]
//
// Connecting to a listener whose queue is full waits until one connection was accepted and the
// kernel tries again, about a second later. What a signal, a time limit, O_NONBLOCK and a second
// call do to it meanwhile is in connect(2) and signal(7). A second thread makes every call's
// descriptors shared ones.
//
// With a FOLDER: the same of AF_UNIX sockets there, which wait for a listener with a full queue, and for a
// receiver of datagrams.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in target;
static int listener, fillers[2];
static atomic_int signals, turns;
static atomic_bool finished;

static void count(int signal) {
    (void)signal;
    atomic_fetch_add(&signals, 1);
}

static void *turn(void *unused) {
    (void)unused;
    while (!finished) {
        atomic_fetch_add(&turns, 1);
        usleep(1000);
    }
    return NULL;
}

static const char *name(int result) {
    return result == 0 ? "0" : strerrorname_np(errno);
}

static int tcp(void) {
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int try(int socket) {
    return connect(socket, (struct sockaddr *)&target, sizeof target);
}

// A listener with a full queue.
static void fill(void) {
    socklen_t length = sizeof target;
    target = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = tcp();
    bind(listener, (struct sockaddr *)&target, sizeof target);
    listen(listener, 0);
    getsockname(listener, (struct sockaddr *)&target, &length);
    fillers[0] = tcp();
    try(fillers[0]);
}

static void empty(void) {
    close(listener);
    close(fillers[0]);
}

static void on(int signal, int flags) {
    sigaction(signal, &(struct sigaction){.sa_handler = count, .sa_flags = flags}, NULL);
}

// Again and again: the first may come before the call has begun. 0 is never.
static void every(int milliseconds) {
    struct timeval time = {.tv_usec = milliseconds * 1000};
    setitimer(ITIMER_REAL, &(struct itimerval){time, time}, NULL);
}

static void *accept_later(void *unused) {
    (void)unused;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    usleep(300000);
    close(accept(listener, NULL, NULL));
    return NULL;
}

static pthread_t accepting(void) {
    pthread_t thread;
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    pthread_create(&thread, NULL, accept_later, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return thread;
}

static const char *ready(int socket) {
    struct pollfd one = {.fd = socket, .events = POLLOUT};
    poll(&one, 1, 10000);
    return one.revents == POLLOUT ? "ready" : "not ready";
}

// Connects, or sends, to what has no room; with a time limit where there is one.
static const char *wait_for(const char *path, int type, int flags, int limit) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval time = {.tv_usec = limit * 1000};
    strcpy(address.sun_path, path);
    int one = socket(AF_UNIX, type | flags, 0);
    setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    const char *result = name(type == SOCK_STREAM
        ? connect(one, (struct sockaddr *)&address, sizeof address)
        : (int)sendto(one, "", 0, 0, (struct sockaddr *)&address, sizeof address));
    if (limit != 0 || flags == 0 || strcmp(result, "EAGAIN") == 0) { close(one); }
    return result;
}

static int wait_for_paths(const char *folder) {
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    chdir(folder);
    for (int i = 0; i < 2; i++) {
        int type = types[i], heard = socket(AF_UNIX, type, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strcpy(address.sun_path, type == SOCK_STREAM ? "stream" : "datagram");
        if (bind(heard, (struct sockaddr *)&address, sizeof address) == -1) {
            perror(address.sun_path);
            return 2;
        }
        listen(heard, 0);
        while (strcmp(wait_for(address.sun_path, type, SOCK_NONBLOCK, 0), "0") == 0) {
        }
        printf("%s\n", address.sun_path);
        printf("with a time limit: %s\n", wait_for(address.sun_path, type, 0, 150));
        on(SIGALRM, SA_RESTART);
        every(100);
        printf("with one, after a signal: %s\n", wait_for(address.sun_path, type, 0, 900));
        on(SIGALRM, 0);
        printf("after a signal: %s\n", wait_for(address.sun_path, type, 0, 0));
        every(0);
        close(heard);
    }
    return 0;
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count > 1) { return wait_for_paths(words[1]); }
    pthread_t other;
    sigset_t alarm_only, former;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, &former);
    pthread_create(&other, NULL, turn, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);

    fill();
    on(SIGALRM, 0);
    int before = turns, connecting = tcp();
    every(200);
    const char *interrupted = name(try(connecting));
    every(0);
    printf("interrupted: %s\n", interrupted);
    printf("others went on: %d\n", turns - before > 10);
    pthread_t thread = accepting();
    printf("again, until it is accepted: %s\n", name(try(connecting)));
    printf("and again: %s\n", name(try(connecting)));
    pthread_join(thread, NULL);
    close(connecting);
    empty();

    fill();
    on(SIGALRM, SA_RESTART);
    connecting = tcp();
    before = signals;
    every(100);
    thread = accepting();
    const char *restarted = name(try(connecting));
    every(0);
    printf("restarted: %s, after a signal: %d\n", restarted, signals > before);
    pthread_join(thread, NULL);
    close(connecting);
    empty();

    fill();
    connecting = tcp();
    struct timeval limit = {.tv_usec = 150000};
    setsockopt(connecting, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    printf("with a time limit: %s\n", name(try(connecting)));
    printf("again: %s\n", name(try(connecting)));
    close(connecting);

    connecting = tcp();
    fcntl(connecting, F_SETFL, O_NONBLOCK);
    printf("without waiting: %s\n", name(try(connecting)));
    printf("again: %s\n", name(try(connecting)));
    thread = accepting();
    printf("polled: %s\n", ready(connecting));
    printf("then: %s\n", name(try(connecting)));
    pthread_join(thread, NULL);
    close(connecting);
    empty();

    connecting = tcp();
    printf("refused: %s\n", name(try(connecting)));
    close(connecting);
    printf("closed: %s\n", name(try(connecting)));

    listener = tcp();
    printf("listen unbound: %s\n", name(listen(listener, 3)));
    socklen_t length = sizeof target;
    getsockname(listener, (struct sockaddr *)&target, &length);
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connecting = tcp();
    printf("connect: %s\n", name(try(connecting)));
    printf("disconnect: %s\n",
        name(connect(connecting, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof target)));
    close(connecting);
    connecting = tcp();
    printf("fast open: %zd\n", sendto(connecting, "hello", 5, MSG_FASTOPEN,
        (struct sockaddr *)&target, sizeof target));
    close(connecting);
    close(listener);

    // Whoever connects sees the process that called listen.
    struct ucred peer = {0};
    length = sizeof peer;
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(local, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t));
    printf("listen with a local name: %s\n", name(listen(local, 1)));
    getsockopt(local, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    printf("as: %d %d %d\n", peer.pid == getpid(), peer.uid == getuid(), peer.gid == getgid());
    close(local);

    connecting = tcp();
    target.sin_port = htons(1);
    printf("bind to port 1: %s\n", name(bind(connecting, (struct sockaddr *)&target, sizeof target)));
    close(connecting);
    finished = 1;
    pthread_join(other, NULL);
    return 0;
}
