import SuperviseTestSupport
import Testing

/// Filters that a supervised program installs itself, beside the one it is held by.
@Suite("A program's own filters")
struct OwnFilterTests {
    private static let install = "seccomp(SECCOMP_SET_MODE_FILTER,0,"

    private func row(_ title: String, _ filter: String, _ steps: [String]) -> Row {
        Row(
            title, holding: ["udp"],
            ["s=socket(AF_UNIX,SOCK_DGRAM)", "prctl(PR_SET_NO_NEW_PRIVS,1)"]
                + ["\(Self.install)\(filter))"] + steps)
    }

    @Test(
        "RET_TRACE without a tracer is ENOSYS", arguments: ["trace", "trace:7", "trace:0x5356"],
        Way.direct)
    func unjudged(filter: String, way: Way) async throws {
        try await compare(
            row(
                "getppid", "\(filter)@getppid", ["getppid()", "p=getpid()", "in-child(getppid())"]),
            way)
    }

    @Test("also on calls that the filter answers by itself", arguments: Way.direct)
    func answered(way: Way) async throws {
        try await compare(row("prctl", "trace:0x5356@prctl", ["prctl(PR_GET_DUMPABLE)"]), way)
        try await compare(
            row("io_uring", "trace:0x5356@io_uring_setup", ["io_uring_setup(8) -> EPERM"]), way)
        try await compare(
            row("socket", "trace:0x5356@socket", ["socket(AF_INET,SOCK_STREAM) -> EPERM"]),
            Way(abi: way.abi, user: way.user))
    }

    @Test(
        "RET_TRACE on a judged call does not let it through", arguments: ["trace", "trace:7"],
        Way.direct)
    func judged(filter: String, way: Way) async throws {
        try await compare(
            row(
                "connect", "\(filter)@connect",
                ["connect(20,in:127.0.0.1:9)", "connect($s,abstract:x)", "connect($s,unix:x)"]), way
        )
    }

    @Test("with forged data a judged call is judged", arguments: Way.all)
    func forged(way: Way) async throws {
        // Natively ENOSYS: here it cannot be told apart from a stop of ours.
        try await compare(
            row(
                "connect", "trace:0x5356@connect",
                way.abi == .socketcall
                    ? ["connect(20,in:127.0.0.1:9) -> EPERM"]
                    : ["connect(20,in:127.0.0.1:9) -> EPERM", "connect($s,unix:x) -> ENOENT"]), way)
    }

    @Test("RET_ERRNO wins over a stop", arguments: Way.direct)
    func refusing(way: Way) async throws {
        try await compare(
            row(
                "connect", "errno:13@connect",
                ["connect(20,in:127.0.0.1:9)", "connect(77,bad)"]
                    + ["socket(AF_INET,SOCK_STREAM) -> EPERM"]), way)
        try await compare(
            row(
                "getppid", "errno:13@getppid", ["getppid()", "connect(20,in:127.0.0.1:9) -> EPERM"]),
            way)
    }

    @Test("RET_KILL kills", arguments: Way.direct)
    func killing(way: Way) async throws {
        try await compare(
            row(
                "a child", "allow",
                ["in-child(\(Self.install)kill@connect);connect(20,in:127.0.0.1:9))"]),
            way)
    }
}

/// A sandboxed program keeps what its own filter and the policy allow, though that filter kills at
/// the calls by which judged arguments get into its memory.
@Suite("A program's strict filter")
struct StrictFilterTests {
    @Test(
        "leaves it the calls that it allows",
        arguments: [
            "seccomp connect /missing abstract nobody send /missing",
            "prctl connect /missing abstract nobody send /missing",
            "seccomp fork connect /missing fork abstract nobody send /missing",
            "seccomp hide connect /missing abstract nobody",
            "lenient exec connect /missing abstract nobody send /missing",
            "lenient hide fork connect /missing abstract nobody send /missing",
        ], User.available)
    func allowed(steps: String, user: User) async throws {
        let program = [Programs.path("sandbox")] + steps.split(separator: " ").map(String.init)
        var expected = try await run(program, as: user)
        #expect(expected.end == .exited(0) && expected.error.isEmpty, "\(expected)")
        #expect(expected.output.contains("abstract nobody ECONNREFUSED\n"))
        expected.output.replace(
            "abstract nobody ECONNREFUSED", with: "abstract nobody EPERM")
        #expect(try await supervise(["--quiet"], program, as: user) == expected)
    }

    @Test(
        "has calls refused, and no program killed, where arguments could be judged no more",
        arguments: ["no-socket exec connect /missing", "seccomp hide fork connect /missing"])
    func refused(steps: String) async throws {
        let program = [Programs.path("sandbox")] + steps.split(separator: " ").map(String.init)
        // Nothing hides from root.
        let user = User.available.last ?? .current
        var expected = try await run(program, as: user)
        #expect(expected.output.contains("connect /missing ENOENT\n"), "\(expected)")
        expected.output.replace("connect /missing ENOENT", with: "connect /missing EPERM")
        #expect(try await supervise(["--quiet"], program, as: user) == expected)
    }
}
