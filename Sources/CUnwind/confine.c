// What the process that takes stacks may still do: read.
//
// Should a table, a symbol or an ELF file that an attacker made take it over, then it has no call to
// write a file or memory with, to connect anywhere, to run a program or to send a signal.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CUnwind.h"

#define WORD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW ANSWER(SECCOMP_RET_ALLOW)
#define ALLOW_NUMBER(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), ALLOW
/// For one number: allowed if no bit of `bits` is set in the low half of an argument.
#define ALLOW_WITHOUT(number, index, bits) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4), \
    WORD(args[index]), \
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 1, 0), ALLOW, REFUSE

/// Memory for the largest tables of symbols, and an end to greed.
enum { MEMORY_LIMIT = 1 << 30 };

int cunwind_confine(void)
{
    const struct sock_filter instructions[] = {
        WORD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        WORD(nr),
        ALLOW_NUMBER(SYS_pread64),
        ALLOW_NUMBER(SYS_read),
        ALLOW_NUMBER(SYS_recvmsg),
        // The only socket is the channel: no address leads anywhere from a connected pair.
        ALLOW_NUMBER(SYS_sendmsg),
        ALLOW_NUMBER(SYS_close),
        ALLOW_NUMBER(SYS_lseek),
        ALLOW_NUMBER(SYS_fstat),
        ALLOW_NUMBER(SYS_newfstatat),
        ALLOW_NUMBER(SYS_statx),
        ALLOW_NUMBER(SYS_readlink),
        ALLOW_NUMBER(SYS_readlinkat),
        ALLOW_WITHOUT(SYS_openat, 2,
            O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY)),
        ALLOW_WITHOUT(SYS_mmap, 2, PROT_EXEC),
        ALLOW_WITHOUT(SYS_mprotect, 2, PROT_EXEC),
        ALLOW_NUMBER(SYS_munmap),
        ALLOW_NUMBER(SYS_mremap),
        ALLOW_NUMBER(SYS_madvise),
        ALLOW_NUMBER(SYS_brk),
        ALLOW_NUMBER(SYS_futex),
        ALLOW_NUMBER(SYS_getrandom),
        ALLOW_NUMBER(SYS_clock_gettime),
        ALLOW_NUMBER(SYS_rt_sigprocmask),
        ALLOW_NUMBER(SYS_rt_sigreturn),
        ALLOW_NUMBER(SYS_exit),
        ALLOW_NUMBER(SYS_exit_group),
        // PROCMAP_QUERY, by its number alone: its size is in the upper half of the word.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
        WORD(args[1]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'f' << 8 | 17, 0, 1),
        ALLOW,
        REFUSE,
    };
    struct sock_fprog program = {
        .len = sizeof instructions / sizeof instructions[0],
        .filter = (struct sock_filter *)instructions,
    };
    struct rlimit limit = {MEMORY_LIMIT, MEMORY_LIMIT};
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_AS, &limit) == -1 || setrlimit(RLIMIT_CORE, &none) == -1
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
        return errno;
    }
    return 0;
}
