// traps: makes a judged call where the program has a use for SIGTRAP of its own.
//
//     traps ignored     it ignores the signal; prints whether it still does
//     traps ignored-i386-rt|ignored-i386|ignored-i386-signal
//                       ... and says so by a 32-bit rt_sigaction(2), sigaction(2) or signal(2)
//     traps ignored-before
//                       ... and so did the program before it, whose process it is
//     traps waiting     one waits, blocked, that a thread was sent with a value; prints how it comes
//     traps stepping    the program steps through its own instructions meanwhile (the flag TF)
//     traps ended       a child ends meanwhile, of which the signal tells, in fresh processes
//     traps sent        another process sends one after the other, to fresh programs
//
// A supervisor that has a thread make calls in single steps gets this signal for each.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t count, code, value;

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    count++;
    code = info->si_code;
    value = info->si_value.sival_int;
}

/// A call with a name that nobody has.
static const char *judged(int descriptor)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/nowhere/at/all"};
    int result = connect(descriptor, (struct sockaddr *)&name, sizeof name);
    return result == -1 ? strerrorname_np(errno) : "connected";
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGTRAP, &action, NULL);
}

/// A 32-bit call.
static long call32(long number, long a, long b, long c, long d)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

static void ignore(const char *way)
{
    // struct sigaction of either call begins with the handler; the rest is 0.
    uint32_t *action = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    action[0] = 1;
    if (strcmp(way, "-i386-rt") == 0) {
        call32(174, SIGTRAP, (long)action, 0, 8);
    } else if (strcmp(way, "-i386") == 0) {
        call32(67, SIGTRAP, (long)action, 0, 0);
    } else if (strcmp(way, "-i386-signal") == 0) {
        call32(48, SIGTRAP, 1, 0, 0);
    } else if (*way == '\0') {
        signal(SIGTRAP, SIG_IGN);
    }
}

static int ignored(int descriptor, const char *way)
{
    struct sigaction action;
    if (strcmp(way, "-before") == 0) {
        signal(SIGTRAP, SIG_IGN);
        execl("/proc/self/exe", "traps", "ignored-still", NULL);
        return 2;
    }
    ignore(way);
    const char *result = judged(descriptor);
    sigaction(SIGTRAP, NULL, &action);
    printf("%s, %s\n", result, action.sa_handler == SIG_IGN ? "ignored" : "not ignored");
    return 0;
}

static int waiting(int descriptor)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTRAP);
    install();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_sigqueue(pthread_self(), SIGTRAP, (union sigval){.sival_int = 7});
    const char *result = judged(descriptor);
    int early = count;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    printf("%s, %d before, %d after, code %d, value %d\n", result, early, (int)count, (int)code,
        (int)value);
    return 0;
}

static int stepping(int descriptor)
{
    install();
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
    const char *result = judged(descriptor);
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    printf("%s, %s\n", result, count > 10 ? "stepped" : "not stepped");
    return 0;
}

/// Whether the signal comes that tells of a child's end in the midst of the call.
///
/// The child shares the descriptors, and ends when there is one more: the supervisor's in the call,
/// or ours behind it.
static int is_told(int descriptor)
{
    install();
    int next = dup(descriptor);
    close(next);
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGTRAP, NULL, NULL, NULL, 0);
    if (child == 0) {
        while (fcntl(next, F_GETFD) == -1) {
        }
        _exit(0);
    }
    const char *result = judged(descriptor);
    dup(descriptor);
    waitpid(child, NULL, __WALL);
    return strcmp(result, "ENOENT") == 0 && count == 1;
}

static int ended(int descriptor)
{
    int told = 0;
    for (int round = 0; round < 50; round++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            _exit(is_told(descriptor) ? 0 : 1);
        }
        waitpid(child, &status, 0);
        told += status == 0;
    }
    printf("told %d times\n", told);
    return 0;
}

/// Sends the signal until the program is over.
static int sent(char *program)
{
    for (int round = 0; round < 20; round++) {
        int begun[2];
        char byte;
        if (pipe(begun) == -1) {
            return 2;
        }
        pid_t child = fork();
        if (child == 0) {
            install();
            dup2(begun[1], 9);
            execl(program, program, "target", NULL);
            _exit(127);
        }
        close(begun[1]);
        if (read(begun[0], &byte, 1) != 1) {
            return 2;
        }
        int status;
        while (waitpid(child, &status, WNOHANG) == 0) {
            kill(child, SIGTRAP);
        }
        close(begun[0]);
        if (status != 0) {
            printf("status %#x\n", (unsigned)status);
            return 1;
        }
    }
    puts("all went on");
    return 0;
}

/// Is sent to while it makes the call.
static int target(int descriptor)
{
    install();
    if (write(9, "", 1) != 1) {
        return 2;
    }
    while (count == 0) {
    }
    const char *result = judged(descriptor);
    return strcmp(result, "ENOENT") == 0 ? 0 : 3;
}

int main(int words, char **word)
{
    const char *mode = words == 2 ? word[1] : "";
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (strncmp(mode, "ignored", 7) == 0) {
        return ignored(descriptor, mode + 7);
    }
    if (strcmp(mode, "waiting") == 0) {
        return waiting(descriptor);
    }
    if (strcmp(mode, "stepping") == 0) {
        return stepping(descriptor);
    }
    if (strcmp(mode, "ended") == 0) {
        return ended(descriptor);
    }
    if (strcmp(mode, "sent") == 0) {
        return sent(word[0]);
    }
    if (strcmp(mode, "target") == 0) {
        return target(descriptor);
    }
    fputs("usage: traps ignored...|waiting|stepping|ended|sent\n", stderr);
    return 2;
}
