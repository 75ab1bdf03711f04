// Opens a network channel by a way that a supervisor of socket calls may not see.
//
// Usage: side-doors WAY
//        side-doors give COMMAND [ARGUMENT...]   runs the command with a socket, descriptor 30, from
//                                                which it can receive a UDP socket and a connected one
//
// Each WAY tries to have a datagram or a connection reach one of the sockets that are inherited, from
// number 21 on: a bound UDP socket, a UDP socket, a TCP socket and a TCP listener. Prints `reached`, or
// the first step that failed. The ways are listed below.
#include "door.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// The first step that failed; shared with children.
static char *failure;

int step(const char *name, long result) {
    if (result != -1) {
        return 1;
    }
    if (failure[0] == 0) {
        snprintf(failure, 100, "%s %s", name, strerrorname_np(errno));
    }
    return 0;
}

int step_raw(const char *name, long result) {
    if (result < 0) {
        errno = (int)-result;
    }
    return step(name, result < 0 ? -1 : 0);
}

int has_datagram(void) {
    char buffer[16];
    struct pollfd item = {.fd = UDP_TARGET, .events = POLLIN};
    return poll(&item, 1, 100) == 1 && recv(UDP_TARGET, buffer, sizeof buffer, 0) > 0;
}

int has_connection(void) {
    struct pollfd item = {.fd = TCP_TARGET, .events = POLLIN};
    return poll(&item, 1, 100) == 1;
}

struct sockaddr_in address_of(int target) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    getsockname(target, (struct sockaddr *)&address, &length);
    return address;
}

int in_child(void (*run)(void)) {
    pid_t child = fork();
    if (child == 0) {
        run();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

/// A program with the set-user-ID bit: whether it got its owner's rights.
static int is_changed(void) { return geteuid() == 0 && getuid() != 0; }
static void nothing(void) { errno = EPERM, step("setuid", is_changed() ? 0 : -1); }

static int is_listening(void) {
    int accepts = 0;
    socklen_t size = sizeof accepts;
    getsockopt(TCP, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
    return accepts;
}

/// Where the way itself tells.
static int is_done(void) { return failure[0] == 0; }

static const struct {
    const char *name;
    void (*run)(void);
    int (*has_reached)(void);
} ways[] = {
    {"ring", connect_by_ring, has_connection},
    {"listener", connect_by_listener, has_datagram},
    {"untraced", connect_untraced, has_datagram},
    {"fast-open", fast_open, has_connection},
    {"fast-open-message", fast_open_message, has_connection},
    {"no-family", send_without_family, has_datagram},
    {"listen", listen_unbound, is_listening},
    {"insert-input", insert_input, is_done},
    {"received", connect_received, has_datagram},
    {"received-connected", send_received, has_datagram},
    {"tunnel", make_tunnel, is_done},
    {"ppp", make_ppp, is_done},
    {"discipline", set_discipline, is_done},
    {"vhost", own_vhost, is_done},
    {"vmci", begin_vmci, is_done},
    {"bpf", run_bpf, is_done},
    {"request-key", request_key, is_done},
    {"connectx", connect_by_setting, is_done},
    {"connectx3", connect_by_reading, is_done},
    {"bound-port", choose_port_by_binding, is_done},
    {"sent-port", choose_port_by_sending, is_done},
    {"listening-port", choose_port_by_listening, is_done},
    {"int80", send_by_interrupt, has_datagram},
    {"socketcall", send_by_socketcall, has_datagram},
    {"far-jump", send_by_far_jump, has_datagram},
    {"narrow-syscall", send_by_narrow_syscall, has_datagram},
    {"sysenter", send_by_sysenter, has_datagram},
    {"garbage", send_with_garbage, has_datagram},
    {"setuid", nothing, is_changed},
};

/// A socket to receive descriptors from, which were sent before anything is restricted.
static int give(char **command) {
    int ends[2], connected = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in target = address_of(UDP_TARGET);
    connect(connected, (struct sockaddr *)&target, sizeof target);
    int both[2] = {socket(AF_INET, SOCK_DGRAM, 0), connected};
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    union {
        char bytes[CMSG_SPACE(sizeof both)];
        struct cmsghdr header;
    } control = {{0}};
    struct iovec vector = {"x", 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
        .cmsg_len = CMSG_LEN(sizeof both)};
    memcpy(CMSG_DATA(&control.header), both, sizeof both);
    if (sendmsg(ends[0], &message, 0) == -1 || dup2(ends[1], 30) == -1) {
        perror("side-doors: give");
        return 3;
    }
    close(ends[0]), close(ends[1]), close(both[0]), close(both[1]);
    execvp(command[0], command);
    return 127;
}

int main(int count, char **words) {
    failure = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count > 2 && strcmp(words[1], "give") == 0) {
        return give(words + 2);
    }
    for (size_t i = 0; count == 2 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(words[1], ways[i].name) == 0) {
            ways[i].run();
            printf("%s\n", ways[i].has_reached() ? "reached" : failure[0] ? failure : "lost");
            return 0;
        }
    }
    fputs("usage: side-doors WAY | give COMMAND...\n", stderr);
    return 2;
}
