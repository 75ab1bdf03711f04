extension SyscallTable {
    /// The numbers of x86-64, `<asm/unistd_64.h>`.
    public static let x86_64 = SyscallTable([
        .init(16, .ioctl),
        .init(28, .madvise),
        .init(41, .socket),
        .init(42, .connect),
        .init(44, .sendto),
        .init(46, .sendmsg),
        .init(49, .bind),
        .init(50, .listen),
        .init(53, .socketpair),
        .init(101, .ptrace),
        .init(157, .prctl),
        .init(307, .sendmmsg),
        .init(310, .processVMReadv),
        .init(311, .processVMWritev),
        .init(317, .seccomp),
        .init(321, .bpf),
        .init(425, .ioUringSetup),
        .init(426, .ioUringEnter),
        .init(427, .ioUringRegister),
        .init(438, .pidfdGetfd),
        .init(440, .processMadvise),
    ])
}
