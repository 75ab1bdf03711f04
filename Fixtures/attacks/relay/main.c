// Hands the supervisor another socket than the one that a call is made on.
//
// Usage: relay
//
// A process that hides its memory and its descriptors from an ordinary user's supervisor has to show them:
// it is made to send them to an abstract name. In another network namespace that name is whoever binds it
// there. Here that is this program, which passes on every message to the name's owner, in the first
// namespace, but with an AF_UNIX socket for the TCP one that came along. Judged by that, listen would be
// allowed. Prints whether the TCP socket listens then.
//
// Descriptor 20 is a TCP socket.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCP = 20, NAMES_LIMIT = 512 };

/// A name as autobind makes them, of a socket that somebody has.
struct name {
    struct sockaddr_un address;
    socklen_t length;
};
static struct name names[NAMES_LIMIT];
static int name_count;

/// What came for a name, on its way to its owner.
struct passed {
    int name;
    ssize_t size;
    char bytes[4096];
};

static void read_names(void) {
    char line[512], text[256];
    unsigned type;
    FILE *list = fopen("/proc/net/unix", "r");
    while (list != NULL && name_count < NAMES_LIMIT && fgets(line, sizeof line, list) != NULL) {
        if (sscanf(line, "%*s %*s %*s %*s %x %*s %*s @%255s", &type, text) == 2 && type == SOCK_DGRAM
            && strlen(text) == 5) {
            struct name *name = &names[name_count++];
            name->address.sun_family = AF_UNIX;
            memcpy(name->address.sun_path + 1, text, 5);
            name->length = sizeof(sa_family_t) + 6;
        }
    }
    if (list != NULL) {
        fclose(list);
    }
}

static void pass_on(int to, struct passed *passed, const struct sockaddr_un *address, socklen_t length,
    int descriptor) {
    struct iovec vector = {passed, sizeof *passed};
    if (address != NULL) {
        vector = (struct iovec){passed->bytes, (size_t)passed->size};
    }
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = length, .msg_iov = &vector, .msg_iovlen = 1,
    };
    if (descriptor != -1) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    sendmsg(to, &message, MSG_NOSIGNAL);
}

/// In the first namespace: sends what comes to the names' owners.
static void send_there(int from) {
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(other, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t));
    struct passed passed;
    while (recv(from, &passed, sizeof passed, 0) == sizeof passed) {
        pass_on(sender, &passed, &names[passed.name].address, names[passed.name].length, other);
    }
    _exit(0);
}

/// In the other one: has the names, and takes what is sent to them.
static void receive_here(int to, int ready) {
    struct pollfd polled[NAMES_LIMIT];
    // Else it would have to show the names that it binds.
    prctl(PR_SET_DUMPABLE, 1);
    for (int i = 0; i < name_count; i++) {
        int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
        bind(receiver, (struct sockaddr *)&names[i].address, names[i].length);
        polled[i] = (struct pollfd){.fd = receiver, .events = POLLIN};
    }
    write(ready, "", 1);
    while (poll(polled, (nfds_t)name_count, -1) > 0) {
        for (int i = 0; i < name_count; i++) {
            if (polled[i].revents != 0) {
                struct passed passed = {.name = i};
                passed.size = recv(polled[i].fd, passed.bytes, sizeof passed.bytes, 0);
                pass_on(to, &passed, NULL, 0, -1);
            }
        }
    }
    _exit(0);
}

int main(void) {
    int passing[2], ready[2];
    char byte;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, passing) == -1 || pipe(ready) == -1
        || prctl(PR_SET_DUMPABLE, 0) == -1) {
        return 2;
    }
    read_names();
    pid_t there = fork();
    if (there == 0) {
        send_there(passing[0]);
    }
    // A copy of one that hid.
    pid_t here = fork();
    if (here == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1) {
            perror("unshare");
            _exit(2);
        }
        pid_t receiver = fork();
        if (receiver == 0) {
            receive_here(passing[1], ready[1]);
        }
        read(ready[0], &byte, 1);
        int accepts = 0;
        socklen_t size = sizeof accepts;
        int result = listen(TCP, 1);
        printf("listen %s, ", result == 0 ? "succeeded" : strerrorname_np(errno));
        getsockopt(TCP, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
        printf("%s\n", accepts ? "listens" : "does not listen");
        fflush(stdout);
        kill(receiver, SIGKILL);
        waitpid(receiver, NULL, 0);
        _exit(0);
    }
    int status;
    waitpid(here, &status, 0);
    kill(there, SIGKILL);
    waitpid(there, NULL, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
