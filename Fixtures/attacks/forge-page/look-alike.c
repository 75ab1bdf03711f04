// Memory that looks like the page in /proc/PID/maps: a System V segment has its number where others
// have their inode's, on the same device as any memfd, and the number can be chosen.
#include "forge.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

/// The inode's number of the mapping at an address.
static unsigned long inode_at(void *address) {
    char line[512];
    unsigned long start, inode, found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%*x %*s %*x %*x:%*x %lu", &start, &inode) == 2
            && start == (unsigned long)address) {
            found = inode;
        }
    }
    fclose(maps);
    return found;
}

/// Makes a segment of this number: in an IPC namespace of its own a process may say which is next.
static int make_segment(unsigned long number) {
    if (unshare(CLONE_NEWIPC) == -1 && unshare(CLONE_NEWUSER | CLONE_NEWIPC) == -1) {
        return -1;
    }
    char text[24];
    int length = snprintf(text, sizeof text, "%lu", number);
    int next = open("/proc/sys/kernel/shm_next_id", O_WRONLY);
    if (write(next, text, (size_t)length) != length) {
        return -1;
    }
    close(next);
    return shmget(IPC_PRIVATE, PAGE_SIZE_OF_SUPERVISOR, 0600);
}

int run_look_alike(void) {
    unsigned long number = inode_at(find_page());
    int id = make_segment(number);
    char *own = id == -1 ? (void *)-1 : shmat(id, NULL, 0);
    if (own == (void *)-1 || (unsigned long)id != number) {
        perror("a segment of the page's number");
        return 1;
    }
    fill(own);
    char text[24];
    snprintf(text, sizeof text, "%d", id);
    // The next program begins without a page.
    execl("/proc/self/exe", "forge-page", "attached", text, NULL);
    return 9;
}

int run_attached(const char *id) {
    if (shmat(atoi(id), (void *)FIRST_PLACE, SHM_RDONLY) != (void *)FIRST_PLACE) {
        perror("shmat");
        return 1;
    }
    shmctl(atoi(id), IPC_RMID, NULL);
    printf("reached %d\n", forge());
    return 0;
}
