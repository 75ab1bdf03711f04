// Mounts a socket over the number by which a deputy names the path that it holds.
//
// Usage: cover-number FOLDER TIMES
//
// The supervisor has a deputy open the path of a connect(2), and name it by the descriptor's number, in
// /proc/thread-self/fd. In mounts of its own (a user namespace is enough) a program can put something else
// over that link before the call is made: before Linux 6.12.
//
// Listens at FOLDER/good and FOLDER/bad, and connects TIMES times to the former, while a thread mounts the latter
// over the numbers of threads to come. Prints whether the kernel lets that be, how often it connected, and
// how often FOLDER/bad was reached.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un good, bad;
static volatile int number, last, ends;

static int listen_at(struct sockaddr_un *address, const char *folder, const char *name) {
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", folder, name);
    int one = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(one, (struct sockaddr *)address, sizeof *address) || listen(one, 100)) {
        perror(address->sun_path);
        exit(2);
    }
    return one;
}

/// A mount of the refused socket that is attached nowhere yet, with a number above all others.
static int detached(void) {
    int one = (int)syscall(SYS_open_tree, AT_FDCWD, bad.sun_path, 1 /* OPEN_TREE_CLONE */);
    int high = fcntl(one, F_DUPFD_CLOEXEC, 100);
    close(one);
    return high;
}

static int cover(int mount, const char *path) {
    return (int)syscall(SYS_move_mount, mount, "", AT_FDCWD, path, 4 /* MOVE_MOUNT_F_EMPTY_PATH */);
}

static void *cover_all(void *unused) {
    char path[80];
    int mount = detached();
    while (!ends) {
        int begin = last;
        for (int i = 1; i <= 3; i++) {
            snprintf(path, sizeof path, "/proc/self/task/%d/fd/%d", begin + i, number);
            if (cover(mount, path) == 0) {
                close(mount);
                mount = detached();
            }
        }
    }
    return unused;
}

static void *note(void *unused) {
    last = gettid();
    return unused;
}

/// Finds out which number the next thread has.
static void note_last(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, note, NULL);
    pthread_join(thread, NULL);
}

static int take(int listener) {
    int one = accept(listener, NULL, NULL);
    if (one >= 0) { close(one); }
    return one >= 0;
}

int main(int count, char **words) {
    if (count < 3) {
        fputs("usage: cover-number FOLDER TIMES\n", stderr);
        return 2;
    }
    int allowed = listen_at(&good, words[1], "good"), refused = listen_at(&bad, words[1], "bad");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1) {
        printf("unshare %s\n", strerrorname_np(errno));
        return 0;
    }
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    char path[80];
    int other = open("/dev/null", O_PATH);
    snprintf(path, sizeof path, "/proc/self/fd/%d", other);
    printf("%s, ", cover(detached(), path) == 0 ? "covered" : strerrorname_np(errno));
    close(other);
    // The socket has this number, and what the deputy opens the one behind it.
    number = other + 1;
    note_last();
    pthread_t thread;
    pthread_create(&thread, NULL, cover_all, NULL);
    int connected = 0, reached = 0;
    for (int i = 0; i < atoi(words[2]); i++) {
        int one = socket(AF_UNIX, SOCK_STREAM, 0);
        note_last();
        connected += connect(one, (struct sockaddr *)&good, sizeof good) == 0;
        reached += take(refused);
        take(allowed);
        close(one);
    }
    ends = 1;
    pthread_join(thread, NULL);
    printf("connected %d, reached %d\n", connected, reached);
    return 0;
}
