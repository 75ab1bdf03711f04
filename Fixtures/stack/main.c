/// stack: asks for a socket from some depth, so that tests can look at the stack.
///
///     stack call                from main, outer, middle, inner
///     stack names               from functions with the symbols of C++, Swift and Rust
///     stack thread              from a thread
///     stack signal              from a signal's handler
///     stack deleted             when its own program file is gone
///     stack replaced FILE       when another file has its program's place
///     stack deep NUMBER COUNT   COUNT times from NUMBER calls below main; prints nothing
///     stack int80               by the 32-bit system call
///     stack circle              with frame pointers that lead back to themselves, and no return address
///     stack nowhere             with a stack pointer that points nowhere
///     stack tables SEED         with its own unwind tables overwritten
///     stack child COMMAND...    runs a command and waits
///
/// Tests compile it in several ways too; see `BacktraceTests`. It prints how the call ended.
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What comes after a call keeps the caller's frame on the stack.
static volatile int after;
#define KEPT __attribute__((noinline, noclone))
#if defined(__clang__)
#undef KEPT
#define KEPT __attribute__((noinline))
#endif

static int last_error;

KEPT int inner(void)
{
    int result = socket(AF_INET, SOCK_STREAM, 0);
    last_error = result == -1 ? errno : 0;
    after += 1;
    return result;
}

KEPT int middle(int (*next)(void))
{
    int result = next();
    after += 2;
    return result;
}

KEPT int outer(void)
{
    int result = middle(inner);
    after += 3;
    return result;
}

// Compilers of other languages give their functions such symbols.
KEPT int rust_legacy(void) __asm__("_ZN7example5fetch17h0123456789abcdefE");
KEPT int rust_legacy(void)
{
    int result = inner();
    after += 1;
    return result;
}

KEPT int rust_v0(void) __asm__("_RNvNtCs1234_7mycrate3foo3bar");
KEPT int rust_v0(void)
{
    int result = rust_legacy();
    after += 1;
    return result;
}

KEPT int swift(void) __asm__("$s7example5fetch3urlSiSS_tF");
KEPT int swift(void)
{
    int result = rust_v0();
    after += 1;
    return result;
}

KEPT int cxx(void) __asm__("_ZN7example7Fetcher5startERKSt6vectorIiSaIiEE");
KEPT int cxx(void)
{
    int result = swift();
    after += 1;
    return result;
}

KEPT int deep(int levels)
{
    int result = levels <= 0 ? inner() : deep(levels - 1);
    after += 1;
    return result;
}

static void *in_thread(void *unused)
{
    outer();
    after += 1;
    return unused;
}

static void on_signal(int number)
{
    outer();
    after += number;
}

/// Makes the call with stack and frame pointers of its own choice.
static void call_with(uint64_t stack, uint64_t frame)
{
    long result = SYS_socket;
    __asm__ volatile(
        "mov %%rsp, %%r12; mov %%rbp, %%r13; mov %1, %%rsp; mov %2, %%rbp; syscall;"
        "mov %%r12, %%rsp; mov %%r13, %%rbp"
        : "+a"(result)
        : "r"(stack), "r"(frame), "D"(AF_INET), "S"(SOCK_STREAM), "d"(0)
        : "rcx", "r11", "r12", "r13", "memory");
    last_error = (int)-result;
}

/// Overwrites the unwind tables of a module with bytes of a seed.
static int damage(struct dl_phdr_info *module, size_t size, void *seed)
{
    (void)size;
    const ElfW(Phdr) *tables = NULL, *segment = NULL;
    for (int index = 0; index < module->dlpi_phnum; index += 1) {
        if (module->dlpi_phdr[index].p_type == PT_GNU_EH_FRAME) {
            tables = &module->dlpi_phdr[index];
        }
    }
    for (int index = 0; tables != NULL && index < module->dlpi_phnum; index += 1) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[index];
        if (part->p_type == PT_LOAD && part->p_vaddr <= tables->p_vaddr
            && tables->p_vaddr < part->p_vaddr + part->p_memsz) {
            segment = part;
        }
    }
    // In the kernel's own page, code follows the tables.
    if (segment == NULL || strncmp(module->dlpi_name, "linux-vdso", 10) == 0) {
        return 0;
    }
    unsigned char *byte = (unsigned char *)module->dlpi_addr + tables->p_vaddr;
    unsigned char *end = (unsigned char *)module->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    uintptr_t page = (uintptr_t)byte & ~4095UL;
    if (mprotect((void *)page, (uintptr_t)end - page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        return 0;
    }
    // The version and the encodings stay, so that the damage is looked at.
    unsigned *state = seed;
    // Even seeds leave the index whole, so that what it leads to is looked at too.
    for (byte += *state % 2 == 0 ? tables->p_memsz : 8; byte < end; byte += 1) {
        *state = *state * 1664525 + 1013904223;
        if (*state >> 26 == 0) {
            *byte = (unsigned char)(*state >> 16);
        }
    }
    return 0;
}

static int run(char **command)
{
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **arguments)
{
    const char *what = count > 1 ? arguments[1] : "call";
    const char *detail = count > 2 ? arguments[2] : "0";
    if (strcmp(what, "call") == 0) {
        outer();
    } else if (strcmp(what, "names") == 0) {
        cxx();
    } else if (strcmp(what, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, in_thread, NULL);
        pthread_join(thread, NULL);
    } else if (strcmp(what, "signal") == 0) {
        signal(SIGUSR1, on_signal);
        raise(SIGUSR1);
    } else if (strcmp(what, "deleted") == 0 || strcmp(what, "replaced") == 0) {
        if (what[0] == 'd' ? unlink(arguments[0]) : rename(detail, arguments[0])) {
            perror(arguments[0]);
            return 3;
        }
        outer();
    } else if (strcmp(what, "deep") == 0) {
        for (int left = count > 3 ? atoi(arguments[3]) : 1; left > 0; left -= 1) {
            deep(atoi(detail));
        }
        return 0;
    } else if (strcmp(what, "int80") == 0) {
        long result = 359;
        __asm__ volatile("int $0x80"
            : "+a"(result) : "b"(AF_INET), "c"(SOCK_STREAM), "d"(0)
            : "memory", "r8", "r9", "r10", "r11");
        last_error = (int)-result;
    } else if (strcmp(what, "circle") == 0) {
        uint64_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[0] = (uint64_t)page;
        page[1] = (uint64_t)&call_with;
        call_with((uint64_t)page, (uint64_t)page);
    } else if (strcmp(what, "nowhere") == 0) {
        call_with(UINT64_MAX - 7, UINT64_MAX - 7);
    } else if (strcmp(what, "tables") == 0) {
        unsigned seed = (unsigned)atoi(detail);
        dl_iterate_phdr(damage, &seed);
        outer();
    } else if (strcmp(what, "child") == 0 && count > 2) {
        return run(arguments + 2);
    }
    printf("%s: %s\n", what, last_error == EPERM ? "EPERM" : strerror(last_error));
    return 0;
}
