// Has the kernel read, for a call's judged arguments, memory that this program can write.
//
// Usage: forge-page WAY
//
// The supervisor copies what it has judged to a page of its own in this process and has the kernel
// read it there. Where it believes the page to be mapped and it is not, this program can map memory
// of its own there, filled with another address. Each WAY tries to come to that; prints how many
// calls reached an abstract name.
//
// Descriptor 20 is a datagram socket bound to an abstract name, made before the network was off.
#include "forge.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TARGET = 20 };

int has_own_page;

static socklen_t abstract_address(struct sockaddr_un *address) {
    socklen_t length = sizeof *address;
    getsockname(TARGET, (struct sockaddr *)address, &length);
    return length;
}

void make_judged_call(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    connect(socket_, (struct sockaddr *)&address, sizeof address);
    close(socket_);
}

void *find_page(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    void *found = NULL;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start;
        if (strstr(line, "memfd:supervise") != NULL && sscanf(line, "%lx", &start) == 1
            && start >= FIRST_PLACE
            && start < FIRST_PLACE + PLACE_COUNT * PAGE_SIZE_OF_SUPERVISOR) {
            found = (void *)start;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return found;
}

void fill(char *memory) {
    struct sockaddr_un bad;
    socklen_t length = abstract_address(&bad);
    for (size_t slot = 0; slot < PAGE_SIZE_OF_SUPERVISOR; slot += 256) {
        memcpy(memory + slot, &bad, length);
    }
}

int forge(void) {
    struct sockaddr_un good;
    for (unsigned long i = 0; i < PLACE_COUNT; i++) {
        char *place = (char *)FIRST_PLACE + i * PAGE_SIZE_OF_SUPERVISOR;
        if (mmap(place, PAGE_SIZE_OF_SUPERVISOR, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != place) {
            continue;
        }
        fill(place);
    }
    socklen_t length = abstract_address(&good);
    good.sun_path[0] = '/';
    int reached = 0;
    char buffer[16];
    for (int i = 0; i < 3; i++) {
        int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        sendto(sender, "x", 1, 0, (struct sockaddr *)&good, length);
        close(sender);
        while (recv(TARGET, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            reached++;
        }
    }
    return reached;
}

int main(int count, char **words) {
    if (count < 2) {
        fputs("usage: forge-page WAY\n", stderr);
        return 2;
    }
    setbuf(stdout, NULL);
    // Ways that begin before the first judged call.
    int result = run_fresh(words[1], words);
    if (result == -1) {
        result = run_without_page(words[1]);
    }
    if (strcmp(words[1], "attached") == 0) {
        return run_attached(words[2]);
    }
    if (result != -1) {
        return result;
    }
    make_judged_call();
    has_own_page = find_page() == NULL;
    return run_way(words[1]);
}
