import SuperviseTestSupport
import Testing

/// The ways to the network, or around the supervisor, that are no socket calls.
@Suite("Doors that the filter holds")
struct FilterDoorTests {
    @Test("each is shut", arguments: doors, Way.direct)
    func shut(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("garbage in the upper halves of registers opens none", arguments: doors, Way.direct)
    func garbage(row: Row, way: Way) async throws {
        try await compare(row, way, probe: ["--garbage"])
    }

    @Test("with --network on each is open", arguments: doors, Way.direct)
    func open(row: Row, way: Way) async throws {
        try await compare(row.allowed, way, options: ["--network", "on"])
    }

    @Test("x32 numbers are no calls", arguments: User.available)
    func x32(user: User) async throws {
        let outcome = try await supervise(
            ["--quiet"],
            [
                Programs.path("probe"), "x32:socket(AF_UNIX,SOCK_STREAM)",
                "x32:socket(AF_INET,SOCK_STREAM)", "x32:getpid()", "x32:39()",
                "x32:connect(77,in:127.0.0.1:9)", "--garbage", "x32:getpid()",
            ], as: user)
        #expect(
            outcome
                == Outcome(
                    output: """
                        x32:socket(AF_UNIX,SOCK_STREAM) = ENOSYS
                        x32:socket(AF_INET,SOCK_STREAM) = ENOSYS
                        x32:getpid() = ENOSYS
                        x32:39() = ENOSYS
                        x32:connect(77,in:127.0.0.1:9) = ENOSYS
                        x32:getpid() = ENOSYS

                        """))
    }

    static let doors = [
        Row(
            "io_uring",
            [
                "io_uring_setup(8) -> EPERM", "io_uring_enter(77) -> EPERM",
                "io_uring_register(77,0) -> EPERM",
            ]),
        Row(
            "a filter with a listener",
            [
                "prctl(PR_SET_NO_NEW_PRIVS,1)",
                "seccomp(SECCOMP_SET_MODE_FILTER,SECCOMP_FILTER_FLAG_NEW_LISTENER"
                    + "|SECCOMP_FILTER_FLAG_TSYNC,allow) -> EPERM",
                "seccomp(SECCOMP_SET_MODE_FILTER,SECCOMP_FILTER_FLAG_NEW_LISTENER,bad) -> EPERM",
                "seccomp(SECCOMP_SET_MODE_FILTER,0,bad)",
                "seccomp(SECCOMP_GET_ACTION_AVAIL,0,bad)",
                "seccomp(SECCOMP_SET_MODE_FILTER,0,allow)",
            ]),
        Row(
            "ioctls on terminals and tun devices",
            [
                "ioctl(0,TIOCSTI,text:x) -> EPERM", "ioctl(0,TIOCLINUX,text:x) -> EPERM",
                "ioctl(77,TUNSETIFF,bad) -> EPERM", "ioctl(0,FIONREAD,out)",
                "ioctl(0,TIOCGWINSZ,out)",
            ]),
        Row(
            "bpf",
            [
                "bpf(BPF_PROG_TEST_RUN,bad) -> EPERM", "bpf(BPF_MAP_CREATE,bad) -> EPERM",
                "bpf(99) -> EPERM",
            ]),
        Row(
            "PR_SET_MM",
            [
                "prctl(PR_SET_MM,PR_SET_MM_MAP,bad) -> EPERM", "prctl(PR_GET_DUMPABLE)",
                "prctl(9999)",
            ]),
        Row(
            "madvise(MADV_DONTFORK) over the sealed page",
            [
                "madvise(0x7e000000,4096,MADV_DONTFORK) -> EPERM",
                "madvise(0x7dfff000,8192,MADV_DONTFORK) -> EPERM",
                "madvise(0x7efff000,4096,MADV_DONTFORK) -> EPERM",
                "madvise(0x7e000000,0,MADV_DONTFORK)", "madvise(0x7f000000,4096,MADV_DONTFORK)",
                "madvise(0x7dfff000,4096,MADV_DONTFORK)", "madvise(0x20000000,4096,MADV_DONTFORK)",
                "madvise(0x7e000000,4096,MADV_DONTNEED)",
            ]),
        Row(
            "process_madvise(MADV_DONTFORK)",
            [
                "f=pidfd_open(self)", "process_madvise($f,0x20000000,MADV_DONTFORK) -> EPERM",
                "process_madvise($f,0x20000000,MADV_COLD)",
                "process_madvise(77,0x20000000,MADV_DONTFORK) -> EPERM",
            ]),
    ]
}

/// Numbers and `int` arguments are 32 bits wide to the kernel, and so to the filter and the judge.
@Suite("Garbage in the upper halves of registers")
struct GarbageTests {
    @Test("changes no row of table 1", arguments: TableOneTests.everything, Way.all)
    func garbage(row: Row, way: Way) async throws {
        try await compare(row, way, probe: ["--garbage"])
    }
}
