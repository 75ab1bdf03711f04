import Foundation
import SuperviseTestSupport
import Testing

/// The ways to a channel that are none of the expected calls: each one is shown to lead there, and
/// under `supervise` to end at the step that its door is.
@Suite("Side doors", .serialized)
struct AttackDoorTests {
    /// A way of `Fixtures/attacks/side-doors`, and what it prints under `supervise`.
    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        let refused: String
        /// Why it need not lead anywhere without `supervise`; nil: it always does.
        var unless: String?

        init(_ name: String, _ refused: String, unless: String? = nil) {
            (self.name, self.refused, self.unless) = (name, refused, unless)
        }

        var testDescription: String { name }
    }

    static let ways = [
        Way("ring", "io_uring_setup EPERM", unless: "the kernel lets this user make no io_uring"),
        Way("listener", "NEW_LISTENER EPERM"),
        Way("untraced", "PTRACE_SEIZE EPERM"),
        Way("fast-open", "sendto EPERM", unless: "net.ipv4.tcp_fastopen is off"),
        Way("fast-open-message", "sendmmsg EPERM", unless: "net.ipv4.tcp_fastopen is off"),
        Way("no-family", "sendto EPERM"),
        Way("listen", "listen EPERM"),
        Way("insert-input", "TIOCSTI EPERM", unless: "the kernel has no TIOCSTI for this user"),
        Way("received", "connect EPERM"),
        Way("tunnel", "TUNSETIFF EPERM", unless: "this user makes no tun devices"),
        Way("ppp", "PPPIOCNEWUNIT EPERM", unless: "this user makes no PPP devices"),
        Way("discipline", "TIOCSETD EPERM"),
        Way("vhost", "VHOST_SET_OWNER EPERM", unless: "this user has no /dev/vhost-vsock"),
        Way("vmci", "IOCTL_VMCI_INIT_CONTEXT EPERM", unless: "this user has no /dev/vmci"),
        Way("bpf", "BPF_PROG_LOAD EPERM", unless: "this user loads no BPF programs"),
        Way("request-key", "request_key EPERM", unless: "the kernel keeps no keys"),
        Way("int80", "connect EPERM", unless: "the kernel has no 32-bit calls"),
        Way("socketcall", "socketcall EPERM", unless: "the kernel has no 32-bit calls"),
        Way("far-jump", "sendto EPERM", unless: "the kernel has no 32-bit calls"),
        Way("narrow-syscall", "lost", unless: "no processor but AMD's has it in 32-bit code"),
        Way("sysenter", "lost", unless: "no processor but Intel's has it under a 64-bit kernel"),
        Way("garbage", "connect EPERM"),
    ]

    static let sockets = ["abstract-datagram", "udp-bound", "udp", "tcp", "tcp-listener"]
    static let program = Programs.path("side-doors")

    private func open(_ way: String, _ supervise: [String], as user: User) async throws -> Outcome {
        try await run(
            [Programs.path("holding")] + Self.sockets + ["--", Self.program, "give"] + supervise
                + [Self.program, way], as: user)
    }

    @Test("each is shut", arguments: ways, User.available)
    func shut(way: Way, user: User) async throws {
        let native = try await open(way.name, [], as: user)
        let isOpen = native == Outcome(output: "reached\n")
        if !isOpen, let reason = way.unless {
            print("skipped: \(way.name) as \(user): \(reason): \(native.output)")
        } else {
            #expect(isOpen, "\(native)")
        }
        // The Landlock domain holds some of them too: without it they must be held as well.
        for options in [[], ["--landlock-abi", "0"], ["--page-guard", "ranges"]] {
            let supervise = [Programs.path("supervise"), "--quiet"] + options + ["--"]
            let outcome = try await open(way.name, supervise, as: user)
            // Natively shut, it ends at the same step or at the one before.
            let expected = isOpen ? Outcome(output: way.refused + "\n") : outcome
            #expect(outcome == expected, "\(options)")
            #expect(outcome.output != "reached\n", "\(options)")
        }
    }

    @Test(
        "no socket option connects where a program may only listen",
        arguments: [("connectx", "setsockopt"), ("connectx3", "getsockopt")], User.available)
    func options(way: (name: String, call: String), user: User) async throws {
        let native = try await run([Self.program, way.name], as: user)
        guard native == Outcome(output: "reached\n") else {
            return print("skipped: \(way.name): the kernel has no SCTP: \(native.output)")
        }
        #expect(
            try await supervise(
                ["-q", "--allow", "incoming sctp"], [Self.program, way.name], as: user)
                == Outcome(output: "\(way.call) EPERM\n"))
    }

    /// By `IP_LOCAL_PORT_RANGE`, with which the port of the kernel's choice is the program's.
    @Test(
        "no socket option gets a port whose bind is refused",
        arguments: [
            ("bound-port", ["--network", "on", "--deny", "bind udp :41719"]),
            ("listening-port", ["--network", "on", "--deny", "bind tcp :41719"]),
            ("sent-port", ["--allow", "outgoing udp localhost"]),
        ], User.available)
    func chosenPort(way: (name: String, options: [String]), user: User) async throws {
        let native = try await run([Self.program, way.name], as: user)
        guard native == Outcome(output: "reached\n") else {
            return print("skipped: \(way.name): no IP_LOCAL_PORT_RANGE: \(native.output)")
        }
        let allowing = [
            "-q", "--allow", "bind,listen,outgoing tcp", "--allow", "bind,outgoing udp",
        ]
        #expect(try await supervise(allowing, [Self.program, way.name], as: user) == native)
        #expect(
            try await supervise(["-q"] + way.options, [Self.program, way.name], as: user)
                == Outcome(output: "setsockopt EPERM\n"))
    }

    /// By a port that a send without a destination gets it, which no judged call sees.
    @Test(
        "an inherited socket without a port hears nothing",
        arguments: ["write", "send", "sendmsg", "path"], User.available)
    func portless(way: String, user: User) async throws {
        let program = Programs.path("free-port")
        func take(_ prefix: [String]) async throws -> Outcome {
            try await run([program, "give"] + prefix + [program, "take", way], as: user)
        }
        let supervise = [Programs.path("supervise"), "--quiet"]
        #expect(try await take([]) == Outcome(output: "heard\n"))
        #expect(try await take(supervise + ["--audit", "--"]) == Outcome(output: "heard\n"))
        #expect(try await take(supervise + ["--"]) == Outcome(output: "nothing heard\n"))
        // Who may use such sockets hears answers.
        #expect(
            try await take(supervise + ["--allow", "outgoing udp localhost", "--"])
                == Outcome(output: "heard\n"))
    }

    @Test("a connected socket that was received stays usable", arguments: User.available)
    func connected(user: User) async throws {
        let supervise = [Programs.path("supervise"), "--"]
        for prefix in [[], supervise] {
            #expect(
                try await open("received-connected", prefix, as: user)
                    == Outcome(output: "reached\n"))
        }
    }

    @Test("a set-user-ID program gets no rights")
    func setuid() async throws {
        guard isRoot else {
            print("skipped: set-user-ID programs, since only root can make one of root's")
            return
        }
        let file = temporaryFolder() + "/setuid"
        try FileManager.default.copyItem(atPath: Self.program, toPath: file)
        chmod(file, 0o4755)
        let native = try await run([file, "setuid"], as: .nobody)
        guard native == Outcome(output: "reached\n") else {
            print("skipped: set-user-ID programs, which do nothing in \(file)")
            return
        }
        #expect(
            try await supervise([], [file, "setuid"], as: .nobody)
                == Outcome(output: "setuid EPERM\n"))
    }
}
