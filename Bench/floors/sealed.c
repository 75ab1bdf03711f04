// Runs a program whose connect(2), bind(2), sendto(2) and sendmsg(2) are held as sealed calls have to be, by the
// cheapest requests that ptrace has: at the seccomp stop the call is asked for, 16 bytes of its address or message
// header are read and the register that points there is set, and at the stop behind the call it is set again. The
// values set are those that stand there already, which makes no difference to the kernel; nothing is judged, and
// no page is mapped. The floor of what two stops cost. `sealed [-w] PROGRAM [ARGUMENT...]`; with -w it is awake
// all the time, and looks for the next stop again and again.

#include "seized.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/user.h>
#include <sys/wait.h>

/// The register that points to a call's address or header, and what it holds.
struct pointer {
    size_t place;
    uint64_t value;
};

/// The memory of the thread that made the last call: the descriptor is kept, as long as it is the same one's.
static int memory = -1;
static pid_t owner;

static void forget_memory(void)
{
    if (memory != -1) {
        close(memory);
    }
    memory = -1;
}

static void open_memory(pid_t thread)
{
    char path[32];
    forget_memory();
    snprintf(path, sizeof path, "/proc/%d/mem", thread);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    owner = thread;
}

static void set(pid_t thread, struct pointer pointer)
{
    ptrace(PTRACE_POKEUSER, thread, pointer.place, pointer.value);
}

/// Lets a call go on to the stop behind it, or to its end where it has no address.
static struct pointer hold(pid_t thread)
{
    struct __ptrace_syscall_info call;
    ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call);
    struct pointer pointer = {offsetof(struct user_regs_struct, rsi), call.seccomp.args[1]};
    if (call.seccomp.nr == SYS_sendto) {
        pointer = (struct pointer){offsetof(struct user_regs_struct, r8), call.seccomp.args[4]};
    }
    if (memory == -1 || owner != thread) {
        open_memory(thread);
    }
    char bytes[16];
    if (pread(memory, bytes, sizeof bytes, (off_t)pointer.value) != sizeof bytes) {
        ptrace(PTRACE_CONT, thread, 0, 0);
        return pointer;
    }
    set(thread, pointer);
    ptrace(PTRACE_SYSCALL, thread, 0, 0);
    return pointer;
}

int main(int count, char **arguments)
{
    int awake = count > 1 && strcmp(arguments[1], "-w") == 0;
    if (count < 2 + awake) {
        fputs("usage: sealed [-w] PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    pid_t child = start_seized(arguments + 1 + awake, PTRACE_O_TRACESYSGOOD);
    if (child == -1) {
        perror("sealed");
        return 1;
    }
    int status, result = 1;
    pid_t stopped;
    // Of one thread at a time: what is measured makes its calls one after the other.
    struct pointer pointer = {0};
    while ((stopped = waitpid(-1, &status, __WALL | (awake ? WNOHANG : 0))) >= 0) {
        if (stopped == 0) {
            continue;
        }
        if (!WIFSTOPPED(status)) {
            if (stopped == child && WIFEXITED(status)) {
                result = WEXITSTATUS(status);
            }
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP) {
            pointer = hold(stopped);
        } else if (signal == (SIGTRAP | 0x80)) {
            set(stopped, pointer);
            ptrace(PTRACE_CONT, stopped, 0, 0);
        } else {
            // A program that is executed has other memory.
            if (event == PTRACE_EVENT_EXEC) {
                forget_memory();
            }
            ptrace(PTRACE_CONT, stopped, 0, event != 0 ? 0 : signal);
        }
    }
    return result;
}
