#define _GNU_SOURCE
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

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

int csupervise_wait(int block, pid_t *thread, int *status)
{
    for (;;) {
        pid_t result = waitpid(-1, status, block ? __WALL : __WALL | WNOHANG);
        if (result >= 0) {
            *thread = result;
            return 0;
        }
        if (errno != EINTR) {
            return errno;
        }
    }
}
