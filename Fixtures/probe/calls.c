/// Every call that a step can name.
///
/// A signature has a letter for each register, in order:
///
///     i  int, 32 bits                       w  word: integer or pointer (data.c)
///     N  0                                  4  the number 4 (PR_SET_DUMPABLE)
///     n  no register: the call's number     P  text, such as a path
///     A  address: pointer and length        D  data: pointer and length
///     V  iovec of one: pointer and count    B  buffer to fill: pointer and length (4096)
///     a  address to fill: pointers to it and to its length
///     o  memory to fill, 256 bytes          g  int to fill: pointers to it and to its length
///     S  int, data or address to set: pointer and length
///     L  limits SOFT,HARD, as wide as a long; K always 64 bits wide, and `-` is none; k to fill
///     x  local iovec and count              y  remote iovec and count
///     F  seccomp filter                     b  bpf attribute: pointer and length
///     M  message: pointer                   U  messages: pointer and count
///     R  message to fill: pointer           {  steps
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

#define MESSAGE_KEYWORDS "data iov namelen control controllen msg"

// clang-format off
static const struct call calls[] = {
    // name, x86-64, i386, socketcall, signature, required, report, keywords, usage
    {"socket", 41, 359, 1, "iii", 2, REPORT_NUMBER, 0, "socket(family,type[,protocol])", 0},
    {"socketpair", 53, 360, 8, "iiio", 2, REPORT_PAIR, 0, "socketpair(family,type[,protocol])", 0},
    {"bind", 49, 361, 2, "iA", 2, REPORT_NUMBER, 0, "bind(fd,ADDR)", 0},
    {"connect", 42, 362, 3, "iA", 2, REPORT_NUMBER, 0, "connect(fd,ADDR)", 0},
    {"listen", 50, 363, 4, "ii", 1, REPORT_NUMBER, 0, "listen(fd[,backlog])", 0},
    {"accept", 43, 364, 5, "iNNN", 1, REPORT_NUMBER, 0, "accept(fd)", 0},
    {"accept4", 288, 364, 18, "iNNi", 1, REPORT_NUMBER, 0, "accept4(fd[,flags])", 0},
    {"send", 44, 369, 9, "iDiNN", 2, REPORT_NUMBER, 0, "send(fd,DATA[,flags])", 0},
    {"sendto", 44, 369, 11, "iDiA", 2, REPORT_NUMBER, 0, "sendto(fd,DATA[,flags[,ADDR]])", 0},
    {"sendmsg", 46, 370, 16, "iMi", 1, REPORT_NUMBER, MESSAGE_KEYWORDS,
     "sendmsg(fd[,ADDR[,flags]][,KEYS])", 0},
    {"sendmmsg", 307, 345, 20, "iUi", 2, REPORT_COUNTS, MESSAGE_KEYWORDS " vlen",
     "sendmmsg(fd,[ADDR;-;..][,flags][,KEYS])", 0},
    {"recv", 45, 371, 10, "iBiNN", 1, REPORT_DATA, 0, "recv(fd[,length|bad[,flags]])", 0},
    {"recvfrom", 45, 371, 12, "iBia", 1, REPORT_DATA_FROM, 0,
     "recvfrom(fd[,length|bad[,flags]])", 0},
    {"recvmsg", 47, 372, 17, "iRi", 1, REPORT_MESSAGE, MESSAGE_KEYWORDS,
     "recvmsg(fd[,flags][,KEYS])", 0},
    {"shutdown", 48, 373, 13, "ii", 2, REPORT_NUMBER, 0, "shutdown(fd,how)", 0},
    {"getsockname", 51, 367, 6, "ia", 1, REPORT_ADDRESS, 0, "getsockname(fd)", 0},
    {"getpeername", 52, 368, 7, "ia", 1, REPORT_ADDRESS, 0, "getpeername(fd)", 0},
    {"port", 51, 367, 6, "ia", 1, REPORT_PORT, 0, "NAME=port(fd)", 0},
    {"address", 51, 367, 6, "ia", 1, REPORT_NAMED_ADDRESS, 0, "NAME=address(fd)", 0},
    {"getsockopt", 55, 365, 15, "iiig", 3, REPORT_INT, 0, "getsockopt(fd,level,option)", 0},
    {"setsockopt", 54, 366, 14, "iiiS", 4, REPORT_NUMBER, 0,
     "setsockopt(fd,level,option,int|data:DATA|ADDR)", 0},

    {"open", 2, 5, 0, "Pii", 1, REPORT_NUMBER, 0, "open(path[,flags[,mode]])", 0},
    {"close", 3, 6, 0, "i", 1, REPORT_NUMBER, 0, "close(fd)", 0},
    {"dup", 32, 41, 0, "i", 1, REPORT_NUMBER, 0, "dup(fd)", 0},
    {"dup2", 33, 63, 0, "ii", 2, REPORT_NUMBER, 0, "dup2(fd,fd)", 0},
    {"fcntl", 72, 221, 0, "iiw", 2, REPORT_NUMBER, 0, "fcntl(fd,command[,word])", 0},
    {"ioctl", 16, 54, 0, "iiw", 2, REPORT_NUMBER, 0, "ioctl(fd,command[,word])", 0},
    {"read", 0, 3, 0, "iB", 1, REPORT_DATA, 0, "read(fd[,length|bad])", 0},
    {"write", 1, 4, 0, "iD", 2, REPORT_NUMBER, 0, "write(fd,DATA)", 0},
    {"writev", 20, 146, 0, "iV", 2, REPORT_NUMBER, "iov", "writev(fd,DATA[,iov=bad|none|N])", 0},
    {"sendfile", 40, 187, 0, "iiNw", 3, REPORT_NUMBER, 0, "sendfile(out,in,count)", 0},
    {"splice", 275, 313, 0, "iNiNwi", 3, REPORT_NUMBER, 0, "splice(in,out,length[,flags])", 0},
    {"pipe", 22, 42, 0, "o", 0, REPORT_PAIR, 0, "pipe()", 0},
    {"unlink", 87, 10, 0, "P", 1, REPORT_NUMBER, 0, "unlink(path)", 0},
    {"link", 86, 9, 0, "PP", 2, REPORT_NUMBER, 0, "link(old,new)", 0},
    {"symlink", 88, 83, 0, "PP", 2, REPORT_NUMBER, 0, "symlink(target,path)", 0},
    {"rename", 82, 38, 0, "PP", 2, REPORT_NUMBER, 0, "rename(old,new)", 0},
    {"mkdir", 83, 39, 0, "Pi", 1, REPORT_NUMBER, 0, "mkdir(path[,mode])", 0},
    {"rmdir", 84, 40, 0, "P", 1, REPORT_NUMBER, 0, "rmdir(path)", 0},
    {"chmod", 90, 15, 0, "Pi", 2, REPORT_NUMBER, 0, "chmod(path,mode)", 0},
    {"chdir", 80, 12, 0, "P", 1, REPORT_NUMBER, 0, "chdir(path)", 0},
    {"chroot", 161, 61, 0, "P", 1, REPORT_NUMBER, 0, "chroot(path)", 0},

    {"ptrace", 101, 26, 0, "wwww", 2, REPORT_NUMBER, 0, "ptrace(request,pid[,word[,word]])", 0},
    {"process_vm_readv", 310, 347, 0, "ixyN", 1, REPORT_NUMBER, 0,
     "process_vm_readv(pid[,remote word])", 0},
    {"process_vm_writev", 311, 348, 0, "ixyN", 1, REPORT_NUMBER, 0,
     "process_vm_writev(pid[,remote word])", 0},
    {"pidfd_open", 434, 434, 0, "ii", 1, REPORT_NUMBER, 0, "pidfd_open(pid[,flags])", 0},
    {"pidfd_getfd", 438, 438, 0, "iii", 2, REPORT_NUMBER, 0, "pidfd_getfd(pidfd,fd[,flags])", 0},
    {"kill", 62, 37, 0, "ii", 2, REPORT_NUMBER, 0, "kill(pid,signal)", 0},
    {"wait4", 61, 114, 0, "ioiN", 1, REPORT_STATUS, 0, "wait4(pid[,options])", 0},
    {"getpid", 39, 20, 0, "", 0, REPORT_PID, 0, "getpid()", 0},
    {"getppid", 110, 64, 0, "", 0, REPORT_PID, 0, "getppid()", 0},
    {"gettid", 186, 224, 0, "", 0, REPORT_PID, 0, "gettid()", 0},
    {"setsid", 112, 66, 0, "", 0, REPORT_PID, 0, "setsid()", 0},
    {"getuid", 102, 199, 0, "", 0, REPORT_NUMBER, 0, "getuid()", 0},
    {"setuid", 105, 213, 0, "i", 1, REPORT_NUMBER, 0, "setuid(uid)", 0},
    {"setgid", 106, 214, 0, "i", 1, REPORT_NUMBER, 0, "setgid(gid)", 0},
    {"alarm", 37, 27, 0, "i", 1, REPORT_NUMBER, 0, "alarm(seconds)", 0},
    {"unshare", 272, 310, 0, "w", 1, REPORT_NUMBER, 0, "unshare(flags)", 0},

    {"getrlimit", 97, 191, 0, "io", 1, REPORT_LIMIT, 0, "getrlimit(resource)", 0},
    {"setrlimit", 160, 75, 0, "iL", 2, REPORT_NUMBER, 0, "setrlimit(resource,soft,hard | bad)", 0},
    {"prlimit", 302, 340, 0, "iiKk", 2, REPORT_LIMIT64, 0,
     "prlimit(pid,resource[,soft,hard | ,bad | ,-])", 0},
    {"prctl", 157, 172, 0, "iwwww", 1, REPORT_NUMBER, 0, "prctl(option[,word..])", 0},
    {"dumpable", 157, 172, 0, "4wNNN", 1, REPORT_NUMBER, 0, "dumpable(0|1)", 0},
    {"madvise", 28, 219, 0, "wwi", 3, REPORT_NUMBER, 0, "madvise(word,length,advice)", 0},
    {"process_madvise", 440, 440, 0, "iyii", 2, REPORT_NUMBER, 0,
     "process_madvise(pidfd,word,advice[,flags])", 0},
    {"io_uring_setup", 425, 425, 0, "io", 1, REPORT_NUMBER, 0, "io_uring_setup(entries)", 0},
    {"io_uring_enter", 426, 426, 0, "iiiiww", 1, REPORT_NUMBER, 0,
     "io_uring_enter(fd[,submit,complete,flags,word,size])", 0},
    {"io_uring_register", 427, 427, 0, "iiwi", 2, REPORT_NUMBER, 0,
     "io_uring_register(fd,opcode[,word,count])", 0},
    {"seccomp", 317, 354, 0, "iiF", 1, REPORT_NUMBER, 0,
     "seccomp(operation[,flags[,ACTION[:DATA][@CALL]|bad]])", 0},
    {"bpf", 321, 357, 0, "ib", 1, REPORT_NUMBER, 0, "bpf(command[,hex:..|bad])", 0},
    {"request_key", 249, 287, 0, "wwwi", 3, REPORT_NUMBER, 0,
     "request_key(type,description,information[,keyring])", 0},
    {"raw", -1, -1, 0, "nwwwwww", 1, REPORT_NUMBER, 0,
     "raw(number[,word..]) or [ABI:]NUMBER(word..)", 0},

    {"in-child", -1, -1, 0, "{", 0, REPORT_NUMBER, 0, "in-child(STEP;..)", run_clone},
    {"in-clone", -1, -1, 0, "w{", 1, REPORT_NUMBER, 0, "in-clone(FLAGS;STEP;..)", run_clone},
    {"in-thread", -1, -1, 0, "{", 0, REPORT_NUMBER, 0, "in-thread(STEP;..)", run_thread},
    {"fork-pause", -1, -1, 0, "{", 0, REPORT_PID, 0, "[NAME=]fork-pause(STEP;..)", run_fork_pause},
    {"exec", 59, 11, 0, "P", 0, REPORT_NUMBER, 0, "exec([path])", run_exec},
    {"exit", -1, -1, 0, "w", 1, REPORT_NUMBER, 0, "exit(status)", run_exit},
    {"sleep", -1, -1, 0, "w", 1, REPORT_NUMBER, 0, "sleep(milliseconds)", run_sleep},
};
// clang-format on
enum { CALL_COUNT = sizeof calls / sizeof calls[0] };

const struct call *find_call(const char *name, size_t length) {
    for (int i = 0; i < CALL_COUNT; i++) {
        if (strlen(calls[i].name) == length && !strncmp(calls[i].name, name, length)) {
            return &calls[i];
        }
    }
    return NULL;
}

const struct call *raw_call(void) { return find_call("raw", 3); }

void list_calls(void) {
    printf("calls:\n");
    for (int i = 0; i < CALL_COUNT; i++) {
        printf("    %s\n", calls[i].usage);
    }
    printf("KEYS: %s, and vlen for sendmmsg\n", MESSAGE_KEYWORDS);
}

/// How many arguments a step may write for this call.
int maximum_arguments(const struct call *call) {
    int count = 0;
    for (const char *letter = call->signature; *letter; letter++) {
        if (strchr("LK", *letter)) {
            count += 2;
        } else if (!strchr("N4aogkxR{", *letter)) {
            count++;
        }
    }
    return count;
}
