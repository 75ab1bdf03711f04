// Keeps sockets over execve(2) that the executed program may not have.
//
// Usage: keep-sockets jump|filter TRIES
//
// Inherited as 20: a TCP listener. In each try a process connects to it, has many copies of the
// connection, and executes the program `two`, which this one writes into its working directory: that
// sends over every descriptor that it has. Prints how many tries sent something.
//
//   jump    the program interpreter of `two` is a file of this program's, too; when the first copy is
//           gone, a jump is put in the place of the instruction that made the first call
//   filter  a filter of this program's own answers close(2) in the kernel's stead
//
// Natively `two` has all that this one had.
#include <elf.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTENER = 20, FIRST, COPIES = 400, CODE = 0x1000 };

// The interpreter: a call, then sends one byte over every number and ends with whether one was sent.
__asm__(
    ".pushsection .rodata\n"
    "code: mov $39, %eax\n"
    "site: syscall\n"
    "nop; nop; nop\n"
    "xor %ebp, %ebp\n"
    "mov $21, %ebx\n"
    "1: mov $44, %eax\n"
    "mov %ebx, %edi\n"
    "lea code(%rip), %rsi\n"
    "mov $1, %edx\n"
    "mov $0x4040, %r10d\n"
    "xor %r8d, %r8d\n"
    "xor %r9d, %r9d\n"
    "syscall\n"
    "cmp $1, %eax\n"
    "jne 2f\n"
    "mov $1, %ebp\n"
    "2: inc %ebx\n"
    "cmp $1000, %ebx\n"
    "jb 1b\n"
    "mov %ebp, %edi\n"
    "mov $231, %eax\n"
    "syscall\n"
    "code_end:\n"
    ".popsection\n");
extern const char code[], site[], code_end[];

static void write_file(const char *name, const char *interpreter, Elf64_Addr place) {
    char file[2 * CODE] = {0};
    Elf64_Ehdr *header = (void *)file;
    Elf64_Phdr *parts = (void *)(file + sizeof *header);
    *header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_entry = place + CODE, .e_phoff = sizeof *header, .e_ehsize = sizeof *header,
        .e_phentsize = sizeof *parts, .e_phnum = interpreter ? 2 : 1,
    };
    parts[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = place, .p_paddr = place,
        .p_filesz = sizeof file, .p_memsz = sizeof file, .p_align = CODE,
    };
    memcpy(file + CODE, code, (size_t)(code_end - code));
    if (interpreter) {
        parts[1] = (Elf64_Phdr){.p_type = PT_INTERP, .p_flags = PF_R, .p_offset = 512,
            .p_vaddr = place + 512, .p_filesz = strlen(interpreter) + 1,
            .p_memsz = strlen(interpreter) + 1, .p_align = 1};
        strcpy(file + 512, interpreter);
    }
    unlink(name);
    int descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (write(descriptor, file, sizeof file) != sizeof file) {
        perror(name);
        exit(2);
    }
    close(descriptor);
}

/// Waits until the process has executed `two` and lost its first copy, and changes its interpreter.
_Noreturn static void change(pid_t process, int executed) {
    char byte, path[64], link[64];
    read(executed, &byte, 1);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, FIRST);
    while (readlink(path, link, sizeof link) > 0) {
    }
    int file = open("interpreter", O_RDWR);
    pwrite(file, "\xeb\x03", 2, CODE + (site - code));
    _exit(0);
}

static void pretend(void) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

_Noreturn static void try_once(const struct sockaddr_in *target, int jumps) {
    int executed[2];
    pipe2(executed, O_CLOEXEC);
    if (jumps && fork() == 0) {
        close(executed[1]);
        change(getppid(), executed[0]);
    }
    int one = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one, (const struct sockaddr *)target, sizeof *target) == -1) {
        _exit(3);
    }
    for (int i = 0; i < COPIES; i++) {
        dup2(one, FIRST + i);
    }
    if (!jumps) {
        pretend();
    }
    execl("two", "two", (char *)NULL);
    _exit(3);
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: keep-sockets jump|filter TRIES\n", stderr);
        return 2;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct sockaddr_in target;
    socklen_t length = sizeof target;
    getsockname(LISTENER, (struct sockaddr *)&target, &length);
    fcntl(LISTENER, F_SETFL, O_NONBLOCK);
    int tries = atoi(words[2]), made = 0, reached = 0;
    for (; made < tries; made++) {
        write_file("interpreter", NULL, 0x20000000);
        write_file("two", "interpreter", 0x10000000);
        pid_t child = fork();
        if (child == 0) {
            try_once(&target, strcmp(words[1], "jump") == 0);
        }
        int status = 0, left;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) > 1) {
            break;
        }
        reached += WIFEXITED(status) && WEXITSTATUS(status) == 1;
        while ((left = accept4(LISTENER, NULL, NULL, 0)) >= 0) {
            close(left);
        }
        // Who changes the interpreter.
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
    printf("tries %d reached %d\n", made, reached);
    return 0;
}
