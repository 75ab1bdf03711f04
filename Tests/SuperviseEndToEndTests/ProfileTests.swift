import SuperviseTestSupport
import Testing

/// What the other profiles have of their own; all else is table 1.
@Suite("Profiles")
struct ProfileTests {
    private static let restricted = ["prctl-network", "prctl-network-lsm"]

    @Test("prctl-network allows what is aimed into the tree", arguments: restricted, Way.direct)
    func insideTheTree(profile: String, way: Way) async throws {
        let row = Row(
            "children and parents of the tree",
            [
                "c=fork-pause()", "process_vm_readv($c)", "process_vm_writev($c)",
                "process_vm_readv($c,bad)", "f=pidfd_open($c)", "pidfd_getfd($f,1)",
                "pidfd_getfd($f,77)", "s=pidfd_open(self)", "pidfd_getfd($s,1)",
                "process_vm_readv(self)", "in-child(process_vm_readv(parent))",
                "in-child(p=pidfd_open(parent);pidfd_getfd($p,1))",
                "in-child(in-child(process_vm_readv($c)))", "process_vm_readv(99999999)",
            ])
        try await compare(row, way, options: ["--profile", profile])
    }

    @Test("prctl-network refuses what is aimed outside", arguments: Profiles.all, Way.direct)
    func outsideTheTree(profile: String, way: Way) async throws {
        // Its parent is not supervised, and is its user's own.
        let row = Row(
            "the parent, which is outside",
            [
                "p=pidfd_open(parent)", "pidfd_getfd($p,1) -> EPERM",
                "ptrace(PTRACE_SEIZE,parent) -> EPERM", "pidfd_getfd($p,1,1)",
                "ptrace(PTRACE_SEIZE,99999999)", "ptrace(PTRACE_SEIZE,parent,1)",
            ])
        try await compare(row, way, options: ["--profile", profile])
    }

    @Test("PTRACE_ATTACH outside is refused in every profile", arguments: Profiles.all, Way.direct)
    func attach(profile: String, way: Way) async throws {
        // Natively it would stop the test's own helper, so there is no native run.
        let outcome = try await supervise(
            ["--quiet", "--profile", profile],
            [
                Programs.path("probe"), "--abi", way.abi.rawValue, "ptrace(PTRACE_ATTACH,parent)",
                "in-child(ptrace(PTRACE_ATTACH,init))", "ptrace(PTRACE_ATTACH,99999999)",
            ], as: way.user)
        #expect(
            outcome
                == Outcome(
                    output: """
                        ptrace(PTRACE_ATTACH,parent) = EPERM
                          ptrace(PTRACE_ATTACH,init) = EPERM
                        in-child(ptrace(PTRACE_ATTACH,init)) = exited 0
                        ptrace(PTRACE_ATTACH,99999999) = ESRCH

                        """))
    }

    private static let abstractSteps = [
        "s=socket(AF_UNIX,SOCK_STREAM)", "l=address(20)", "connect($s,$l)",
        "d=socket(AF_UNIX,SOCK_DGRAM)", "a=address(21)", "sendto($d,x,0,$a)", "sendmsg($d,$a)",
        "sendmmsg($d,[$a;$a])", "connect($d,$a)",
    ]

    @Test("prctl-network-lsm exempts abstract names", arguments: Way.all)
    func abstractNames(way: Way) async throws {
        let row = Row(
            "abstract names", holding: ["abstract-listener", "abstract-datagram", "udp"],
            Self.abstractSteps + [
                "b=socket(AF_UNIX,SOCK_DGRAM)", "bind($b,abstract:supervise-$b-\(way))",
                "socket(AF_INET,SOCK_STREAM) -> EPERM", "connect(22,in:127.0.0.1:9) -> EPERM",
            ])
        try await compare(row, way, options: ["--profile", "prctl-network-lsm"])
    }

    @Test("prctl-network does not exempt them", arguments: Way.all)
    func noAbstractNames(way: Way) async throws {
        let row = Row(
            "abstract names", holding: ["abstract-listener", "abstract-datagram"],
            Self.abstractSteps.map {
                $0.hasPrefix("connect") || $0.hasPrefix("send") ? $0 + " -> EPERM" : $0
            })
        try await compare(row, way, options: ["--profile", "prctl-network"])
    }

    @Test("--errno names the error of every refusal", arguments: Way.all)
    func errno(way: Way) async throws {
        let row = Row(
            "another error", holding: ["udp", "abstract-datagram"],
            [
                "d=socket(AF_UNIX,SOCK_DGRAM)", "socket(AF_INET,SOCK_STREAM) -> ENETUNREACH",
                "socketpair(AF_INET,SOCK_STREAM) -> ENETUNREACH",
                "connect(20,in:127.0.0.1:9) -> ENETUNREACH", "a=address(21)",
                "connect($d,$a) -> ENETUNREACH",
                "sendto(20,hi,0,in:127.0.0.1:9) -> ENETUNREACH",
                "sendmmsg(20,[in:127.0.0.1:9]) -> ENETUNREACH", "connect(77,in:127.0.0.1:9)",
            ])
        try await compare(row, way, options: ["--errno", "ENETUNREACH"])
    }
}

private enum Profiles {
    static let all = ["rlimit-network", "prctl-network", "prctl-network-lsm"]
}
