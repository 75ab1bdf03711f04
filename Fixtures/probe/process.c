/// Steps that run steps: in children, threads, and after exec.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { STACK_SIZE = 1 << 20, MAX_EXEC = 1024, OUT_OF_THE_WAY = 500 };

void run_steps(const struct step *first, const struct frame *outer) {
    for (const struct step *step = first; step; step = step->next) {
        struct frame frame = {step->next, outer};
        struct invocation call;
        arena_reset();
        if (step->call->run) {
            step->call->run(step, &frame);
            continue;
        }
        encode(step, &call);
        report_result(step, &call, invoke(step->abi, &call));
    }
}

static void report_number(const struct step *step, long result) {
    struct invocation none = {0};
    report_result(step, &none, result);
}

static int child_main(void *body) {
    run_steps(body, NULL);
    _exit(0);
}

/// in-child and in-clone. The stack is our own, so that CLONE_VM works too; what else CLONE_VM
/// shares (errno, names) is not touched by the parent, which waits.
void run_clone(const struct step *step, const struct frame *frame) {
    (void)frame;
    struct invocation call;
    encode(step, &call);
    uint8_t *stack = mmap(
        NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        report_number(step, -errno);
        return;
    }
    int flags = (int)call.arguments[0] | SIGCHLD, status;
    pid_t child = clone(child_main, stack + STACK_SIZE, flags, step->body);
    pid_t waited = child;
    while (child > 0 && (waited = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
    }
    int error = errno;
    munmap(stack, STACK_SIZE);
    emit(step, waited < 0 ? print_result(-error) : print_status(status));
}

struct thread {
    const struct step *body;
    const struct frame *frame;
};

static void *thread_main(void *argument) {
    const struct thread *thread = argument;
    run_steps(thread->body, thread->frame);
    return NULL;
}

void run_thread(const struct step *step, const struct frame *frame) {
    struct thread thread = {step->body, frame};
    pthread_t id;
    int error = pthread_create(&id, NULL, thread_main, &thread);
    if (!error) {
        error = pthread_join(id, NULL);
    }
    report_number(step, -error);
}

/// Waits for the child's steps by a pipe that stays clear of the descriptors that steps see.
void run_fork_pause(const struct step *step, const struct frame *frame) {
    (void)frame;
    int ends[2];
    if (pipe(ends)) {
        report_number(step, -errno);
        return;
    }
    for (int i = 0; i < 2; i++) {
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
        close(ends[i]);
        ends[i] = moved;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(0);
        }
        close(ends[0]);
        run_steps(step->body, NULL);
        close(ends[1]);
        for (;;) {
            pause();
        }
    }
    long result = child < 0 ? -errno : child;
    close(ends[1]);
    char none;
    while (child > 0 && read(ends[0], &none, 1) < 0 && errno == EINTR) {
    }
    close(ends[0]);
    report_number(step, result);
}

/// Arguments of the program that replaces this one, below 4 GiB for i386's execve.
struct vector {
    enum abi abi;
    uint8_t *start, *at;
    int count;
};

static void start_vector(struct vector *vector, enum abi abi, int capacity) {
    vector->abi = abi;
    vector->count = capacity;
    vector->start = vector->at = arena_take((size_t)(capacity + 1) * 8);
}

static void add(struct vector *vector, const char *text) {
    if (!vector->count--) {
        refuse("too many steps after exec");
    }
    uint8_t *copy = arena_take(strlen(text) + 1);
    strcpy((char *)copy, text);
    put_word(&vector->at, vector->abi, (uint64_t)address_of(copy));
}

static void add_variables(struct vector *arguments) {
    for (int i = 0; i < variable_count(); i++) {
        const struct variable *variable = variable_at(i);
        char *value = format("%s=%d:%ld", variable->name, (int)variable->kind, variable->value);
        if (variable->kind == VARIABLE_ADDRESS) {
            value = format("%s=%d:", variable->name, (int)variable->kind);
            for (size_t j = 0; j < variable->length; j++) {
                value = format("%s%02x", value, variable->address[j]);
            }
        }
        add(arguments, "--set");
        add(arguments, value);
    }
}

static void add_steps(struct vector *arguments, const struct frame *frame) {
    for (; frame; frame = frame->outer) {
        for (const struct step *step = frame->rest; step; step = step->next) {
            add(arguments, "--indent");
            add(arguments, format("%d", step->indent));
            add(arguments, "--abi");
            add(arguments, abi_name(step->default_abi));
            add(arguments, step->text);
        }
    }
}

void run_exec(const struct step *step, const struct frame *frame) {
    struct invocation call;
    encode(step, &call);
    if (!step->count) {
        call.arguments[0] = encode_text("/proc/self/exe");
    }
    struct vector arguments, environment;
    start_vector(&arguments, step->abi, MAX_EXEC);
    add(&arguments, "probe");
    if (garbage) {
        add(&arguments, "--garbage");
    }
    add_variables(&arguments);
    add(&arguments, "--indent");
    add(&arguments, format("%d", step->indent));
    add(&arguments, "--after-exec");
    add(&arguments, step->text);
    add_steps(&arguments, frame);

    int variables = 0;
    while (environ[variables]) {
        variables++;
    }
    start_vector(&environment, step->abi, variables);
    for (int i = 0; i < variables; i++) {
        add(&environment, environ[i]);
    }
    call.arguments[1] = address_of(arguments.start);
    call.arguments[2] = address_of(environment.start);
    report_number(step, invoke(step->abi, &call));
}

void run_exit(const struct step *step, const struct frame *frame) {
    (void)frame;
    struct invocation call;
    encode(step, &call);
    emit(step, print_result(call.arguments[0]));  // Now or never.
    _exit((int)call.arguments[0]);
}

void run_sleep(const struct step *step, const struct frame *frame) {
    (void)frame;
    struct invocation call;
    encode(step, &call);
    long milliseconds = call.arguments[0];
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    report_number(step, nanosleep(&time, NULL) ? -errno : 0);
}
