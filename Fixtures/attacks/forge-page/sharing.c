// Two processes share all memory. One has the supervisor map the page, and a filter of the program's own sees to
// it that this fails in the end, after the other one has found the page there.
#include "forge.h"
#include "slow.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { TRIES = 10, DO_FORK = 11 };

/// Where the call is made for which the page is mapped in vain.
#define GATE 0x20000000UL

static char stack[1 << 16] __attribute__((aligned(16)));
static struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
static int socket_;

/// Its instruction is at another place than all others.
static int call_in_vain(void *unused) {
    (void)unused;
    slow_down(0);
    ((long (*)(long, const void *, long))GATE)(socket_, &address, sizeof address);
    syscall(SYS_exit_group, 0);
    return 0;
}

static int try_once(void) {
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0x0f, 0x05, 0xc3};
    char *gate = mmap((void *)GATE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    memcpy(gate, code, sizeof code);
    socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    pid_t occupier = occupy(0);
    stay_on(1);
    pid_t other = clone(call_in_vain, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    while (msync((void *)FIRST_PLACE, 4096, MS_ASYNC) != 0) {
        int status;
        if (waitpid(other, &status, WNOHANG) == other) {
            give_free(occupier);
            return 0;
        }
    }
    // Scratch memory at first, which is no page yet.
    while (find_page() == NULL && msync((void *)FIRST_PLACE, 4096, MS_ASYNC) == 0) {
    }
    make_judged_call();
    give_free(occupier);
    waitpid(other, NULL, 0);
    return forge();
}

int run_shared_in_vain(void) {
    int reached = 0;
    for (int i = 0; i < TRIES; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(try_once());
        }
        int status;
        waitpid(child, &status, 0);
        reached += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    }
    printf("reached %d\n", reached);
    return 0;
}

/// The page is mapped before a filter is installed; a further program begins without it.
int run_sharing(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE + 7, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DO_FORK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
        return 9;
    }
    execl("/proc/self/exe", "forge-page", "shared-in-vain", NULL);
    return 9;
}
