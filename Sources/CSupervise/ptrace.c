#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "CSupervise.h"

// glibc's headers give ptrace requests as an enumeration that lacks the newest; plain numbers do.
enum { GET_SYSCALL_INFO = 0x420e };

static int request(long number, pid_t thread, void *address, void *data)
{
    return ptrace(number, thread, address, data) == -1 ? errno : 0;
}

int csupervise_ptrace_seize(pid_t thread, unsigned options)
{
    return request(PTRACE_SEIZE, thread, NULL, (void *)(uintptr_t)options);
}

int csupervise_ptrace_set_options(pid_t thread, unsigned options)
{
    return request(PTRACE_SETOPTIONS, thread, NULL, (void *)(uintptr_t)options);
}

int csupervise_ptrace_continue(pid_t thread, int signal)
{
    return request(PTRACE_CONT, thread, NULL, (void *)(uintptr_t)(unsigned)signal);
}

int csupervise_ptrace_continue_to_exit(pid_t thread, int signal)
{
    return request(PTRACE_SYSCALL, thread, NULL, (void *)(uintptr_t)(unsigned)signal);
}

int csupervise_ptrace_step(pid_t thread, int signal)
{
    return request(PTRACE_SINGLESTEP, thread, NULL, (void *)(uintptr_t)(unsigned)signal);
}

int csupervise_ptrace_listen(pid_t thread)
{
    return request(PTRACE_LISTEN, thread, NULL, NULL);
}

int csupervise_ptrace_interrupt(pid_t thread)
{
    return request(PTRACE_INTERRUPT, thread, NULL, NULL);
}

int csupervise_ptrace_event_message(pid_t thread, unsigned long *message)
{
    return request(PTRACE_GETEVENTMSG, thread, NULL, message);
}

int csupervise_ptrace_syscall_info(pid_t thread, struct csupervise_syscall_info *info)
{
    *info = (struct csupervise_syscall_info){0};
    return request(GET_SYSCALL_INFO, thread, (void *)sizeof *info, info);
}

int csupervise_ptrace_get_registers(pid_t thread, struct csupervise_registers *registers)
{
    return request(PTRACE_GETREGS, thread, NULL, registers);
}

int csupervise_ptrace_set_registers(pid_t thread, const struct csupervise_registers *registers)
{
    return request(PTRACE_SETREGS, thread, NULL, (void *)registers);
}

int csupervise_ptrace_poke_register(pid_t thread, size_t offset, uint64_t value)
{
    return request(PTRACE_POKEUSER, thread, (void *)offset, (void *)(uintptr_t)value);
}

int csupervise_ptrace_get_signal_mask(pid_t thread, uint64_t *mask)
{
    return request(PTRACE_GETSIGMASK, thread, (void *)sizeof *mask, mask);
}

int csupervise_ptrace_set_signal_mask(pid_t thread, uint64_t mask)
{
    return request(PTRACE_SETSIGMASK, thread, (void *)sizeof mask, &mask);
}

int csupervise_ptrace_trap(pid_t thread, int *is_fault, uint64_t *address)
{
    siginfo_t info;
    int error = request(PTRACE_GETSIGINFO, thread, NULL, &info);
    if (error == 0) {
        *is_fault = info.si_code > 0;
        *address = (uintptr_t)info.si_addr;
    }
    return error;
}

int csupervise_wait_peek(int block, pid_t *thread, int *ended)
{
    siginfo_t change = {0};
    int options = WEXITED | WSTOPPED | WNOWAIT | __WALL | (block ? 0 : WNOHANG);
    while (waitid(P_ALL, 0, &change, options) == -1) {
        if (errno != EINTR) {
            return errno;
        }
    }
    *thread = change.si_pid;
    *ended = change.si_code != CLD_TRAPPED && change.si_code != CLD_STOPPED;
    return 0;
}

int csupervise_is_traced(pid_t thread)
{
    siginfo_t change = {0};
    int options = WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL;
    int result;
    do {
        result = waitid(P_PID, (id_t)thread, &change, options);
    } while (result == -1 && errno == EINTR);
    return result == 0;
}

int64_t csupervise_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

/// What waitid(2) told as the status word of wait4(2).
static int status_word(const siginfo_t *change)
{
    switch (change->si_code) {
    case CLD_EXITED: return (change->si_status & 0xff) << 8;
    case CLD_KILLED: return change->si_status;
    case CLD_DUMPED: return change->si_status | 0x80;
    default: return change->si_status << 8 | 0x7f;
    }
}

int csupervise_wait_take(pid_t *thread, int ended, int *status)
{
    siginfo_t change = {0};
    int options = (ended ? WEXITED : WSTOPPED) | WNOHANG | __WALL;
    while (waitid(P_PID, (id_t)*thread, &change, options) == -1) {
        if (errno != EINTR) {
            return errno;
        }
    }
    *thread = change.si_pid;
    *status = status_word(&change);
    return 0;
}

int csupervise_has_several_cores(void)
{
    // Of more cores than fit the call says EINVAL.
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == -1 || CPU_COUNT(&cores) > 1;
}

void csupervise_pause(void)
{
    for (int turn = 0; turn < 16; turn++) {
        __builtin_ia32_pause();
    }
}
