// What a program can do to a mapping of its own.
#include "operations.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char evil[] = "EVIL";
static char *elsewhere;

static void protect(char *p, size_t n) {
    if (mprotect(p, n, PROT_READ | PROT_WRITE) == 0) {
        memcpy(p, evil, 4);
    }
}
static void protect_none(char *p, size_t n) { mprotect(p, n, PROT_NONE); }
static void unmap(char *p, size_t n) { munmap(p, n); }
static void unmap_first(char *p, size_t n) { (void)n, munmap(p, 4096); }
static void unmap_middle(char *p, size_t n) { munmap(p + n / 2, 4096); }
static void unmap_around(char *p, size_t n) { munmap(p - n, 3 * n); }
static void move(char *p, size_t n) {
    mremap(p, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
}
static void move_part(char *p, size_t n) {
    mremap(p + n / 2, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
}
static void shrink(char *p, size_t n) { mremap(p, n, 4096, 0); }
static void leave(char *p, size_t n) { mremap(p, n, n, MREMAP_MAYMOVE | MREMAP_DONTUNMAP); }
static void move_onto(char *p, size_t n) {
    mremap(elsewhere, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, p);
}
static void map_over(char *p, size_t n) {
    mmap(p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
static void map_over_part(char *p, size_t n) {
    (void)n;
    mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
static void attach_over(char *p, size_t n) {
    int id = shmget(IPC_PRIVATE, n, IPC_CREAT | 0600);
    shmat(id, p, SHM_REMAP);
    shmctl(id, IPC_RMID, NULL);
}
static void remap_pages(char *p, size_t n) { (void)n, syscall(SYS_remap_file_pages, p, 4096, 0, 3, 0); }
/// The kernel unmaps the ring of an AIO context with it: as much as the whole has, from where a part of it was
/// moved to last.
static void destroy_ring(char *p, size_t n) {
    (void)n;
    unsigned long context = 0;
    if (syscall(SYS_io_setup, 40000, &context) == -1
        || mremap((void *)(context + 4096), 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p - 4096)
            == MAP_FAILED) {
        return;
    }
    // The context's index, the first, which the kernel reads there.
    *(volatile unsigned *)(p - 4096) = 0;
    syscall(SYS_io_destroy, p - 4096);
}
static void write_own_memory(char *p, size_t n) {
    (void)n;
    struct iovec from = {evil, 4}, to = {p, 4};
    process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}
static void write_memory_file(char *p, size_t n) {
    (void)n;
    int file = open("/proc/self/mem", O_RDWR);
    pwrite(file, evil, 4, (off_t)(size_t)p);
    close(file);
}
static void write_by_sibling(char *p, size_t n) {
    (void)n;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d/mem", parent);
        int file = open(path, O_RDWR);
        pwrite(file, evil, 4, (off_t)(size_t)p);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}
static void read_into(char *p, size_t n) {
    (void)n;
    int file = open("/dev/urandom", O_RDONLY);
    read(file, p, 16);
    close(file);
}
static void receive_into(char *p, size_t n) {
    (void)n;
    int pair[2];
    socketpair(1, 2, 0, pair);
    write(pair[0], evil, 4);
    recv(pair[1], p, 4, 0);
}
static void futex_into(char *p, size_t n) {
    (void)n;
    static int word;
    syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 1, p, FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0));
}
static void open_writable(char *p, size_t n) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (size_t)p, (size_t)p + n);
    int file = open(path, O_RDWR);
    write(file, evil, 4);
    ftruncate(file, 0);
    fallocate(file, 3, 0, 4096);
    char *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (copy != MAP_FAILED) {
        memcpy(copy, evil, 4);
    }
    close(file);
}
static void register_faults(char *p, size_t n) {
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    ioctl(fd, UFFDIO_API, &api);
    for (unsigned long mode = 1; mode <= 4; mode *= 2) {
        struct uffdio_register range = {.range = {(size_t)p, n}, .mode = mode};
        // From then on, whoever reads it waits for this program.
        if (ioctl(fd, UFFDIO_REGISTER, &range) == 0) {
            _exit(1);
        }
    }
}
static void set_break(char *p, size_t n) {
    prctl(PR_SET_MM, PR_SET_MM_START_BRK, (size_t)p - n, 0, 0);
    prctl(PR_SET_MM, PR_SET_MM_BRK, (size_t)p + n, 0, 0);
    syscall(SYS_brk, p - n);
}
static void advise_process(char *p, size_t n) {
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    struct iovec range = {p, n};
    syscall(SYS_process_madvise, self, &range, 1, MADV_DONTFORK, 0);
    close(self);
}
static long narrow_call(long number, long a, long b, long c, long d, long e) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result)
        : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
        : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
static void dont_fork_narrow(char *p, size_t n) {
    narrow_call(219, (long)p, (long)n, MADV_DONTFORK, 0, 0);
}
static void advise_process_narrow(char *p, size_t n) {
    unsigned *range = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    range[0] = (unsigned)(size_t)p;
    range[1] = (unsigned)n;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    narrow_call(440, self, (long)range, 1, MADV_DONTFORK, 0);
    close(self);
}
static void unmap_narrow(char *p, size_t n) { narrow_call(91, (long)p, (long)n, 0, 0, 0); }
static void advise(char *p, size_t n, int advice) { madvise(p, n, advice); }
static void dont_fork(char *p, size_t n) { advise(p, n, MADV_DONTFORK); }
static void dont_fork_around(char *p, size_t n) { advise(p - n, 3 * n, MADV_DONTFORK); }
static void dont_fork_part(char *p, size_t n) { advise(p + n / 2, 4096, MADV_DONTFORK); }
static void wipe(char *p, size_t n) { advise(p, n, MADV_WIPEONFORK); }
static void dont_need(char *p, size_t n) { advise(p, n, MADV_DONTNEED); }
static void remove_pages(char *p, size_t n) { advise(p, n, MADV_REMOVE); }
static void guard(char *p, size_t n) { advise(p, n, 102); }

const struct operation operations[] = {
    {"mprotect", protect}, {"mprotect-none", protect_none}, {"munmap", unmap},
    {"munmap-first", unmap_first}, {"munmap-middle", unmap_middle}, {"munmap-around", unmap_around},
    {"mremap-move", move}, {"mremap-move-part", move_part}, {"mremap-shrink", shrink},
    {"mremap-dontunmap", leave}, {"mremap-onto", move_onto}, {"map-fixed", map_over},
    {"map-fixed-part", map_over_part}, {"shm-remap", attach_over},
    {"remap-file-pages", remap_pages}, {"process-vm-writev", write_own_memory},
    {"self-mem", write_memory_file}, {"sibling-mem", write_by_sibling}, {"read-into", read_into},
    {"receive-into", receive_into}, {"futex-into", futex_into}, {"map-files", open_writable},
    {"userfaultfd", register_faults}, {"set-mm", set_break}, {"process-madvise", advise_process},
    {"dontfork-i386", dont_fork_narrow}, {"process-madvise-i386", advise_process_narrow},
    {"munmap-i386", unmap_narrow}, {"dontfork", dont_fork}, {"dontfork-around", dont_fork_around},
    {"dontfork-part", dont_fork_part}, {"wipeonfork", wipe}, {"dontneed", dont_need},
    {"remove", remove_pages}, {"guard-install", guard},
    {"destroy-ring", destroy_ring},
    {NULL, NULL},
};

void prepare_operations(size_t size) {
    elsewhere = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
