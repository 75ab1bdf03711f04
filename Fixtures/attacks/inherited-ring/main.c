/// inherited-ring: makes a socket without a system call, through an io_uring that it inherits.
///
///     inherited-ring hold COMMAND [ARGUMENT...]    makes a ring with a polling thread of the kernel's
///                                                  as descriptor 20 and runs the command, which has it
///     inherited-ring use                           asks that ring for an AF_INET socket, by memory
///     inherited-ring give-up                       the same, when it has given the network up for good
///     inherited-ring fork                          makes a ring; a child, which has its memory, does the
///                                                  same
///
/// A filter sees nothing of it: the descriptor is mapped, and the kernel's thread takes the request
/// from there. `use` prints `socket: done`, or the error at which it came to its end, `give-up` first
/// what came of that, which is the end if it is not done within `supervise`. The exit status
/// of `hold` is the command's, or 3 where the kernel gives no such ring.
#include <errno.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <supervise.h>

enum { NUMBER = 20, ENTRIES = 4, OPERATION_SOCKET = 45, IDLE_MILLISECONDS = 60000 };

/// The parts of a ring, in memory that is shared with the kernel.
struct ring {
    struct io_uring_sqe *requests;
    _Atomic uint32_t *submitted, *completed;
    uint32_t *order;
    struct io_uring_cqe *completions;
};

/// Maps a ring whose offsets are known; -1 where that fails.
static int map(int descriptor, const unsigned offsets[4], struct ring *ring) {
    int access = PROT_READ | PROT_WRITE;
    char *base = mmap(NULL, 4096, access, MAP_SHARED, descriptor, (off_t)IORING_OFF_SQ_RING);
    ring->requests = mmap(NULL, 4096, access, MAP_SHARED, descriptor, (off_t)IORING_OFF_SQES);
    if (base == MAP_FAILED || (void *)ring->requests == MAP_FAILED) {
        return -1;
    }
    ring->submitted = (void *)(base + offsets[0]);
    ring->order = (void *)(base + offsets[1]);
    ring->completed = (void *)(base + offsets[2]);
    ring->completions = (void *)(base + offsets[3]);
    return 0;
}

/// Puts the request of that index into the ring's memory.
static void submit(struct ring *ring, uint32_t index, struct io_uring_sqe request) {
    ring->requests[index] = request;
    ring->order[index] = index;
    atomic_store(ring->submitted, index + 1);
}

/// Waits for the answer to the request of that index; whoever runs this sets the patience.
static int answer(struct ring *ring, uint32_t index) {
    while (atomic_load(ring->completed) <= index) {
        sched_yield();
    }
    return ring->completions[index].res;
}

/// Asks a ring for a socket.
static void ask(struct ring *ring) {
    submit(ring, 1,
        (struct io_uring_sqe){.opcode = OPERATION_SOCKET, .fd = AF_INET, .off = SOCK_STREAM});
    int result = answer(ring, 1);
    printf("socket: %s\n", result >= 0 ? "done" : strerrorname_np(-result));
    fflush(stdout);
}

/// Gives the network up; whether that is done, or cannot be, since nobody supervises this.
static int give_up(void) {
    struct rlimit off = {0, 0};
    int error = setrlimit(RLIMIT_NETWORK, &off) == -1 ? errno : 0;
    printf("give up: %s\n", error ? strerrorname_np(error) : "done");
    fflush(stdout);
    return error == 0 || error == EINVAL;
}

/// Makes the ring here and lets a child become the command: the polling thread belongs to its maker
/// and ends with it, also by exec. Without a command the child goes on here.
static int hold(char **command) {
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = IDLE_MILLISECONDS};
    int descriptor = (int)syscall(SYS_io_uring_setup, ENTRIES, &parameters);
    const unsigned offsets[] = {parameters.sq_off.tail, parameters.sq_off.array,
        parameters.cq_off.tail, parameters.cq_off.cqes};
    struct ring ring;
    if (descriptor == -1 || map(descriptor, offsets, &ring)) {
        fprintf(stderr, "inherited-ring: %s\n", strerror(errno));
        return 3;
    }
    // The thread begins asleep, and polls for a minute after it has had something to do.
    submit(&ring, 0, (struct io_uring_sqe){.opcode = IORING_OP_NOP});
    syscall(SYS_io_uring_enter, descriptor, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
    answer(&ring, 0);
    char text[64];
    snprintf(text, sizeof text, "%u %u %u %u", offsets[0], offsets[1], offsets[2], offsets[3]);
    setenv("RING", text, 1);
    pid_t child = fork();
    if (child == 0 && !command) {
        if (give_up()) {
            ask(&ring);
        }
        _exit(0);
    }
    if (child == 0) {
        dup2(descriptor, NUMBER);
        execvp(command[0], command);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int use(void) {
    unsigned offsets[4];
    struct ring ring;
    const char *text = getenv("RING");
    if (!text
        || sscanf(text, "%u %u %u %u", offsets, offsets + 1, offsets + 2, offsets + 3) != 4) {
        return 2;
    }
    if (map(NUMBER, offsets, &ring)) {
        printf("mmap: %s\n", strerrorname_np(errno));
        return 0;
    }
    ask(&ring);
    return 0;
}

int main(int count, char **arguments) {
    if (count > 2 && !strcmp(arguments[1], "hold")) {
        return hold(arguments + 2);
    }
    if (count == 2 && !strcmp(arguments[1], "fork")) {
        return hold(NULL);
    }
    if (count == 2 && !strcmp(arguments[1], "give-up") && !give_up()) {
        return 0;
    }
    if (count == 2 && (!strcmp(arguments[1], "use") || !strcmp(arguments[1], "give-up"))) {
        return use();
    }
    fputs("usage: inherited-ring hold COMMAND... | use | give-up | fork\n", stderr);
    return 2;
}
