// Follows a process instruction by instruction, and prints which of its program's are executed between two
// waits, each once: `1105f30` a line, and an empty line for each waitid(2). For Tools/order/order.py.
//
// `steps LENGTH PROGRAM [ARGUMENT...]` follows a program from its start on, which is to make processes of its
// own without being their tracer; `steps LENGTH PID` a process that runs, until it ends. LENGTH is how much memory the
// program has from its first address on.

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BITS = 8 };

static void require(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

/// Where the program stands in memory.
static uint64_t first_address(pid_t process)
{
    char path[32], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/maps", process);
    FILE *maps = fopen(path, "re");
    require(maps != NULL && fgets(line, sizeof line, maps) != NULL, path);
    fclose(maps);
    return strtoull(line, NULL, 16);
}

static pid_t begin(char **words)
{
    int status;
    char *end;
    pid_t process = (pid_t)strtol(words[0], &end, 10);
    if (*end == '\0') {
        require(ptrace(PTRACE_SEIZE, process, 0, 0) == 0, "PTRACE_SEIZE");
        require(ptrace(PTRACE_INTERRUPT, process, 0, 0) == 0, "PTRACE_INTERRUPT");
    } else {
        process = fork();
        if (process == 0) {
            ptrace(PTRACE_TRACEME, 0, 0, 0);
            execv(words[0], words);
            _exit(127);
        }
    }
    require(waitpid(process, &status, __WALL) == process && WIFSTOPPED(status), "waitpid");
    return process;
}

int main(int count, char **words)
{
    if (count < 3) {
        fputs("usage: steps LENGTH PROGRAM [ARGUMENT...] | steps LENGTH PID\n", stderr);
        return 2;
    }
    uint64_t length = strtoull(words[1], NULL, 0);
    unsigned char *seen = calloc(length / BITS + 1, 1);
    require(seen != NULL, "calloc");
    pid_t process = begin(words + 2);
    uint64_t first = first_address(process);
    int status, signal = 0;
    fputs("follows\n", stderr);
    while (ptrace(PTRACE_SINGLESTEP, process, 0, signal) == 0
        && waitpid(process, &status, __WALL) == process && WIFSTOPPED(status)) {
        signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        struct user_regs_struct registers;
        require(ptrace(PTRACE_GETREGS, process, 0, &registers) == 0, "PTRACE_GETREGS");
        uint64_t place = registers.rip - first;
        if (place < length && (seen[place / BITS] >> place % BITS & 1) == 0) {
            seen[place / BITS] |= (unsigned char)(1 << place % BITS);
            printf("%lx\n", (unsigned long)registers.rip);
        }
        // Before the instruction; the next one counts anew.
        long code = ptrace(PTRACE_PEEKTEXT, process, registers.rip, 0);
        if ((code & 0xffff) == 0x050f && registers.rax == SYS_waitid) {
            memset(seen, 0, length / BITS + 1);
            putchar('\n');
        }
    }
    return 0;
}
