// Runs a program, and at its first connect(2) maps a page into it as supervise does, with the same calls
// in the program and the same looks at it, each made once and in the cheapest way that ptrace has: the
// floor of what mapping the page takes. Every connect then goes on without a look.
// `mapped PROGRAM [ARGUMENT...]`.

#include "seized.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { PLACE = 0x7e000000, SIZE = 1 << 20, NUMBER_MSEAL = 462, SEAL_FUTURE_WRITE = 0x10 };

/// struct procmap_query, <linux/fs.h> of Linux 6.11.
struct mapping_query {
    uint64_t size, query_flags, query_address;
    uint64_t start, end, flags, page_size, offset, inode;
    uint32_t device_major, device_minor, name_size, build_id_size;
    uint64_t name_address, build_id_address;
};

static void require(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static int page, is_first_step;
static pid_t thread;
static struct user_regs_struct saved;

/// Has the thread make a call in one step, and gives its result.
static long call(long number, long a, long b, long c, long d, long e, long f)
{
    struct user_regs_struct now = saved;
    int status;
    now.rdi = (uint64_t)a, now.rsi = (uint64_t)b, now.rdx = (uint64_t)c;
    now.r10 = (uint64_t)d, now.r8 = (uint64_t)e, now.r9 = (uint64_t)f;
    if (is_first_step) {
        now.orig_rax = (uint64_t)number;
    } else {
        now.rip -= 2, now.rax = (uint64_t)number, now.orig_rax = UINT64_MAX;
    }
    is_first_step = 0;
    require(ptrace(PTRACE_SETREGS, thread, 0, &now) == 0, "PTRACE_SETREGS");
    require(ptrace(PTRACE_SINGLESTEP, thread, 0, 0) == 0, "PTRACE_SINGLESTEP");
    require(waitpid(thread, &status, __WALL) == thread && status >> 8 == SIGTRAP, "a step");
    require(ptrace(PTRACE_GETREGS, thread, 0, &now) == 0, "PTRACE_GETREGS");
    require(now.rip == saved.rip && now.orig_rax == (uint64_t)number, "what was made");
    return (long)now.rax;
}

static int open_file(const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", thread, name);
    int file = open(path, flags | O_CLOEXEC);
    require(file != -1, path);
    return file;
}

/// What the page is received into.
struct buffer {
    struct msghdr header;
    struct iovec vector;
    char control[CMSG_SPACE(sizeof(int))];
    char byte;
};

static void queue_page(int number)
{
    int process = (int)syscall(SYS_pidfd_open, thread, 0);
    int socket = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof name;
    require(socket != -1, "pidfd_getfd");
    bind(socket, (struct sockaddr *)&name, sizeof name.sun_family);
    getsockname(socket, (struct sockaddr *)&name, &length);
    connect(socket, (struct sockaddr *)&name, length);
    struct buffer message = {.header = {.msg_iovlen = 1}};
    message.header.msg_iov = &message.vector;
    message.vector = (struct iovec){&message.byte, 1};
    message.header.msg_control = message.control;
    message.header.msg_controllen = sizeof message.control;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    *control = (struct cmsghdr){CMSG_LEN(sizeof page), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(control), &page, sizeof page);
    require(sendmsg(socket, &message.header, 0) == 1, "sendmsg");
    close(socket);
    close(process);
}

static void map_page(void)
{
    uint64_t mask, all = ~(1ULL << (SIGTRAP - 1));
    ptrace(PTRACE_GETSIGMASK, thread, sizeof mask, &mask);
    ptrace(PTRACE_SETSIGMASK, thread, sizeof all, &all);
    ptrace(PTRACE_GETREGS, thread, 0, &saved);
    is_first_step = 1;
    int socket = (int)call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0);
    int memory = open_file("mem", O_RDWR);
    // On the stack, below the red zone.
    uint64_t room = (saved.rsp - 128 - sizeof(struct buffer)) & ~15UL;
    struct buffer former, buffer = {.header = {.msg_iovlen = 1}};
    buffer.header.msg_iov = (void *)(room + offsetof(struct buffer, vector));
    buffer.vector = (struct iovec){(void *)(room + offsetof(struct buffer, byte)), 1};
    buffer.header.msg_control = (void *)(room + offsetof(struct buffer, control));
    buffer.header.msg_controllen = sizeof buffer.control;
    queue_page(socket);
    require(pread(memory, &former, sizeof former, (off_t)room) == sizeof former, "pread");
    require(pwrite(memory, &buffer, sizeof buffer, (off_t)room) == sizeof buffer, "pwrite");
    call(SYS_recvmsg, socket, (long)room, MSG_CMSG_CLOEXEC | MSG_DONTWAIT, 0, 0, 0);
    require(pread(memory, &buffer, sizeof buffer, (off_t)room) == sizeof buffer, "pread");
    require(pwrite(memory, &former, sizeof former, (off_t)room) == sizeof former, "pwrite");
    int file;
    memcpy(&file, buffer.control + CMSG_LEN(0), sizeof file);
    long result = call(SYS_mmap, PLACE, SIZE, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    require(result == PLACE, "mmap of the page");
    require(call(SYS_close_range, socket, file, 0, 0, 0, 0) == 0, "close_range");
    require(call(NUMBER_MSEAL, PLACE, SIZE, 0, 0, 0, 0) == 0, "mseal");
    int maps = open_file("maps", O_RDONLY);
    struct mapping_query query = {.size = sizeof query, .query_address = PLACE};
    require(ioctl(maps, _IOWR('f', 17, struct mapping_query), &query) == 0, "PROCMAP_QUERY");
    struct user_regs_struct now = saved;
    now.rip -= 2, now.rax = saved.orig_rax, now.orig_rax = UINT64_MAX;
    ptrace(PTRACE_SETREGS, thread, 0, &now);
    ptrace(PTRACE_SETSIGMASK, thread, sizeof mask, &mask);
}

static void make_page(void)
{
    int writable = memfd_create("floor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", writable);
    require(ftruncate(writable, SIZE) == 0, "ftruncate");
    require(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0) != MAP_FAILED, "mmap");
    fcntl(writable, F_ADD_SEALS, SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    page = open(path, O_RDONLY | O_CLOEXEC);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fputs("usage: mapped PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    make_page();
    pid_t child = start_seized(arguments + 1, 0);
    require(child != -1, "PTRACE_SEIZE");
    int status, result = 1, has_page = 0;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status)) {
            int event = status >> 16;
            if (event == PTRACE_EVENT_EXEC) {
                has_page = 0;
            } else if (event == PTRACE_EVENT_SECCOMP && !has_page) {
                map_page();
                has_page = 1;
            }
            ptrace(PTRACE_CONT, thread, 0, event != 0 ? 0 : WSTOPSIG(status));
        } else if (thread == child && WIFEXITED(status)) {
            result = WEXITSTATUS(status);
        }
    }
    return result;
}
