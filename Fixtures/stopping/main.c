// Is stopped and continued by its parent at every moment of the calls that it makes.
//
// Usage: stopping connect|socket|first TIMES
//
//   connect   connects to itself, and accepts that
//   socket    makes datagram sockets
//   first     executes itself anew, with two threads that make their first judged calls at once
//
// The parent sends SIGSTOP, waits until the process has stopped, sends SIGCONT, and waits until it goes
// on, TIMES times. Prints what it saw.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int listener;
static struct sockaddr_in target;

static void connect_once(void) {
    int one = socket(AF_INET, SOCK_STREAM, 0), accepted;
    connect(one, (struct sockaddr *)&target, sizeof target);
    while ((accepted = accept(listener, NULL, NULL)) >= 0) { close(accepted); }
    close(one);
}

static void *connect_to_nobody(void *unused) {
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int one = socket(AF_UNIX, SOCK_DGRAM, 0);
    connect(one, (struct sockaddr *)&nobody, sizeof nobody);
    close(one);
    return unused;
}

static void first(void) {
    pthread_t other;
    pthread_create(&other, NULL, connect_to_nobody, NULL);
    connect_to_nobody(NULL);
    pthread_join(other, NULL);
    execl("/proc/self/exe", "stopping", "first", NULL);
}

static void run(const char *way) {
    if (strcmp(way, "first") == 0) { first(); }
    for (;;) {
        if (strcmp(way, "socket") == 0) {
            close(socket(AF_INET, SOCK_DGRAM, 0));
        } else {
            connect_once();
        }
    }
}

int main(int count, char **words) {
    if (count < 3) { run("first"); }
    socklen_t length = sizeof target;
    target = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(listener, (struct sockaddr *)&target, sizeof target);
    listen(listener, 10);
    getsockname(listener, (struct sockaddr *)&target, &length);
    pid_t child = fork();
    if (child == 0) { run(words[1]); }
    int stopped = 0, continued = 0, status;
    for (int i = 0; i < atoi(words[2]); i++) {
        // Some moment of the calls; nothing is waited for.
        usleep(300 + rand() % 2000);
        kill(child, SIGSTOP);
        stopped += waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status);
        kill(child, SIGCONT);
        continued += waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status);
    }
    printf("stopped %d, continued %d\n", stopped, continued);
    kill(child, SIGKILL);
    return 0;
}
