// Changes a call's address between its check and its use.
//
// Usage: flip-name sendto|sendmsg|sendmmsg|connect ABSTRACT TRIES
//
// One thread makes calls on AF_UNIX datagram sockets with an address whose first byte another
// thread flips all the time: a path that nobody is bound to, or the abstract name. Prints how many
// calls reached the abstract name's socket, which the program itself owns. A check that reads the
// address and lets the call read it again lets some through.
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address;
static socklen_t length;
static atomic_bool finished;

static void *flip(void *unused)
{
    (void)unused;
    volatile char *first = address.sun_path;
    while (!atomic_load_explicit(&finished, memory_order_relaxed)) {
        *first = 0;
        for (volatile int i = 0; i < 20; i++) {
        }
        *first = '/';
        for (volatile int i = 0; i < 20; i++) {
        }
    }
    return NULL;
}

int main(int count, char **arguments)
{
    if (count != 4) {
        fputs("usage: flip-name sendto|sendmsg|sendmmsg|connect ABSTRACT TRIES\n", stderr);
        return 2;
    }
    const char *call = arguments[1];
    long tries = atol(arguments[3]), reached = 0;
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", arguments[2]);
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(arguments[2]));
    // Descriptor 3 is a socket with the abstract name, made before the network was off.
    int target = 3;
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    char byte = 'x', buffer[16];
    struct iovec vector = {&byte, 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &address, .msg_namelen = length, .msg_iov = &vector, .msg_iovlen = 1}};
    pthread_t thread;
    pthread_create(&thread, NULL, flip, NULL);
    for (long index = 0; index < tries; index++) {
        if (strcmp(call, "sendto") == 0) {
            sendto(sender, &byte, 1, 0, (struct sockaddr *)&address, length);
        } else if (strcmp(call, "sendmsg") == 0) {
            sendmsg(sender, &message.msg_hdr, 0);
        } else if (strcmp(call, "sendmmsg") == 0) {
            sendmmsg(sender, &message, 1, 0);
        } else if (connect(sender, (struct sockaddr *)&address, length) == 0) {
            send(sender, &byte, 1, 0);
        }
        while (recv(target, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            reached++;
        }
    }
    atomic_store(&finished, 1);
    pthread_join(thread, NULL);
    printf("%ld\n", reached);
    return 0;
}
