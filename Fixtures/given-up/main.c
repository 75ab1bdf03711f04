/// given-up: gives the network up where two threads live at once, which `probe` cannot have.
///
///     given-up exec PROGRAM [ARGUMENT...]    the first thread gives it up for itself; another one,
///                                            made before, executes the program
///     given-up alone PROGRAM [ARGUMENT...]   the only thread gives it up for itself, and executes the
///                                            program
///     given-up divergent                     another thread has a filter that the first one does
///                                            not have; the first one gives the limit up
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <supervise.h>

static pthread_barrier_t ready, done;
static char **program;

static void *execute(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&done);
    execv(program[0], program);
    perror(program[0]);
    exit(1);
}

static void *install(void *unused)
{
    (void)unused;
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {1, &allow};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == -1) {
        perror("seccomp");
        exit(1);
    }
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&done);
    return NULL;
}

static void print_state(void)
{
    struct rlimit limit = {1, 1};
    getrlimit(RLIMIT_NETWORK, &limit);
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    printf("limit: %s; flags: %d; socket: %s\n", limit.rlim_cur == 0 ? "off" : "on",
        prctl(PR_GET_NETWORK, 0, 0, 0, 0), made == -1 ? strerror(errno) : "made");
}

static const char *result(int value) { return value == -1 ? strerror(errno) : "done"; }

int main(int count, char **arguments)
{
    if (count < 2) {
        return 2;
    }
    if (!strcmp(arguments[1], "alone")) {
        if (prctl(PR_SET_NETWORK, PR_NETWORK_OFF, 0, 0, 0) == -1) {
            perror("PR_SET_NETWORK");
            return 1;
        }
        execv(arguments[2], arguments + 2);
        perror(arguments[2]);
        return 1;
    }
    int executes = !strcmp(arguments[1], "exec");
    program = arguments + 2;
    pthread_barrier_init(&ready, NULL, 2);
    pthread_barrier_init(&done, NULL, 2);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, executes ? execute : install, NULL) != 0) {
        return 1;
    }
    pthread_barrier_wait(&ready);
    if (executes) {
        printf("PR_SET_NETWORK: %s\n", result(prctl(PR_SET_NETWORK, PR_NETWORK_OFF, 0, 0, 0)));
        print_state();
        fflush(stdout);
        pthread_barrier_wait(&done);
        pthread_join(thread, NULL);
        return 1;
    }
    struct rlimit off = {0, RLIM_INFINITY};
    printf("RLIMIT_NETWORK: %s\n", result(setrlimit(RLIMIT_NETWORK, &off)));
    print_state();
    pthread_barrier_wait(&done);
    pthread_join(thread, NULL);
    printf("RLIMIT_NETWORK: %s\n", result(setrlimit(RLIMIT_NETWORK, &off)));
    print_state();
    return 0;
}
