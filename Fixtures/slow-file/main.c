// Makes a call with an address in a file whose server never answers, or on that file, and others meanwhile.
//
// Usage: slow-file address|descriptor|program|lock|name FOLDER
//
// Mounts a file system of its own (FUSE) on FOLDER, in a mount namespace of its own, and maps the
// file there. A child's connect() waits for the file for ever, or its listen() is of the file, and whoever
// closes a copy of that waits for ever; or the child executes the file, as a program, and from then on whoever
// asks what it is waits for ever; or it sends from the file over a TCP connection, which is locked meanwhile,
// and another thread connects that; or it binds a socket to a name in a folder of which nobody is told whether it
// is there. The parent's calls must not wait. Needs
// root. The child ends with the file system, which is aborted when its server, a thread, is gone.
#include <errno.h>
#include <arpa/inet.h>
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int device, asked[2], content;
static unsigned long size = 4096;
/// Whether the file can be read, whether nobody is told what it is, and whether it can be closed.
static atomic_bool is_readable, is_silent, is_closed_at_once;
static void *page;
static int connection;

static void answer(
    const struct fuse_in_header *request, int error, const void *data, size_t length) {
    static char bytes[1 << 17];
    struct fuse_out_header header = {
        .len = (unsigned)(sizeof header + length), .error = error, .unique = request->unique};
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, data, length);
    if (write(device, bytes, header.len) < 0) {
        _exit(4);
    }
}

static void read_content(const struct fuse_in_header *request) {
    static char bytes[1 << 16];
    const struct fuse_read_in *wanted = (const void *)(request + 1);
    size_t most = wanted->size < sizeof bytes ? wanted->size : sizeof bytes;
    ssize_t got = pread(content, bytes, most, (off_t)wanted->offset);
    answer(request, 0, bytes, got > 0 ? (size_t)got : 0);
}

static void *serve(void *unused) {
    static char bytes[1 << 17];
    while (read(device, bytes, sizeof bytes) > 0) {
        const struct fuse_in_header *request = (const void *)bytes;
        int is_root = request->nodeid == FUSE_ROOT_ID && request->opcode != FUSE_LOOKUP;
        struct fuse_attr attributes = {.ino = is_root ? 1 : 2, .nlink = 1, .size = size,
            .mode = is_root ? 040755 : 0100755};
        struct fuse_init_out start = {.major = 7, .minor = 31, .max_write = 4096};
        struct fuse_entry_out entry = {.nodeid = 2, .attr = attributes};
        struct fuse_attr_out found = {.attr = attributes};
        struct fuse_open_out opened = {.fh = 1};
        switch (request->opcode) {
        case FUSE_INIT: answer(request, 0, &start, sizeof start); break;
        case FUSE_LOOKUP:
            // A loader looks for libraries beside its program.
            if (strcmp((const char *)(request + 1), "file") == 0) {
                answer(request, 0, &entry, sizeof entry);
            } else if (strcmp((const char *)(request + 1), "silence") != 0) {
                answer(request, -ENOENT, "", 0);
            }
            break;
        case FUSE_GETATTR:
            if (!is_silent) {
                answer(request, 0, &found, sizeof found);
            }
            break;
        case FUSE_OPEN: answer(request, 0, &opened, sizeof opened); break;
        case FUSE_READ:
            if (is_readable) {
                read_content(request);
                break;
            }
            // Never answered.
            if (write(asked[1], "r", 1) < 0) {
                _exit(4);
            }
            break;
        case FUSE_FLUSH:
            if (is_closed_at_once) {
                answer(request, 0, "", 0);
            }
            break;
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

/// What the child executes: makes a call that is refused, when the server has become silent.
static int run_program(const char *told, const char *asking) {
    char byte = 'p';
    int socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0nobody"};
    if (write(atoi(asking), &byte, 1) != 1 || read(atoi(told), &byte, 1) != 1) {
        return 4;
    }
    if (write(atoi(asking), &byte, 1) != 1) {
        return 4;
    }
    connect(socket_, (struct sockaddr *)&abstract, sizeof abstract);
    return 0;
}

static void *send_page(void *unused) {
    send(connection, page, 4096, MSG_NOSIGNAL);
    return unused;
}

/// Connects a socket that another thread has locked.
static int connect_locked(int listener, int told) {
    char byte;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    connect(connection, (struct sockaddr *)&address, length);
    pthread_t sender;
    pthread_create(&sender, NULL, send_page, NULL);
    if (read(told, &byte, 1) != 1 || write(asked[1], "l", 1) != 1) {
        return 4;
    }
    connect(connection, (struct sockaddr *)&address, length);
    pthread_join(sender, NULL);
    return 0;
}

/// Binds a socket to a name in a folder of which nobody is told whether it is there.
static int bind_name(const char *folder) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/silence/name", folder);
    if (write(asked[1], "n", 1) != 1) {
        return 4;
    }
    bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&name, sizeof name);
    return 0;
}

int main(int count, char **words) {
    char options[96], path[256], byte;
    if (count == 4) {
        return run_program(words[2], words[3]);
    }
    if (count != 3) {
        fputs("usage: slow-file address|descriptor|program|lock|name FOLDER\n", stderr);
        return 2;
    }
    int by_descriptor = strcmp(words[1], "descriptor") == 0;
    int by_program = strcmp(words[1], "program") == 0, by_lock = strcmp(words[1], "lock") == 0;
    int by_name = strcmp(words[1], "name") == 0;
    int told[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct stat status_of_program;
    is_closed_at_once = by_lock || by_program || by_name;
    content = open("/proc/self/exe", O_RDONLY);
    if (by_program && fstat(content, &status_of_program) == 0) {
        size = (unsigned long)status_of_program.st_size;
        is_readable = 1;
    }
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (pipe(told) == -1
        || (by_lock
            && (bind(listener, (struct sockaddr *)&loopback, sizeof loopback) == -1
                || listen(listener, 1) == -1))) {
        fail("a listener");
    }
    if (unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1) {
        fail("mount namespace");
    }
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (device == -1 || mount("none", words[2], "fuse", 0, options) == -1 || pipe(asked) == -1) {
        fail("FUSE");
    }
    pthread_t server;
    pthread_create(&server, NULL, serve, NULL);
    snprintf(path, sizeof path, "%s/file", words[2]);
    int file = open(path, O_RDONLY);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    if (page == MAP_FAILED) {
        fail(path);
    }
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0), made = 0;
    pid_t child = fork();
    if (child == 0) {
        close(device);
        if (by_descriptor) {
            listen(file, 1);
            _exit(write(asked[1], "l", 1) != 1 || pause());
        }
        if (by_program) {
            char numbers[2][12];
            snprintf(numbers[0], sizeof numbers[0], "%d", told[0]);
            snprintf(numbers[1], sizeof numbers[1], "%d", asked[1]);
            execl(path, path, "run", numbers[0], numbers[1], NULL);
            _exit(4);
        }
        if (by_lock) {
            _exit(connect_locked(listener, told[0]));
        }
        if (by_name) {
            _exit(bind_name(words[2]));
        }
        connect(sender, page, sizeof nobody);
        _exit(0);
    }
    if (read(asked[0], &byte, 1) != 1) {
        fail("pipe");
    }
    if (by_program || by_lock) {
        is_silent = 1;
        if (write(told[1], "g", 1) != 1 || read(asked[0], &byte, 1) != 1) {
            fail("pipe");
        }
    }
    for (int i = 0; i < 100; i++) {
        made += connect(sender, (struct sockaddr *)&nobody, sizeof nobody) == -1 && errno == ENOENT;
    }
    printf("%s, others made %d\n",
        strcmp(words[1], "address") == 0 ? "the file was asked for" : "the call was made", made);
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
