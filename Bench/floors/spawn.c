// Forks and executes a program COUNT times, one after the other, as a shell or make does.
// `spawn COUNT PROGRAM [ARGUMENT...]`.

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 3) {
        fputs("usage: spawn COUNT PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    for (long round = atol(arguments[1]); round > 0; round--) {
        pid_t child = fork();
        if (child == 0) {
            execv(arguments[2], arguments + 2);
            _exit(127);
        }
        int status;
        if (child == -1 || waitpid(child, &status, 0) != child || status != 0) {
            fputs("spawn: the program failed\n", stderr);
            return 1;
        }
    }
    return 0;
}
