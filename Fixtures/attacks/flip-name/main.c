// Changes a call's address between its check and its use.
//
// Usage: flip-name [HIDING] x86-64|i386|socketcall CALL FIELD MEANS TRIES SECONDS
//
// Makes a call on AF_UNIX datagram sockets over and over, while somebody changes all the time where
// it leads: to a path that nobody is bound to, or to an abstract name. A check that reads the
// address and lets the call read it again lets some through. Prints how many calls were made, and
// how many reached the abstract name.
//
// CALL is connect, bind, sendto, sendmsg or sendmmsg.
// FIELD is what changes: `byte`, the first of the name; `length` or `pointer` of a message's name
// (0 or all of it, none or the abstract one); `argument`, socketcall's pointer to the address.
// MEANS is who changes it: `thread`; `vm`, a process that shares all memory; `shared`, one that
// shares a mapping; `mem`, one that writes to /proc/PID/mem.
//
// HIDING: `hidden`, after it made itself undumpable; `hidden-child`, as a copy of a process that did;
// `toggling`, while a thread makes it undumpable and dumpable again all the time.
//
// Descriptor 20 is a datagram socket bound to an abstract name, made before the network was off.
#include "flip.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TARGET = 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// Whether a bind gave the socket the abstract name.
static int is_bound(int socket) {
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    return getsockname(socket, (struct sockaddr *)&name, &length) == 0
        && length > sizeof name.sun_family && name.sun_path[0] == 0;
}

static void *toggle(void *unused) {
    for (int value = 0;; value = !value) {
        prctl(PR_SET_DUMPABLE, value);
    }
    return unused;
}

/// Hides; as a parent, ends with the child that attacks.
static void hide(const char *way) {
    if (strcmp(way, "toggling") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, toggle, NULL);
        return;
    }
    if (prctl(PR_SET_DUMPABLE, 0) == -1) {
        perror("PR_SET_DUMPABLE");
        exit(2);
    }
    if (strcmp(way, "hidden-child") == 0 && fork() != 0) {
        int status = 0;
        wait(&status);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
    }
}

int main(int count, char **words) {
    if (count == 8) {
        hide(words[1]);
        words++;
        count--;
    }
    if (count != 7) {
        fputs("usage: flip-name [HIDING] ABI CALL FIELD MEANS TRIES SECONDS\n", stderr);
        return 2;
    }
    enum abi abi = strcmp(words[1], "x86-64") == 0 ? WIDE
        : strcmp(words[1], "i386") == 0 ? NARROW : MULTIPLEXED;
    const char *call = words[2], *field = words[3];
    long tries = atol(words[5]), made = 0, reached = 0;
    double end = now() + atof(words[6]);
    struct arena *arena = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    int binds = strcmp(call, "bind") == 0;

    socklen_t length = sizeof arena->bad;
    if (getsockname(TARGET, (struct sockaddr *)&arena->bad, &length) == -1) {
        perror("descriptor 20");
        return 2;
    }
    if (binds) {
        // A name of its own: the target's is taken.
        length = (socklen_t)(sizeof(sa_family_t) + 1
            + (size_t)snprintf(arena->bad.sun_path + 1, 32, "flip-%d", getpid()));
    }
    // As a path it is relative: in the working directory.
    arena->good = arena->bad;
    arena->good.sun_path[0] = 'p';
    arena->address = arena->good;

    int sends_message = strncmp(call, "sendm", 5) == 0;
    void *name = strcmp(field, "byte") == 0 ? &arena->address : &arena->bad;
    set_message(arena, abi, name, length);
    long arguments[6] = {0, (long)(intptr_t)name, length};
    if (sends_message) {
        arguments[1] = (long)(intptr_t)&arena->message;
        arguments[2] = strcmp(call, "sendmmsg") == 0 ? 1 : 0;
    } else if (strcmp(call, "sendto") == 0) {
        arguments[1] = (long)(intptr_t)arena->byte;
        arguments[2] = 1;
        arguments[4] = (long)(intptr_t)name;
        arguments[5] = length;
    }
    int wide = abi == WIDE;
    if (strcmp(field, "byte") == 0) {
        arena->place = arena->address.sun_path;
        arena->width = 1;
        arena->values[1] = 'p';
    } else if (strcmp(field, "length") == 0) {
        arena->place = wide ? (void *)&arena->message.wide.msg_hdr.msg_namelen
                            : (void *)&arena->message.narrow[1];
        arena->width = 4;
        arena->values[0] = length;
    } else if (strcmp(field, "pointer") == 0) {
        arena->place = &arena->message;
        arena->width = wide ? 8 : 4;
        arena->values[0] = (uint64_t)(uintptr_t)&arena->bad;
    } else {
        arena->flips_argument = strcmp(call, "sendto") == 0 ? 4 : 1;
        arena->place = &arena->words[arena->flips_argument];
        arena->width = 4;
        arena->values[0] = (uint64_t)(uintptr_t)&arena->bad;
        arena->values[1] = (uint64_t)(uintptr_t)&arena->good;
        arena->words[arena->flips_argument] = (uint32_t)arena->values[1];
    }
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int connects = strcmp(call, "connect") == 0;
    start_flipping(arena, words[4]);
    for (; made < tries && ((made & 63) != 0 || now() < end); made++) {
        if (binds) {
            close(sender);
            sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        }
        arguments[0] = sender;
        long result = invoke(arena, abi, call, arguments);
        if (binds) {
            reached += is_bound(sender);
            unlink(arena->good.sun_path);
            continue;
        }
        if (connects && result == 0) {
            send(sender, "x", 1, 0);
        }
        char buffer[16];
        while (recv(TARGET, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            reached++;
        }
    }
    atomic_store(&arena->finished, 1);
    printf("tries %ld reached %ld\n", made, reached);
    fflush(stdout);
    // The flipper must have been there all the time.
    int status = 0;
    if (strcmp(words[4], "thread") != 0 && (wait(&status) == -1 || status != 0)) {
        fprintf(stderr, "the flipper ended early: %x\n", (unsigned)status);
        return 3;
    }
    _exit(0);
}
