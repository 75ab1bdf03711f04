#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "CSupervise.h"

extern char **environ;

int csupervise_spawn(
    char *const arguments[], const char *directory, pid_t *process, int *output, int *error)
{
    int ends[2][2];
    // Closed by exec, so that no other child holds them open.
    if (pipe2(ends[0], O_CLOEXEC) == -1) {
        return errno;
    }
    if (pipe2(ends[1], O_CLOEXEC) == -1) {
        int failure = errno;
        close(ends[0][0]);
        close(ends[0][1]);
        return failure;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);
    if (result == 0) {
        result = posix_spawnattr_init(&attributes);
        if (result == 0) {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
            posix_spawn_file_actions_adddup2(&actions, ends[0][1], 1);
            posix_spawn_file_actions_adddup2(&actions, ends[1][1], 2);
            posix_spawn_file_actions_addchdir_np(&actions, directory);
            posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
            result = posix_spawn(process, arguments[0], &actions, &attributes, arguments, environ);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    for (int i = 0; i < 2; i++) {
        close(ends[i][1]);
        if (result != 0) {
            close(ends[i][0]);
        }
    }
    *output = ends[0][0];
    *error = ends[1][0];
    return result;
}
