/// The calls: each is made in one of three ABIs, with all that the kernel reads below 4 GiB.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzzer.h"

enum { SOCKETS = 12, ENTRIES = 4, PAGE = 4096 };

enum call { SOCKET, BIND, CONNECT, LISTEN, SENDTO, SENDMSG, SENDMMSG, CALLS };
static const char *const names[] = {"socket", "bind", "connect", "listen", "sendto", "sendmsg", "sendmmsg"};
static const long wide[] = {SYS_socket, SYS_bind, SYS_connect, SYS_listen, SYS_sendto, SYS_sendmsg, SYS_sendmmsg};
static const long narrow[] = {359, 361, 362, 363, 369, 370, 345};
static const long multiplexed[] = {1, 2, 3, 4, 11, 16, 20};
static const char *const abis[] = {"x86-64", "i386", "socketcall"};

/// `int $0x80`: the kernel takes the low halves of all registers.
static long narrow_call(long number, const long *words)
{
    long result;
    register long sixth __asm__("r9") = words[5];
    __asm__ volatile("push %%rbp\n\tmov %%r9, %%rbp\n\tint $0x80\n\tpop %%rbp"
                     : "=a"(result), "+r"(sixth)
                     : "a"(number), "b"(words[0]), "c"(words[1]), "d"(words[2]), "S"(words[3]), "D"(words[4])
                     : "memory", "cc", "r8", "r10", "r11");
    return (int)result;
}

static long wide_call(long number, const long *words)
{
    long result = syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
    return result == -1 ? -errno : result;
}

/// A thread's own: its sockets, its memory, its lines.
struct caller {
    unsigned number;
    uint64_t seed;
    struct timespec end;
    int sockets[SOCKETS];
    unsigned char *memory; // Four pages, then one that cannot be read.
    unsigned used;
    char lines[PAGE];
    unsigned length;
};

static void *take(struct caller *caller, unsigned size)
{
    void *start = caller->memory + caller->used;
    caller->used += (size + 15) & ~15u;
    return start;
}

static void store(void *to, unsigned offset, unsigned width, uint64_t value)
{
    memcpy((unsigned char *)to + offset, &value, width);
}

static void hex(char *text, const void *bytes, unsigned length)
{
    static const char digits[] = "0123456789abcdef";
    if (length == 0) {
        *text++ = '-';
    }
    for (unsigned index = 0; index < length; index++) {
        *text++ = digits[((const unsigned char *)bytes)[index] >> 4];
        *text++ = digits[((const unsigned char *)bytes)[index] & 15];
    }
    *text = 0;
}

/// The bytes of message headers, in the layout of the ABI; the i386 one has words of 4 bytes.
static void header(unsigned char *at, unsigned word, const void *name, unsigned name_length, const void *vector)
{
    store(at, 0, word, (uintptr_t)name);
    store(at, word, 4, name_length);
    store(at, 2 * word, word, (uintptr_t)vector);
    store(at, 3 * word, word, 1);
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

static void one_call(struct caller *caller, uint64_t id)
{
    static const int families[] = {AF_INET, AF_INET, AF_INET, AF_INET6, AF_INET6, AF_UNIX, AF_UNIX, AF_NETLINK,
                                   AF_PACKET, AF_VSOCK, 47, -1};
    static const int types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW, 12};
    static const int protocols[] = {0, 0, 0, 0, IPPROTO_TCP, IPPROTO_UDP, 262, IPPROTO_ICMP, 255};
    enum call call = choose(CALLS);
    unsigned abi = choose(3), word = abi == 0 ? 8 : 4, slot = choose(SOCKETS), entries = 0;
    int family = -1, type = -1, protocol = -1, flags = 0, is_listening = 0;
    bool is_well_formed = true;
    struct sockaddr_storage local;
    socklen_t local_length = 0;
    struct address given[ENTRIES];
    long words[6] = {0};
    caller->used = 0;

    if (call == SOCKET) {
        family = families[choose(sizeof families / sizeof *families)];
        type = types[choose(sizeof types / sizeof *types)];
        protocol = protocols[choose(sizeof protocols / sizeof *protocols)];
        // Reading of what arrives is not what is tried here: nothing waits.
        flags = SOCK_CLOEXEC | SOCK_NONBLOCK | (choose(50) == 0 ? 1 << 20 : 0);
        words[0] = family;
        words[1] = type | flags;
        words[2] = protocol;
    } else {
        int fd = choose(40) == 0 ? -1 : caller->sockets[slot];
        words[0] = fd;
        family = option(fd, SO_DOMAIN);
        type = option(fd, SO_TYPE);
        protocol = option(fd, SO_PROTOCOL);
        is_listening = option(fd, SO_ACCEPTCONN);
        local_length = sizeof local;
        if (getsockname(fd, (struct sockaddr *)&local, &local_length) == -1) {
            local_length = 0;
        }
        is_well_formed = family != -1;
    }
    if (call == BIND || call == CONNECT || call == SENDTO) {
        entries = 1;
    } else if (call == SENDMSG) {
        entries = 1;
    } else if (call == SENDMMSG) {
        entries = 1 + choose(ENTRIES);
    }
    void *address[ENTRIES];
    unsigned length[ENTRIES];
    for (unsigned index = 0; index < entries; index++) {
        any_address(&given[index]);
        length[index] = given[index].length;
        address[index] = take(caller, sizeof given[index].bytes);
        memcpy(address[index], given[index].bytes, sizeof given[index].bytes);
        if (choose(40) == 0) {
            // Not there, or not all of it.
            address[index] = caller->memory + 4 * PAGE - (choose(2) ? length[index] / 2 : 0);
            memcpy(caller->memory + 4 * PAGE - length[index] / 2, given[index].bytes, length[index] / 2);
            is_well_formed = is_well_formed && length[index] == 0;
        }
    }
    if (call == SENDTO || call == SENDMSG || call == SENDMMSG) {
        flags = MSG_NOSIGNAL | MSG_DONTWAIT | (choose(4) == 0 ? MSG_FASTOPEN : 0);
    }
    unsigned char *headers = take(caller, ENTRIES * 64), *vectors = take(caller, ENTRIES * 16);
    memset(headers, 0, ENTRIES * 64);
    for (unsigned index = 0; index < entries; index++) {
        unsigned char *data = take(caller, 32);
        int count = snprintf((char *)data, 32, "%u.%llu.%u\n", caller->number, (unsigned long long)id, index);
        unsigned size = word == 8 ? 56 : 28, step = call == SENDMMSG ? (word == 8 ? 64 : 32) : size;
        store(vectors + index * 2 * word, 0, word, (uintptr_t)data);
        store(vectors + index * 2 * word, word, word, (uint64_t)count);
        header(headers + index * step, word, address[index], length[index], vectors + index * 2 * word);
        if (call == SENDTO) {
            words[1] = (long)(uintptr_t)data;
            words[2] = count;
        }
    }
    switch (call) {
    case BIND:
    case CONNECT:
        words[1] = (long)(uintptr_t)address[0];
        words[2] = length[0];
        break;
    case LISTEN: words[1] = 5; break;
    case SENDTO:
        words[3] = flags;
        words[4] = (long)(uintptr_t)address[0];
        words[5] = length[0];
        break;
    case SENDMSG:
        words[1] = (long)(uintptr_t)headers;
        words[2] = flags;
        break;
    case SENDMMSG:
        words[1] = (long)(uintptr_t)headers;
        words[2] = entries;
        words[3] = flags;
        break;
    default: break;
    }

    long result;
    if (abi == 0) {
        result = wide_call(wide[call], words);
    } else if (abi == 1) {
        result = narrow_call(narrow[call], words);
    } else {
        unsigned *arguments = take(caller, 32);
        for (unsigned index = 0; index < 6; index++) {
            arguments[index] = (unsigned)words[index];
        }
        long pointers[6] = {multiplexed[call], (long)(uintptr_t)arguments};
        result = narrow_call(102, pointers);
    }

    char text[ENTRIES * 260 + 600], *next = text;
    next += sprintf(next, "call %u.%llu %s %s %d %d %d %d ", caller->number, (unsigned long long)id, abis[abi],
                    names[call], family, type, protocol, is_listening);
    hex(next, &local, local_length);
    next += strlen(next);
    next += sprintf(next, " %d %d ", flags, is_well_formed);
    if (entries == 0) {
        next += sprintf(next, "-");
    }
    for (unsigned index = 0; index < entries; index++) {
        if (index > 0) {
            *next++ = ',';
        }
        hex(next, given[index].bytes, length[index]);
        next += strlen(next);
    }
    next += sprintf(next, " %ld\n", result);
    unsigned size = (unsigned)(next - text);
    if (caller->length + size > sizeof caller->lines) {
        if (write(1, caller->lines, caller->length) == -1) {
            _exit(1);
        }
        caller->length = 0;
    }
    memcpy(caller->lines + caller->length, text, size);
    caller->length += size;

    if (call == SOCKET && result >= 0) {
        close(caller->sockets[slot]);
        caller->sockets[slot] = (int)result;
    } else if (call != SOCKET && choose(20) == 0 && result >= 0) {
        // A port is for the next one.
        close(caller->sockets[slot]);
        caller->sockets[slot] = -1;
    }
}

static void *calls(void *argument)
{
    struct caller *caller = argument;
    struct timespec now;
    random_state = caller->seed + caller->number;
    for (uint64_t id = 0;; id++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > caller->end.tv_sec
            || (now.tv_sec == caller->end.tv_sec && now.tv_nsec >= caller->end.tv_nsec)) {
            break;
        }
        one_call(caller, id);
    }
    if (write(1, caller->lines, caller->length) == -1) {
        _exit(1);
    }
    return NULL;
}

void make_calls(uint64_t seed, unsigned threads, unsigned milliseconds, int argc, char **argv)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000L;
    }
    pthread_t *running = calloc(threads, sizeof *running);
    struct caller *callers = calloc(threads, sizeof *callers);
    for (unsigned number = 0; number < threads; number++) {
        struct caller *caller = &callers[number];
        caller->number = number;
        caller->seed = seed * 1000;
        caller->end = end;
        caller->memory = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (caller->memory == MAP_FAILED || mprotect(caller->memory + 4 * PAGE, PAGE, PROT_NONE) == -1) {
            exit(1);
        }
        for (int slot = 0; slot < SOCKETS; slot++) {
            caller->sockets[slot] = -1;
        }
        for (int index = (int)number; index < argc; index += (int)threads) {
            caller->sockets[index / (int)threads] = atoi(argv[index]);
        }
        pthread_create(&running[number], NULL, calls, caller);
    }
    for (unsigned number = 0; number < threads; number++) {
        pthread_join(running[number], NULL);
    }
    free(running);
    free(callers);
}
