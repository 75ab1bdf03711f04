// Gives a socket another path than the one that rules name, with mounts of its own.
//
// Usage: rename-path FOLDER WAY
//
// Whoever can make a user namespace has mounts of its own: any folder can then be found under any name.
// In FOLDER, `deny/s` is a socket that the rules refuse, and everything in `ok` is allowed. Each way tries
// to connect to the former:
//   folder      the folder `deny` is mounted over `ok`
//   elsewhere   ... over another folder, which no rule names
//   file        the socket alone is mounted over another file
//   root        all there is is mounted again somewhere, which becomes the root
//   link        `ok` is another file system, in which `ok/l` is the folder `deny`; in everybody's
//               `ok` it is a link that leads there, so that the path leads to the very socket
//   clone       by a descriptor of a mount that is attached nowhere
//   bind        not to connect, but to make another socket in `deny`, by another name
//   own         no way around: mounts of its own that change nothing, and a socket in `ok`
// Prints "reached", or the call that failed and its error.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int failed(const char *call) {
    printf("%s %s\n", call, strerrorname_np(errno));
    exit(0);
}

static struct sockaddr_un named(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static void serve(const char *path) {
    struct sockaddr_un address = named(path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == -1
        || listen(listener, 1) == -1) {
        failed("preparing");
    }
}

static void map_into(const char *name, const char *text) {
    int file = open(name, O_WRONLY);
    if (file == -1 || write(file, text, strlen(text)) == -1) {
        failed(name);
    }
    close(file);
}

/// Becomes the root of a user namespace with mounts of its own.
static void separate(void) {
    char user[32], group[32];
    snprintf(user, sizeof user, "0 %d 1", getuid());
    snprintf(group, sizeof group, "0 %d 1", getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1) {
        failed("unshare");
    }
    map_into("/proc/self/uid_map", user);
    map_into("/proc/self/setgroups", "deny");
    map_into("/proc/self/gid_map", group);
}

static void mount_over(const char *from, const char *to) {
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) == -1) {
        failed("mount");
    }
}

int main(int count, char **words) {
    if (count < 3 || chdir(words[1]) == -1) {
        return 64;
    }
    const char *folder = words[1], *way = words[2];
    char path[200];
    umask(0);
    mkdir("ok", 0777);
    mkdir("deny", 0777);
    mkdir("other", 0777);
    serve("deny/s");
    int is_bind = !strcmp(way, "bind");
    if (!strcmp(way, "link") && symlink("../deny", "ok/l") == -1 && errno != EEXIST) {
        failed("symlink");
    }
    if (!strcmp(way, "own")) {
        serve("ok/s");
    }
    close(open("file", O_CREAT | O_WRONLY, 0666));
    separate();
    // The mount that the program came from: its own names for its folders are those of its copy.
    if (chdir(folder) == -1) {
        failed("chdir");
    }
    snprintf(path, sizeof path, "%s/ok/s", folder);
    if (!strcmp(way, "folder")) {
        mount_over("deny", "ok");
    } else if (!strcmp(way, "elsewhere") || is_bind) {
        mount_over("deny", "other");
        snprintf(path, sizeof path, "%s/other/%s", folder, is_bind ? "new" : "s");
    } else if (!strcmp(way, "file")) {
        mount_over("deny/s", "file");
        snprintf(path, sizeof path, "%s/file", folder);
    } else if (!strcmp(way, "root")) {
        mount_over("/", "other");
        if (chroot("other") == -1 || chdir("/") == -1) {
            failed("chroot");
        }
        snprintf(path, sizeof path, "%s/deny/s", folder);
    } else if (!strcmp(way, "link")) {
        int denied = open("deny", O_PATH | O_DIRECTORY);
        char from[32];
        snprintf(from, sizeof from, "/proc/self/fd/%d", denied);
        if (mount("none", "ok", "tmpfs", 0, NULL) == -1 || mkdir("ok/l", 0777) == -1) {
            failed("tmpfs");
        }
        mount_over(from, "ok/l");
        snprintf(path, sizeof path, "%s/ok/l/s", folder);
    } else if (!strcmp(way, "clone")) {
        // OPEN_TREE_CLONE
        long tree = syscall(SYS_open_tree, AT_FDCWD, "deny", 1);
        if (tree == -1) {
            failed("open_tree");
        }
        snprintf(path, sizeof path, "/proc/self/fd/%ld/s", tree);
    } else {
        mount_over("other", "other");
    }
    struct sockaddr_un address = named(path);
    int own = socket(AF_UNIX, SOCK_STREAM, 0);
    if (is_bind ? bind(own, (struct sockaddr *)&address, sizeof address)
                : connect(own, (struct sockaddr *)&address, sizeof address)) {
        failed(is_bind ? "bind" : "connect");
    }
    puts("reached");
}
