/// Reserves all memory below 4 GiB, as V8's sandbox does, and then sends datagrams, from a child too.
///
/// The place of whatever else wants to be there is taken. Prints each result, whether the memory can
/// still not be read, and that of the reservation nothing can be had.
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void send_to(int socket, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ssize_t sent = sendto(socket, "", 1, 0, (struct sockaddr *)&address, sizeof address);
    printf("%d: %s\n", port, sent == 1 ? "sent" : strerrorname_np(errno));
}

int main(void)
{
    char *start = (char *)0x10000;
    size_t size = ((size_t)1 << 32) + (1 << 20) - 0x10000;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    if (mmap(start, size, PROT_NONE, flags, -1, 0) != start) {
        perror("mmap");
        return 1;
    }
    setbuf(stdout, NULL);
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    send_to(datagrams, 9);
    send_to(datagrams, 10);
    if (fork() == 0) {
        send_to(datagrams, 9);
        send_to(datagrams, 10);
        return 0;
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
