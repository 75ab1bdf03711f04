extension SyscallTable {
    /// The numbers of i386, `<asm/unistd_32.h>`.
    public static let i386 = SyscallTable([
        (26, .ptrace),
        (54, .ioctl),
        (102, .socketcall),
        (172, .prctl),
        (219, .madvise),
        (345, .sendmmsg),
        (347, .processVMReadv),
        (348, .processVMWritev),
        (354, .seccomp),
        (357, .bpf),
        (359, .socket),
        (360, .socketpair),
        (361, .bind),
        (362, .connect),
        (363, .listen),
        (369, .sendto),
        (370, .sendmsg),
        (425, .ioUringSetup),
        (426, .ioUringEnter),
        (427, .ioUringRegister),
        (438, .pidfdGetfd),
        (440, .processMadvise),
    ])

    /// The judged calls by their numbers behind `socketcall(2)`, `SYS_...` in `<linux/net.h>`.
    ///
    /// `SYS_SEND` (9) is not among them: it cannot name a destination.
    public static let socketcall = SyscallTable([
        (1, .socket),
        (2, .bind),
        (3, .connect),
        (4, .listen),
        (8, .socketpair),
        (11, .sendto),
        (16, .sendmsg),
        (20, .sendmmsg),
    ])
}
