/// terminal: runs a command in a terminal of its own and drives it as a person would.
///
///     terminal STEP... -- COMMAND...
///     terminal job
///
/// STEP: `see=TEXT` waits until the terminal shows it, after what was seen before; `type=TEXT`
/// types, with `^C` `^Z` `^\` as keys and `~` as return; `until=TYPED|TEXT` types again and again
/// until it shows; `size=ROWSxCOLUMNS` changes the window.
/// At last the command's end is waited for and printed. A step that is not done after 20 seconds
/// ends it with the whole transcript and 1.
///
/// `job` is a command for such terminals: it says `ready`, and tells of SIGCONT and SIGWINCH.
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char transcript[1 << 20];
static size_t shown, seen;
static int terminal;
static pid_t child;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *step)
{
    printf("not done: %s\n--- the terminal showed\n%.*s\n---\n", step, (int)shown, transcript);
    fflush(stdout);
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    // The end of the terminal hangs up on what is left.
    close(terminal);
    exit(1);
}

/// Takes what the terminal shows; 0 when nobody is there any more.
static int look(double until)
{
    struct pollfd item = {.fd = terminal, .events = POLLIN};
    int left = (int)((until - now()) * 1000);
    if (left <= 0 || poll(&item, 1, left) <= 0) {
        return 1;
    }
    ssize_t got = read(terminal, transcript + shown, sizeof transcript - 1 - shown);
    if (got <= 0) {
        return 0;
    }
    shown += (size_t)got;
    transcript[shown] = '\0';
    return 1;
}

static int sees(const char *text, double until)
{
    for (;;) {
        char *found = memmem(transcript + seen, shown - seen, text, strlen(text));
        if (found != NULL) {
            seen = (size_t)(found - transcript) + strlen(text);
            return 1;
        }
        if (now() >= until || !look(until)) {
            return 0;
        }
    }
}

static void type(const char *step, const char *text)
{
    for (; *text != '\0'; text++) {
        char key = *text == '~' ? '\r' : *text;
        if (*text == '^' && text[1] != '\0') {
            key = *++text & 0x1f;
        }
        if (write(terminal, &key, 1) != 1) {
            fail(step);
        }
    }
}

static void run(const char *step)
{
    struct winsize size = {0};
    if (strncmp(step, "see=", 4) == 0) {
        if (!sees(step + 4, now() + 20)) {
            fail(step);
        }
    } else if (strncmp(step, "until=", 6) == 0) {
        char typed[256];
        const char *bar = strchr(step, '|');
        if (bar == NULL || bar - step >= (long)sizeof typed) {
            fail(step);
        }
        snprintf(typed, sizeof typed, "%.*s", (int)(bar - step - 6), step + 6);
        double end = now() + 20;
        do {
            if (now() >= end) {
                fail(step);
            }
            type(step, typed);
        } while (!sees(bar + 1, now() + 0.2));
    } else if (strncmp(step, "type=", 5) == 0) {
        type(step, step + 5);
    } else if (sscanf(step, "size=%hux%hu", &size.ws_row, &size.ws_col) == 2) {
        ioctl(terminal, TIOCSWINSZ, &size);
    } else {
        fail(step);
    }
    printf("done: %s\n", step);
}

static void say(const char *text)
{
    if (write(1, text, strlen(text)) == -1) {
        _exit(2);
    }
}

static volatile sig_atomic_t last;

static void note(int number)
{
    last = number;
}

static _Noreturn void job(void)
{
    struct sigaction action = {.sa_handler = note};
    sigset_t both, former;
    sigemptyset(&both);
    sigaddset(&both, SIGCONT);
    sigaddset(&both, SIGWINCH);
    sigprocmask(SIG_BLOCK, &both, &former);
    sigaction(SIGCONT, &action, NULL);
    sigaction(SIGWINCH, &action, NULL);
    // A runtime that the build links in may have taken the signal to print a backtrace.
    signal(SIGQUIT, SIG_DFL);
    say("ready\n");
    for (;;) {
        sigsuspend(&former);
        if (last == SIGCONT) {
            say("continued\n");
        } else if (last == SIGWINCH) {
            struct winsize size = {0};
            char text[64];
            ioctl(0, TIOCGWINSZ, &size);
            snprintf(text, sizeof text, "now %hu rows of %hu\n", size.ws_row, size.ws_col);
            say(text);
        }
        last = 0;
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "job") == 0) {
        job();
    }
    int first = 1;
    while (first < argc && strcmp(argv[first], "--") != 0) {
        first++;
    }
    if (first + 1 >= argc) {
        fprintf(stderr, "usage: terminal STEP... -- COMMAND... | terminal job\n");
        return 2;
    }
    struct winsize size = {.ws_row = 24, .ws_col = 200};
    child = forkpty(&terminal, NULL, NULL, &size);
    if (child == -1) {
        perror("forkpty");
        return 2;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PS1", "prompt> ", 1);
        setenv("TERM", "dumb", 1);
        execvp(argv[first + 1], argv + first + 1);
        _exit(127);
    }
    for (int index = 1; index < first; index++) {
        run(argv[index]);
    }
    double until = now() + 20;
    int status = 0;
    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) {
            break;
        }
        if (now() >= until) {
            fail("end");
        }
        look(now() + 0.01 < until ? now() + 0.01 : until);
    }
    printf(WIFEXITED(status) ? "exited %d\n" : "killed %d\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return 0;
}
