// Makes judged calls while signals come at every moment, and checks what each call leaves behind.
//
// Usage: interrupt connect|backlog|message|messages restart|fail|jump|stop SECONDS
//
//   connect   datagram connects, which never wait       backlog   stream connects that wait for room
//   message   sendmsg that waits for room               messages  sendmmsg of 8, the same
//
// A timer fires some thousand times a second, or less often where judged calls take longer than that: its
// handler makes a judged call of its own, and only then sets it again, so that the calls get on however
// slow the machine is. After SECONDS it goes on until enough was made and interrupted. `restart`
// has SA_RESTART, `fail` has not, `jump` leaves the handler by siglongjmp every seventh time, `stop`
// sends SIGSTOP and SIGCONT from another process instead.
//
// Prints whether every call had a result that it can have, and left all other registers alone.
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long changed, wrong, made;
static volatile long signals;
static volatile sig_atomic_t can_jump;
static sigjmp_buf back;
static struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nobody"};
static int handler_socket;
static struct itimerval next_signal = {.it_value = {0, 300}};
/// How many tries and signals are enough.
enum { TRIES = 10, SIGNALS = 50 };

/// A call by hand: all registers that a call keeps are compared with what they were.
static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    register long r12 __asm__("r12") = 0x123456789abcdef;
    register long rdi __asm__("rdi") = a, rsi __asm__("rsi") = b, rdx __asm__("rdx") = c;
    long rbx = 0x7654321, result = number;
    __asm__ volatile("syscall"
        : "+a"(result), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9), "+b"(rbx),
        "+r"(r12)
        :
        : "rcx", "r11", "memory");
    if (rdi != a || rsi != b || rdx != c || r10 != d || r8 != e || r9 != f || rbx != 0x7654321
        || r12 != 0x123456789abcdef) {
        __atomic_add_fetch(&changed, 1, __ATOMIC_RELAXED);
    }
    return result;
}

static void on_signal(int unused) {
    (void)unused;
    signals++;
    if (call(SYS_connect, handler_socket, (long)&nobody, sizeof nobody, 7, 8, 9) != -ENOENT) {
        wrong++;
    }
    setitimer(ITIMER_REAL, &next_signal, NULL);
    if (can_jump && signals % 7 == 0) {
        can_jump = 0;
        siglongjmp(back, 1);
    }
}

/// Makes room, now and then.
static void *drain(void *opaque) {
    int socket = *(int *)opaque, accepts = 0;
    socklen_t length = sizeof accepts;
    getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length);
    struct timespec pause = {0, 400000};
    for (;;) {
        nanosleep(&pause, NULL);
        if (accepts) {
            close(accept(socket, NULL, NULL));
        } else {
            char buffer[64];
            recv(socket, buffer, sizeof buffer, 0);
        }
    }
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// Signals are to be farther apart than the calls that they interrupt take.
static void measure(void) {
    double start = now();
    enum { CALLS = 20 };
    for (int i = 0; i < CALLS; i++) {
        connect(handler_socket, (struct sockaddr *)&nobody, sizeof nobody);
    }
    long each = (long)((now() - start) / CALLS * 4e6);
    if (each > next_signal.it_value.tv_usec) {
        next_signal.it_value = (struct timeval){each / 1000000, each % 1000000};
    }
}

static long try(const char *what, struct sockaddr_un *name) {
    struct iovec vector = {"12345678", 8};
    struct mmsghdr messages[8];
    for (int i = 0; i < 8; i++) {
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = name, .msg_namelen = sizeof *name,
            .msg_iov = &vector, .msg_iovlen = 1}};
    }
    int stream = strcmp(what, "backlog") == 0;
    int sender = socket(AF_UNIX, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
    long result;
    if (strcmp(what, "message") == 0) {
        result = call(SYS_sendmsg, sender, (long)messages, 0, 1, 2, 3);
        wrong += result != 8 && result != -EINTR;
    } else if (strcmp(what, "messages") == 0) {
        result = call(SYS_sendmmsg, sender, (long)messages, 8, 0, 2, 3);
        wrong += (result < 1 || result > 8) && result != -EINTR;
        for (int i = 0; i < 8; i++) {
            wrong += messages[i].msg_len != (i < result ? 8 : 0);
        }
    } else {
        result = call(SYS_connect, sender, (long)name, sizeof *name, 1, 2, 3);
        wrong += result != 0 && result != -EINTR;
    }
    close(sender);
    return result;
}

int main(int count, char **words) {
    if (count != 4) {
        fputs("usage: interrupt CALL HOW SECONDS\n", stderr);
        return 2;
    }
    const char *what = words[1], *how = words[2];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "receiver-%s-%d", how, getpid());
    handler_socket = socket(AF_UNIX, SOCK_DGRAM, 0);
    int stream = strcmp(what, "backlog") == 0;
    int receiver = socket(AF_UNIX, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (bind(receiver, (struct sockaddr *)&name, sizeof name) == -1) {
        perror("bind");
        return 2;
    }
    if (stream) {
        listen(receiver, 0);
    }
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, drain, &receiver);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    pid_t stopper = 0;
    // The stopper ends by itself, behind a SIGCONT.
    volatile int *finished = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int stops = strcmp(how, "stop") == 0, restarts = strcmp(how, "fail") != 0;
    if (stops) {
        pid_t parent = getpid();
        stopper = fork();
        if (stopper == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (unsigned i = 0; !*finished; i++) {
                kill(parent, SIGSTOP);
                for (volatile unsigned j = 0; j < (i & 1023) * 16; j++) {
                }
                kill(parent, SIGCONT);
                for (volatile unsigned j = 0; j < (i >> 3 & 1023) * 64; j++) {
                }
            }
            _exit(0);
        }
    } else {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = restarts ? SA_RESTART : 0};
        sigaction(SIGALRM, &action, NULL);
        measure();
        setitimer(ITIMER_REAL, &next_signal, NULL);
    }
    volatile long interrupted = 0;
    double end = now() + atof(words[3]);
    while (now() < end || made <= TRIES || (!stops && signals <= SIGNALS)) {
        if (sigsetjmp(back, 1)) {
            continue;
        }
        can_jump = strcmp(how, "jump") == 0;
        long result = try(what, &name);
        can_jump = 0;
        made++;
        interrupted += result == -EINTR;
    }
    signal(SIGALRM, SIG_IGN);
    if (stopper != 0) {
        *finished = 1;
        waitpid(stopper, NULL, 0);
    }
    // What was interrupted only where that is asked for.
    if (restarts && interrupted != 0) {
        printf("interrupted %ld\n", interrupted);
    }
    printf("made %s, signals %s, wrong %ld, registers changed %ld\n", made > TRIES ? "many" : "few",
        signals > SIGNALS || stops ? "many" : "few", wrong, changed);
    fflush(stdout);
    _exit(0);
}
