// Gets an inherited UDP socket a port by calls that are no bind.
//
// Usage: free-port give COMMAND...
//        free-port take write|send|sendmsg|path
//
// `give` hands an unbound UDP socket on to the command, and sends to the port that this tells over a
// pipe. `take` is that command: it writes to the socket, which has no destination and fails, or connects
// it to an AF_UNIX path, which fails too. Before the kernel finds that out, it has given the socket a
// port. Prints "heard" if something arrives there.
//
// Descriptors: 20 is the socket, 21 is where the port is written to, 22 tells that something was sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 20, PORT, SENT };

static int give(char **command) {
    int port_pipe[2], sent_pipe[2], unbound = socket(AF_INET, SOCK_DGRAM, 0);
    if (unbound == -1 || pipe(port_pipe) == -1 || pipe(sent_pipe) == -1) {
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(unbound, SOCKET);
        dup2(port_pipe[1], PORT);
        dup2(sent_pipe[0], SENT);
        for (int other = 3; other < SOCKET; other++) {
            close(other);
        }
        execvp(command[0], command);
        _exit(2);
    }
    close(port_pipe[1]);
    close(sent_pipe[0]);
    in_port_t port = 0;
    if (read(port_pipe[0], &port, sizeof port) == sizeof port && port != 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        sendto(socket(AF_INET, SOCK_DGRAM, 0), "secret", 6, 0, (struct sockaddr *)&address, sizeof address);
    }
    close(sent_pipe[1]);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int take(const char *way) {
    struct sockaddr_un path = {AF_UNIX, "/missing/socket"};
    struct iovec text = {"x", 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    if (strcmp(way, "write") == 0) {
        (void)!write(SOCKET, "x", 1);
    } else if (strcmp(way, "send") == 0) {
        send(SOCKET, "x", 1, 0);
    } else if (strcmp(way, "sendmsg") == 0) {
        sendmsg(SOCKET, &message, 0);
    } else {
        connect(SOCKET, (struct sockaddr *)&path, sizeof path);
    }
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    getsockname(SOCKET, (struct sockaddr *)&address, &length);
    (void)!write(PORT, &address.sin_port, sizeof address.sin_port);
    char bytes[16];
    // Ends when it was sent, which on the loopback interface means that it arrived.
    (void)!read(SENT, bytes, 1);
    puts(recv(SOCKET, bytes, sizeof bytes, MSG_DONTWAIT) > 0 ? "heard" : "nothing heard");
    return 0;
}

int main(int count, char **words) {
    if (count > 2 && strcmp(words[1], "give") == 0) {
        return give(words + 2);
    }
    if (count == 3 && strcmp(words[1], "take") == 0) {
        return take(words[2]);
    }
    fputs("usage: free-port give COMMAND... | take write|send|sendmsg|path\n", stderr);
    return 2;
}
