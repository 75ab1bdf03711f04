/// call-fuzzer: makes random network calls from several threads, in every ABI, with peers that tell what
/// arrives.
///
///     call-fuzzer SEED MILLISECONDS PORT FOLDER COMMAND...
///
/// Opens the peers, then runs `COMMAND... call-fuzzer calls SEED MILLISECONDS PORT FOLDER`, which makes the
/// calls on some inherited sockets and on its own, each thread on those that no other thread uses. So each
/// call's result is the kernel's for its own arguments, or a refusal. One line for each call:
///
///     call ID ABI NAME FAMILY TYPE PROTOCOL LISTENING LOCAL FLAGS WELL-FORMED ADDRESS,... RESULT
///
/// Addresses are hexadecimal, `-` is none, RESULT is the kernel's. Then, for what has arrived at a peer:
///
///     arrived ID.ENTRY
///     connections COUNT
///
/// The seed gives the same choices again; which thread is when is the kernel's. Exit status 75: a port is
/// taken.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzzer.h"

unsigned base_port;
const char *folder;

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 6 && strcmp(argv[1], "calls") == 0) {
        base_port = (unsigned)atoi(argv[4]);
        folder = argv[5];
        make_calls(strtoull(argv[2], NULL, 10), 4, (unsigned)atoi(argv[3]), argc - 6, argv + 6);
        return 0;
    }
    if (argc < 6) {
        fprintf(stderr, "usage: call-fuzzer SEED MILLISECONDS PORT FOLDER COMMAND...\n");
        return 2;
    }
    base_port = (unsigned)atoi(argv[3]);
    folder = argv[4];
    if (!open_peers()) {
        return 75;
    }
    int done[2];
    if (pipe(done) == -1) {
        return 1;
    }
    pid_t caller = fork();
    if (caller == 0) {
        // Its end closes the pipe, whatever it leaves running.
        char *arguments[64];
        int count = 0;
        for (int index = 5; index < argc && count < 40; index++) {
            arguments[count++] = argv[index];
        }
        char self[256];
        ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
        self[length < 0 ? 0 : length] = 0;
        arguments[count++] = self;
        arguments[count++] = "calls";
        for (int index = 1; index < 5; index++) {
            arguments[count++] = argv[index];
        }
        // Sockets that a restricted program could not make.
        static char numbers[12][8];
        for (int index = 0; index < 8; index++) {
            // A connection to a full listener would be waited for.
            int type = (index & 1 ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK;
            int fd = socket(index & 4 ? AF_INET6 : AF_INET, type, 0);
            snprintf(numbers[index], sizeof numbers[index], "%d", fd);
            arguments[count++] = numbers[index];
        }
        arguments[count] = NULL;
        close(done[0]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(done[1]);
    serve(done[0]);
    int status = 0;
    waitpid(caller, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
