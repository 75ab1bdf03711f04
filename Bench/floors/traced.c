// Runs a program whose connect(2), bind(2), sendto(2) and sendmsg(2) stop for a tracer that lets them go on
// without a look, and follows its children: the floor of every supervisor that is made of RET_TRACE and ptrace.
// `traced PROGRAM [ARGUMENT...]`.

#include "seized.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

int main(int count, char **arguments)
{
    if (count < 2) {
        fputs("usage: traced PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    pid_t child = start_seized(arguments + 1, 0);
    if (child == -1) {
        perror("traced");
        return 1;
    }
    int status, result = 1;
    pid_t stopped;
    while ((stopped = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status)) {
            int event = status >> 16;
            ptrace(PTRACE_CONT, stopped, 0, event != 0 ? 0 : WSTOPSIG(status));
        } else if (stopped == child && WIFEXITED(status)) {
            result = WEXITSTATUS(status);
        }
    }
    return result;
}
