/// The names that may stand for numbers in a step.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/ppp-ioctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/vhost.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "probe.h"

// Of the seed systems, or newer than some headers that the probe is built with.
#define RLIMIT_NETWORK 16
#define PR_SET_NETWORK 0x534e0001
#define PR_GET_NETWORK 0x534e0002
#define PR_NETWORK_OFF 1
#define VMCI_INIT_CONTEXT 0x07a0
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_SOCKOPT_CONNECTX 110
#define SCTP_SOCKOPT_CONNECTX3 111

#define C(name) {#name, (long)(name)}

static const struct {
    const char *name;
    long value;
} constants[] = {
    C(AF_UNSPEC), C(AF_UNIX), C(AF_INET), C(AF_AX25), C(AF_IPX), C(AF_APPLETALK), C(AF_X25),
    C(AF_INET6), C(AF_KEY), C(AF_NETLINK), C(AF_PACKET), C(AF_RDS), C(AF_CAN), C(AF_TIPC),
    C(AF_BLUETOOTH), C(AF_ALG), C(AF_NFC), C(AF_VSOCK), C(AF_KCM), C(AF_QIPCRTR), C(AF_SMC),
    C(AF_XDP), C(AF_MAX),

    C(SOCK_STREAM), C(SOCK_DGRAM), C(SOCK_RAW), C(SOCK_RDM), C(SOCK_SEQPACKET), C(SOCK_DCCP),
    C(SOCK_PACKET), C(SOCK_NONBLOCK), C(SOCK_CLOEXEC),

    C(IPPROTO_IP), C(IPPROTO_ICMP), C(IPPROTO_TCP), C(IPPROTO_UDP), C(IPPROTO_DCCP),
    C(IPPROTO_IPV6), C(IPPROTO_ICMPV6), C(IPPROTO_SCTP), C(IPPROTO_UDPLITE), C(IPPROTO_RAW),
    C(IPPROTO_MPTCP), C(NETLINK_ROUTE), C(NETLINK_KOBJECT_UEVENT), C(NETLINK_GENERIC),

    C(MSG_OOB), C(MSG_PEEK), C(MSG_DONTROUTE), C(MSG_CTRUNC), C(MSG_TRUNC), C(MSG_DONTWAIT),
    C(MSG_EOR), C(MSG_WAITALL), C(MSG_CONFIRM), C(MSG_NOSIGNAL), C(MSG_MORE), C(MSG_WAITFORONE),
    C(MSG_ZEROCOPY), C(MSG_FASTOPEN), C(MSG_CMSG_CLOEXEC),

    C(SOL_SOCKET), C(SO_REUSEADDR), C(SO_TYPE), C(SO_ERROR), C(SO_BROADCAST), C(SO_SNDBUF),
    C(SO_RCVBUF), C(SO_KEEPALIVE), C(SO_PASSCRED), C(SO_REUSEPORT), C(SO_ACCEPTCONN),
    C(SO_PROTOCOL), C(SO_DOMAIN), C(SO_BINDTODEVICE), C(TCP_NODELAY), C(TCP_FASTOPEN),
    C(TCP_FASTOPEN_CONNECT), C(TCP_REPAIR), C(IP_TRANSPARENT), C(IP_FREEBIND), C(IPV6_V6ONLY),
    C(SCTP_SOCKOPT_BINDX_ADD), C(SCTP_SOCKOPT_CONNECTX), C(SCTP_SOCKOPT_CONNECTX3), C(SHUT_RD), C(SHUT_WR), C(SHUT_RDWR),

    C(PTRACE_TRACEME), C(PTRACE_PEEKDATA), C(PTRACE_POKEDATA), C(PTRACE_CONT), C(PTRACE_KILL),
    C(PTRACE_ATTACH), C(PTRACE_DETACH), C(PTRACE_SETOPTIONS), C(PTRACE_SEIZE),
    C(PTRACE_INTERRUPT), C(PTRACE_LISTEN), C(PTRACE_O_EXITKILL), C(PTRACE_O_TRACESECCOMP),

    C(PR_SET_DUMPABLE), C(PR_GET_DUMPABLE), C(PR_SET_NAME), C(PR_SET_SECCOMP), C(PR_GET_SECCOMP),
    C(PR_SET_NETWORK), C(PR_GET_NETWORK), C(PR_NETWORK_OFF), C(PR_SET_MM), C(PR_SET_MM_MAP), C(PR_SET_CHILD_SUBREAPER), C(PR_SET_NO_NEW_PRIVS),
    C(PR_GET_NO_NEW_PRIVS), C(PR_SET_PTRACER), C(PR_SET_PDEATHSIG),

    C(RLIMIT_CPU), C(RLIMIT_FSIZE), C(RLIMIT_CORE), C(RLIMIT_NPROC), C(RLIMIT_NOFILE),
    C(RLIMIT_MEMLOCK), C(RLIMIT_NICE), C(RLIMIT_RTTIME), C(RLIMIT_NETWORK),
    {"infinity", -1},

    C(MADV_NORMAL), C(MADV_DONTNEED), C(MADV_FREE), C(MADV_REMOVE), C(MADV_DONTFORK),
    C(MADV_DOFORK), C(MADV_WIPEONFORK), C(MADV_COLD), C(MADV_PAGEOUT), C(MADV_GUARD_INSTALL),
    C(MADV_GUARD_REMOVE),

    C(SECCOMP_SET_MODE_STRICT), C(SECCOMP_SET_MODE_FILTER), C(SECCOMP_GET_ACTION_AVAIL),
    C(SECCOMP_GET_NOTIF_SIZES), C(SECCOMP_FILTER_FLAG_TSYNC), C(SECCOMP_FILTER_FLAG_LOG),
    C(SECCOMP_FILTER_FLAG_NEW_LISTENER), C(SECCOMP_MODE_FILTER),

    C(BPF_MAP_CREATE), C(BPF_PROG_LOAD), C(BPF_PROG_TEST_RUN), C(BPF_LINK_CREATE),

    C(O_RDONLY), C(O_WRONLY), C(O_RDWR), C(O_CREAT), C(O_EXCL), C(O_TRUNC), C(O_NONBLOCK),
    C(O_CLOEXEC), C(O_PATH), C(O_DIRECTORY),
    C(F_DUPFD), C(F_DUPFD_CLOEXEC), C(F_GETFD), C(F_SETFD), C(F_GETFL), C(F_SETFL), C(FD_CLOEXEC),
    C(TIOCSTI), C(TIOCLINUX), C(TIOCGWINSZ), C(FIONREAD), C(TUNSETIFF), C(TIOCSETD), C(TIOCGETD),
    C(PPPIOCNEWUNIT), C(PPPIOCATTACH), C(PPPIOCATTCHAN),
    C(VHOST_SET_OWNER), C(VHOST_GET_FEATURES), C(VMCI_INIT_CONTEXT), C(SIOCGIFCONF),
    C(SIOCGIFADDR), C(SIOCGIFFLAGS),

    C(CLONE_VM), C(CLONE_FS), C(CLONE_FILES), C(CLONE_SIGHAND), C(CLONE_VFORK), C(CLONE_PARENT),
    C(CLONE_UNTRACED), C(CLONE_IO), C(CLONE_NEWUSER), C(CLONE_NEWNET), C(CLONE_NEWNS),
    C(CLONE_NEWPID), C(CLONE_PTRACE),
    C(WNOHANG), C(WUNTRACED), C(WCONTINUED), C(__WALL),

    C(SIGHUP), C(SIGINT), C(SIGQUIT), C(SIGILL), C(SIGTRAP), C(SIGABRT), C(SIGBUS), C(SIGFPE),
    C(SIGKILL), C(SIGUSR1), C(SIGSEGV), C(SIGUSR2), C(SIGPIPE), C(SIGALRM), C(SIGTERM),
    C(SIGCHLD), C(SIGCONT), C(SIGSTOP), C(SIGTSTP), C(SIGSYS),
};
enum { CONSTANT_COUNT = sizeof constants / sizeof constants[0] };

bool constant_value(const char *name, size_t length, long *value) {
    for (int i = 0; i < CONSTANT_COUNT; i++) {
        if (strlen(constants[i].name) == length && !strncmp(constants[i].name, name, length)) {
            *value = constants[i].value;
            return true;
        }
    }
    return false;
}

const char *signal_name(int number) {
    for (int i = 0; i < CONSTANT_COUNT; i++) {
        if (!strncmp(constants[i].name, "SIG", 3) && constants[i].value == number) {
            return constants[i].name;
        }
    }
    return "signal";
}

void list_constants(void) {
    printf("constants:\n");
    for (int i = 0; i < CONSTANT_COUNT; i++) {
        printf("    %s = %ld\n", constants[i].name, constants[i].value);
    }
}
