extension SyscallTable {
    /// The numbers of i386, `<asm/unistd_32.h>`.
    public static let i386 = SyscallTable([
        .init(26, .ptrace),
        .init(54, .ioctl),
        .init(86, .uselib),
        .init(90, .oldMmap),
        .init(91, .munmap),
        .init(102, .socketcall),
        .init(117, .ipc),
        .init(125, .mprotect),
        .init(163, .mremap),
        .init(172, .prctl),
        .init(192, .mmap),
        .init(219, .madvise),
        .init(257, .remapFilePages),
        .init(345, .sendmmsg),
        .init(347, .processVMReadv),
        .init(348, .processVMWritev),
        .init(354, .seccomp),
        .init(357, .bpf),
        .init(359, .socket),
        .init(360, .socketpair),
        .init(361, .bind),
        .init(362, .connect),
        .init(363, .listen),
        .init(366, .setsockopt),
        .init(369, .sendto),
        .init(370, .sendmsg),
        .init(380, .pkeyMprotect),
        .init(397, .shmat),
        .init(425, .ioUringSetup),
        .init(426, .ioUringEnter),
        .init(427, .ioUringRegister),
        .init(438, .pidfdGetfd),
        .init(440, .processMadvise),
    ])

    /// The judged calls by their numbers behind `socketcall(2)`, `SYS_...` in `<linux/net.h>`.
    ///
    /// `SYS_SEND` (9) is not among them: it cannot name a destination.
    public static let socketcall = SyscallTable([
        .init(1, .socket),
        .init(2, .bind),
        .init(3, .connect),
        .init(4, .listen),
        .init(8, .socketpair),
        .init(11, .sendto),
        .init(14, .setsockopt),
        .init(16, .sendmsg),
        .init(20, .sendmmsg),
    ])
}
