// Makes a call with an address in a file whose server never answers, or on that file, or as a program
// in it, and others meanwhile.
//
// Usage: slow-file address|descriptor|program FOLDER
//
// Mounts a file system of its own (FUSE) on FOLDER, in a mount namespace of its own, and maps the
// file there. A child's connect() waits for the file for ever, or its listen() is of the file, and whoever
// closes a copy of that waits for ever, or it runs the file, about which nobody is told anything any
// more; the parent's calls must not wait. Needs root. The child ends with the file system, which is aborted when its server, a thread, is gone.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int device, asked[2];
/// What is in the file where it is a program, and whether it runs.
static char *program;
static size_t size = 4096;
static atomic_int runs;

static void answer(const struct fuse_in_header *request, int error, const void *data, size_t size) {
    struct fuse_out_header header = {
        .len = (unsigned)(sizeof header + size), .error = error, .unique = request->unique};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)data, size}};
    if (writev(device, parts, 2) < 0) {
        _exit(4);
    }
}

static void *serve(void *unused) {
    static char bytes[1 << 17];
    while (read(device, bytes, sizeof bytes) > 0) {
        const struct fuse_in_header *request = (const void *)bytes;
        int is_root = request->nodeid == FUSE_ROOT_ID && request->opcode != FUSE_LOOKUP;
        const struct fuse_read_in *wanted = (const void *)(request + 1);
        struct fuse_attr attributes = {.ino = is_root ? 1 : 2, .nlink = 1,
            .size = is_root ? 4096 : size, .mode = is_root ? 040755 : 0100755};
        struct fuse_init_out start = {.major = 7, .minor = 31, .max_write = 4096};
        struct fuse_entry_out entry = {.nodeid = 2, .attr = attributes};
        struct fuse_attr_out found = {.attr = attributes};
        struct fuse_open_out opened = {.fh = 1};
        switch (request->opcode) {
        case FUSE_INIT: answer(request, 0, &start, sizeof start); break;
        case FUSE_LOOKUP:
            // Programs may look for their libraries beside themselves.
            if (strcmp((const char *)wanted, "file") != 0) {
                answer(request, -ENOENT, "", 0);
                break;
            }
            answer(request, 0, &entry, sizeof entry);
            break;
        case FUSE_GETATTR:
            // Of the program that runs never answered.
            if (is_root || !runs) {
                answer(request, 0, &found, sizeof found);
            }
            break;
        case FUSE_OPEN: answer(request, 0, &opened, sizeof opened); break;
        case FUSE_READ:
            if (program) {
                size_t from = wanted->offset < size ? wanted->offset : size;
                answer(request, 0, program + from,
                    size - from < wanted->size ? size - from : wanted->size);
                break;
            }
            // Never answered.
            if (write(asked[1], "r", 1) < 0) {
                _exit(4);
            }
            break;
        case FUSE_FLUSH: break;
        case FUSE_FORGET: break;
        default: answer(request, -ENOSYS, "", 0);
        }
    }
    return unused;
}

static void fail(const char *what) {
    perror(what);
    exit(2);
}

/// Keeps a copy of this very program, which will be in the file.
static void load(void) {
    struct stat status;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file == -1 || fstat(file, &status) == -1) {
        fail("/proc/self/exe");
    }
    size = (size_t)status.st_size;
    program = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (program == MAP_FAILED) {
        fail("program");
    }
}

/// The program in the file: makes a call that is refused when it is told to, and says so.
static int call(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0nobody"};
    char byte;
    if (write(3, "r", 1) != 1 || read(4, &byte, 1) != 1) {
        return 4;
    }
    connect(5, (struct sockaddr *)&name, sizeof name);
    return write(3, "c", 1) != 1;
}

int main(int count, char **words) {
    char options[96], path[256], byte;
    if (count == 2 && strcmp(words[1], "call") == 0) {
        return call();
    }
    if (count != 3) {
        fputs("usage: slow-file address|descriptor|program FOLDER\n", stderr);
        return 2;
    }
    int by_descriptor = strcmp(words[1], "descriptor") == 0;
    int go[2];
    if (strcmp(words[1], "program") == 0) {
        load();
    }
    if (unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1) {
        fail("mount namespace");
    }
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (device == -1 || mount("none", words[2], "fuse", 0, options) == -1 || pipe(asked) == -1
        || pipe(go) == -1) {
        fail("FUSE");
    }
    pthread_t server;
    pthread_create(&server, NULL, serve, NULL);
    snprintf(path, sizeof path, "%s/file", words[2]);
    int file = open(path, O_RDONLY);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    if (page == MAP_FAILED) {
        fail(path);
    }
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), made = 0;
    pid_t child = fork();
    if (child == 0) {
        close(device);
        if (program) {
            // Clear of each other first.
            int numbers[] = {fcntl(asked[1], F_DUPFD, 10), fcntl(go[0], F_DUPFD, 10),
                fcntl(sender, F_DUPFD, 10)};
            for (int i = 0; i < 3; i++) {
                dup2(numbers[i], 3 + i);
            }
            execl(path, path, "call", NULL);
            fail(path);
        }
        if (by_descriptor) {
            listen(file, 1);
            _exit(write(asked[1], "l", 1) != 1 || pause());
        }
        connect(sender, page, sizeof nobody);
        _exit(0);
    }
    if (read(asked[0], &byte, 1) != 1) {
        fail("pipe");
    }
    if (program) {
        runs = 1;
        if (write(go[1], "g", 1) != 1 || read(asked[0], &byte, 1) != 1) {
            fail("pipe");
        }
    }
    for (int i = 0; i < 100; i++) {
        made += connect(sender, (struct sockaddr *)&nobody, sizeof nobody) == -1 && errno == ENOENT;
    }
    printf("%s, others made %d\n",
        by_descriptor || program ? "the call was made" : "the file was asked for", made);
    fflush(stdout);
    // The connection is aborted when nobody has its device any more.
    umount2(words[2], MNT_FORCE);
    if (by_descriptor) {
        kill(child, SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("its call ended\n");
    fflush(stdout);
    _exit(0);
}
