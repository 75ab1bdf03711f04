/// A server that gives the network up for good as soon as it has the one socket that it needs.
///
///     cc -o give-up main.c && supervise --network on -- ./give-up
///
/// It listens, gives the network up, and then answers one connection: what was opened before goes
/// on to work, and what a bug in the answering part could be made to open does not. Here it is its
/// own client, so that the example needs nothing else.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <supervise.h>

static int fail(const char *what)
{
    fprintf(stderr, "give-up: %s: %s\n", what, strerror(errno));
    return 1;
}

int main(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1 || client == -1
        || bind(listener, (struct sockaddr *)&address, length) == -1 || listen(listener, 1) == -1
        || getsockname(listener, (struct sockaddr *)&address, &length) == -1
        || connect(client, (struct sockaddr *)&address, length) == -1) {
        return fail("the sockets that it needs");
    }

    // For good: neither this process nor any that it starts can have it again.
    struct rlimit off = {0, 0};
    if (setrlimit(RLIMIT_NETWORK, &off) == -1) {
        return fail(errno == EINVAL ? "not under supervise" : "RLIMIT_NETWORK");
    }

    char text[32] = "";
    int server = accept(listener, NULL, NULL);
    if (server == -1 || write(server, "what was open works on", 22) != 22
        || read(client, text, sizeof text - 1) != 22) {
        return fail("a connection that is there");
    }
    printf("%s\n", text);
    if (socket(AF_INET, SOCK_STREAM, 0) != -1) {
        return fail("a new socket was made");
    }
    printf("a new socket: %s\n", strerror(errno));
    return 0;
}
