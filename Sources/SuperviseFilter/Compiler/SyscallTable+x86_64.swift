extension SyscallTable {
    /// The numbers of x86-64, `<asm/unistd_64.h>`.
    public static let x86_64 = SyscallTable([
        (16, .ioctl),
        (28, .madvise),
        (41, .socket),
        (42, .connect),
        (44, .sendto),
        (46, .sendmsg),
        (49, .bind),
        (50, .listen),
        (53, .socketpair),
        (101, .ptrace),
        (157, .prctl),
        (307, .sendmmsg),
        (310, .processVMReadv),
        (311, .processVMWritev),
        (317, .seccomp),
        (321, .bpf),
        (425, .ioUringSetup),
        (426, .ioUringEnter),
        (427, .ioUringRegister),
        (438, .pidfdGetfd),
        (440, .processMadvise),
    ])
}
