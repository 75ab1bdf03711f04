// Ways by other calls than the one that is expected, or by nobody's call.
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/ip.h>
#include <linux/seccomp.h>
#include <linux/udp.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/// IORING_OP_CONNECT: the kernel connects, and no connect(2) is made.
void connect_by_ring(void) {
    struct io_uring_params parameters = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);
    if (!step("io_uring_setup", ring)) {
        return;
    }
    int access = PROT_READ | PROT_WRITE;
    char *queue = mmap(NULL, 4096, access, MAP_SHARED, ring, (off_t)IORING_OFF_SQ_RING);
    struct io_uring_sqe *requests = mmap(NULL, 4096, access, MAP_SHARED, ring, (off_t)IORING_OFF_SQES);
    struct sockaddr_in target = address_of(TCP_TARGET);
    requests[0] = (struct io_uring_sqe){.opcode = IORING_OP_CONNECT, .fd = TCP,
        .addr = (uint64_t)(uintptr_t)&target, .off = sizeof target};
    ((uint32_t *)(queue + parameters.sq_off.array))[0] = 0;
    *(uint32_t *)(queue + parameters.sq_off.tail) = 1;
    step("io_uring_enter", syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

static void send_to_target(void) {
    struct sockaddr_in target = address_of(UDP_TARGET);
    if (step("connect", connect(UDP, (struct sockaddr *)&target, sizeof target))) {
        step("send", send(UDP, "x", 1, 0));
    }
}

static void *call_it(void *unused) {
    (void)unused;
    send_to_target();
    return NULL;
}

static int listener = -1;

/// A filter of this thread's own that asks a listener, which has the call go on as it is.
static void *install_and_call(void *unused) {
    (void)unused;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int made = (int)syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    __atomic_store_n(&listener, made == -1 ? -2 : made, __ATOMIC_SEQ_CST);
    if (step("NEW_LISTENER", made)) {
        call_it(NULL);
    }
    return NULL;
}

void connect_by_listener(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, install_and_call, NULL);
    int answers;
    while ((answers = __atomic_load_n(&listener, __ATOMIC_SEQ_CST)) == -1) {
        sched_yield();
    }
    struct seccomp_notif request = {0};
    if (answers >= 0 && ioctl(answers, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) {
        struct seccomp_notif_resp response = {
            .id = request.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        ioctl(answers, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
    pthread_join(thread, NULL);
}

/// A TCP connection that no connect(2) opens.
void fast_open(void) {
    struct sockaddr_in target = address_of(TCP_TARGET);
    step("sendto", sendto(TCP, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&target, sizeof target));
}

void fast_open_message(void) {
    struct sockaddr_in target = address_of(TCP_TARGET);
    struct iovec vector = {"x", 1};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &target, .msg_namelen = sizeof target,
        .msg_iov = &vector, .msg_iovlen = 1}};
    step("sendmmsg", sendmmsg(TCP, &message, 1, MSG_FASTOPEN));
}

/// AF_UNSPEC, which sendto takes for AF_INET.
void send_without_family(void) {
    struct sockaddr_in target = address_of(UDP_TARGET);
    target.sin_family = AF_UNSPEC;
    step("sendto", sendto(UDP, "x", 1, 0, (struct sockaddr *)&target, sizeof target));
}

void listen_unbound(void) { step("listen", listen(TCP, 1)); }

/// Puts a key into the terminal, as if it had been typed.
static void type_for_others(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master), unlockpt(master);
    setsid();
    int terminal = open(ptsname(master), O_RDWR);
    ioctl(terminal, TIOCSCTTY, 0);
    char typed = 'x', found = 0;
    struct termios raw;
    tcgetattr(terminal, &raw);
    cfmakeraw(&raw);
    tcsetattr(terminal, TCSANOW, &raw);
    if (step("TIOCSTI", ioctl(terminal, TIOCSTI, &typed))) {
        read(terminal, &found, 1);
        errno = EIO;
        step("read", found == 'x' ? 0 : -1);
    }
}

void insert_input(void) { in_child(type_for_others); }

/// The two sockets that `side-doors give` sent: one that nothing was done to, and a connected one.
static void receive(int both[2]) {
    union {
        char bytes[CMSG_SPACE(sizeof(int[2]))];
        struct cmsghdr header;
    } control;
    char byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    if (step("recvmsg", recvmsg(30, &message, 0))) {
        memcpy(both, CMSG_DATA(&control.header), sizeof(int[2]));
    }
}

void connect_received(void) {
    int both[2] = {-1, -1};
    receive(both);
    dup2(both[0], UDP);
    send_to_target();
}

void send_received(void) {
    int both[2] = {-1, -1};
    receive(both);
    step("send", send(both[1], "x", 1, 0));
}

/// A network card of one's own, brought up through an AF_UNIX socket.
void make_tunnel(void) {
    if (!step("unshare", geteuid() == 0 ? unshare(CLONE_NEWNET) : unshare(CLONE_NEWUSER | CLONE_NEWNET))) {
        return;
    }
    int device = open("/dev/net/tun", O_RDWR), control = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "door0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    if (step("/dev/net/tun", device) && step("TUNSETIFF", ioctl(device, TUNSETIFF, &request))) {
        request.ifr_flags = IFF_UP;
        step("SIOCSIFFLAGS", ioctl(control, SIOCSIFFLAGS, &request));
    }
}

static uint16_t checksum(const void *bytes, size_t count) {
    const uint16_t *words = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i < count / 2; i++) {
        sum += words[i];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~(sum + (sum >> 16));
}

/// BPF_PROG_TEST_RUN with a live frame: the program only lets it pass, into the loopback device.
void run_bpf(void) {
    struct bpf_insn pass[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 2,
        .insns = (uint64_t)(uintptr_t)pass, .license = (uint64_t)(uintptr_t)"MIT"};
    int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    if (!step("BPF_PROG_LOAD", program)) {
        return;
    }
    struct sockaddr_in target = address_of(UDP_TARGET);
    struct {
        struct ethhdr link;
        struct iphdr network;
        struct udphdr transport;
        char data[24];
    } __attribute__((packed)) frame = {
        .link = {.h_proto = htons(ETH_P_IP)},
        .network = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
            .tot_len = htons(sizeof frame - sizeof frame.link),
            .saddr = htonl(INADDR_LOOPBACK), .daddr = htonl(INADDR_LOOPBACK)},
        .transport = {.source = htons(9), .dest = target.sin_port,
            .len = htons(sizeof frame.transport + sizeof frame.data)},
    };
    struct iphdr header = frame.network;
    frame.network.check = checksum(&header, sizeof header);
    struct xdp_md context = {.data_end = sizeof frame, .ingress_ifindex = 1};
    union bpf_attr run = {0};
    run.test.prog_fd = (uint32_t)program;
    run.test.data_in = (uint64_t)(uintptr_t)&frame;
    run.test.data_size_in = sizeof frame;
    run.test.ctx_in = (uint64_t)(uintptr_t)&context;
    run.test.ctx_size_in = sizeof context;
    run.test.repeat = 1;
    run.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    step("BPF_PROG_TEST_RUN", syscall(SYS_bpf, BPF_PROG_TEST_RUN, &run, sizeof run));
}
