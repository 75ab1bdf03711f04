import Foundation
import SuperviseTestSupport
import Testing

/// What programs give up by themselves: `Fixtures/tables/limits.txt`.
@Suite("RLIMIT_NETWORK and PR_SET_NETWORK")
struct LimitTests {
    @Test("the limit of a process", arguments: Script.table("limit"), Way.direct)
    func limit(script: Script, way: Way) async throws { try await script.check(way) }

    @Test("the flags of a thread", arguments: Script.table("flags"), Way.direct)
    func flags(script: Script, way: Way) async throws { try await script.check(way) }

    @Test("what could be used later stands in the way", arguments: Script.table("doors"), Way.wide)
    func doors(script: Script, way: Way) async throws { try await script.check(way) }

    @Test(
        "the same with garbage in the upper halves of registers",
        arguments: Script.table("limit") + Script.table("flags"), Way.direct)
    func garbage(script: Script, way: Way) async throws {
        try await script.check(way, probe: ["--garbage"])
    }

    @Test(
        "the same where a filter guards the page, and where everything is logged",
        arguments: Script.table("limit") + Script.table("flags"),
        [["--page-guard", "ranges"], ["--log", "/dev/null", "--log-level", "all"]])
    func modes(script: Script, options: [String]) async throws {
        try await script.check(Way(abi: .x86_64, user: .current), options: options)
    }

    @Test(
        "who has given the network up is held to the whole table of network off",
        arguments: ["limited", "flagged"], User.available)
    func tableOne(means: String, user: User) async throws {
        try await selftest(["--way", means], as: user)
    }

    @Test("the kernel has neither: EINVAL without supervise", arguments: Way.direct)
    func native(way: Way) async throws {
        let steps = [
            "getrlimit(RLIMIT_NETWORK)", "setrlimit(RLIMIT_NETWORK,0,0)",
            "prlimit(0,RLIMIT_NETWORK)", "prctl(PR_SET_NETWORK,PR_NETWORK_OFF)",
            "prctl(PR_GET_NETWORK)",
        ]
        let outcome = try await run(
            [Programs.path("probe"), "--abi", way.abi.rawValue] + steps, as: way.user)
        #expect(outcome.output == steps.map { "\($0) = EINVAL\n" }.joined())
    }

    @Test("raising the hard limit takes what the kernel asks for its own", arguments: Way.direct)
    func raising(way: Way) async throws {
        // The same by a limit of the kernel's own; also with all capabilities, but in a user
        // namespace that is not the first one.
        let steps = { (limit: String) in
            [
                "setrlimit(\(limit),4,9)", "setrlimit(\(limit),4,8)", "setrlimit(\(limit),4,9)",
                "prlimit(0,\(limit),9,9)", "getrlimit(\(limit))",
                "in-clone(CLONE_NEWUSER;setrlimit(\(limit),4,9);prlimit(0,\(limit),4,9))",
            ]
        }
        let outcome = try await supervise(
            ["-q", "--network", "on"],
            [Programs.path("probe"), "--abi", way.abi.rawValue] + steps("RLIMIT_CORE"),
            as: way.user)
        let found = try await supervise(
            ["-q", "--network", "on"],
            [Programs.path("probe"), "--abi", way.abi.rawValue] + steps("RLIMIT_NETWORK"),
            as: way.user)
        var expected = outcome
        expected.output = outcome.output.replacing("RLIMIT_CORE", with: "RLIMIT_NETWORK")
        #expect(outcome.output.contains("exited 0") && outcome.end == .exited(0))
        #expect(found == expected)
    }

    @Test("another user's limits are not to be reached", arguments: [ABI.x86_64, .i386])
    func others(abi: ABI) async throws {
        guard isRoot else {
            print("skipped: limits of another user, since only root can become one")
            return
        }
        let steps = [
            "setuid(65534)", "prlimit(parent,%)", "prlimit(parent,%,5,3)", "prlimit(parent,%,bad)",
        ]
        func output(_ limit: String) async throws -> String {
            let inner = steps.joined(separator: ";").replacing("%", with: limit)
            return try await supervise(
                ["-q", "--network", "on"],
                [Programs.path("probe"), "--abi", abi.rawValue, "in-child(\(inner))"]
            ).output
        }
        let kernel = try await output("RLIMIT_CORE")
        #expect(kernel.contains("prlimit(parent,RLIMIT_CORE) = EPERM\n"))
        #expect(
            try await output("RLIMIT_NETWORK")
                == kernel.replacing("RLIMIT_CORE", with: "RLIMIT_NETWORK"))
    }

    @Test("a policy that has the network off for all cannot be changed", arguments: Way.direct)
    func offForAll(way: Way) async throws {
        try await Script(
            """
            off for all
            getrlimit(RLIMIT_NETWORK) = 0 [0 0]
            setrlimit(RLIMIT_NETWORK,0,0) = 0
            setrlimit(RLIMIT_NETWORK,1,0) = EINVAL
            setrlimit(RLIMIT_NETWORK,0,1) = EPERM
            prlimit(0,RLIMIT_NETWORK,-1,-1) = EPERM
            prctl(PR_GET_NETWORK) = 1
            prctl(PR_SET_NETWORK,PR_NETWORK_OFF) = 0
            prctl(PR_SET_NETWORK,0) = EPERM
            socket(AF_INET,SOCK_STREAM) = EPERM
            """
        ).check(way, options: ["--network", "off"])
    }

    @Test(
        "what rules allow is given up with the rest, whatever the network is otherwise",
        arguments: [["--network", "off"], ["--network", "on"]], User.available)
    func rules(network: [String], user: User) async throws {
        try await Script(
            """
            rules
            holding udp tcp-listener
            getrlimit(RLIMIT_NETWORK) = 0 [infinity infinity]
            connect(20,in:127.0.0.1:9) = 0
            s=socket(AF_INET,SOCK_STREAM) = 3
              setrlimit(RLIMIT_NETWORK,0,0) = 0
              connect(20,in:127.0.0.1:9) = EPERM
              socket(AF_INET,SOCK_STREAM) = EPERM
              socket(AF_UNIX,SOCK_STREAM) = 4
            in-child(setrlimit(RLIMIT_NETWORK,0,0);connect(20,in:127.0.0.1:9);\
            socket(AF_INET,SOCK_STREAM);socket(AF_UNIX,SOCK_STREAM)) = exited 0
            connect(20,in:127.0.0.1:9) = 0
            setrlimit(RLIMIT_NETWORK,0,1) = 0
            connect(20,in:127.0.0.1:9) = EPERM
            setrlimit(RLIMIT_NETWORK,1,1) = 0
            connect(20,in:127.0.0.1:9) = 0
            connect(20,in:127.1.0.1:9) = EPERM
            prctl(PR_SET_NETWORK,PR_NETWORK_OFF) = 0
            connect(20,in:127.0.0.1:9) = EPERM
            """
        ).check(
            Way(abi: .x86_64, user: user),
            options: network + [
                "--allow", "connect udp 127.0.0.1", "--deny", "connect udp",
                "--allow", "create tcp",
            ])
    }

    @Test("a rule that refuses peers counts where the one before it is given up")
    func peers() async throws {
        try await Script(
            """
            peers
            holding tcp-listener
            p=port(20) = $p
            fcntl(20,4,SOCK_NONBLOCK) = 0
            c=socket(AF_INET,SOCK_STREAM) = 3
            connect($c,in:127.0.0.1:$p) = 0
            setrlimit(RLIMIT_NETWORK,0,0) = 0
            accept(20) = EAGAIN
            """
        ).check(
            Way(abi: .x86_64, user: .current),
            options: ["--allow", "accept tcp", "--deny", "accept tcp 127.0.0.0/8"])
    }

    @Test("a refusal after that says who gave the network up")
    func reason() async throws {
        let outcome = try await supervise(
            ["--log", "-", "--allow", "outgoing udp"],
            [
                Programs.path("probe"), "s=socket(AF_INET,SOCK_DGRAM)",
                "setrlimit(RLIMIT_NETWORK,0,0)", "connect($s,in:127.0.0.1:9)",
            ])
        #expect(outcome.error.hasSuffix(" denied EPERM       network given up @ process\n"))
    }

    @Test("an audit lets through what has been given up", arguments: Way.direct)
    func audit(way: Way) async throws {
        try await Script(
            """
            audit
            setrlimit(RLIMIT_NETWORK,0,0) = 0
            getrlimit(RLIMIT_NETWORK) = 0 [0 0]
            socket(AF_INET,SOCK_DGRAM) = 3
            connect(3,in:127.0.0.1:9) = 0
            """
        ).check(way, options: ["--audit"])
    }

    @Test("a thread that executes a program keeps its own flags", arguments: User.available)
    func flagsOverExec(user: User) async throws {
        let probe = [Programs.path("probe"), "prctl(PR_GET_NETWORK)", "socket(AF_INET,SOCK_DGRAM)"]
        let outcome = try await supervise(
            ["-q", "--network", "on"], [Programs.path("given-up"), "exec"] + probe, as: user)
        #expect(
            outcome
                == Outcome(
                    output: """
                        PR_SET_NETWORK: done
                        limit: on; flags: 1; socket: Operation not permitted
                        prctl(PR_GET_NETWORK) = 0
                        socket(AF_INET,SOCK_DGRAM) = 3

                        """))
    }

    @Test("nothing is given up by half where threads have filters of their own")
    func divergent() async throws {
        let outcome = try await supervise(
            ["-q", "--network", "on"], [Programs.path("given-up"), "divergent"])
        #expect(
            outcome
                == Outcome(
                    output: """
                        RLIMIT_NETWORK: Device or resource busy
                        limit: on; flags: 0; socket: made
                        RLIMIT_NETWORK: done
                        limit: off; flags: 0; socket: Operation not permitted

                        """))
    }

    @Test(
        "no call that begins when the network was given up goes through, whatever threads do",
        arguments: ["connect", "fork", "toggle"], ["setrlimit", "prlimit64", "i386"])
    func race(what: String, means: String) async throws {
        for user in User.available {
            let outcome = try await run(
                [Programs.path("holding"), "udp", "--", Programs.path("supervise"), "-q"]
                    + ["--network", "on", "--"]
                    + [Programs.path("race-limit"), what, means, "30", "8"],
                as: user)
            #expect(outcome.output == "some before, none after, some refused\n")
            #expect(outcome.end == .exited(0))
        }
    }

    @Test("supervise drop gives it up and becomes the command", arguments: User.available)
    func drop(user: User) async throws {
        let drop = [Programs.path("supervise"), "drop", "--"]
        let probe = [Programs.path("probe"), "getrlimit(RLIMIT_NETWORK)", "p=getppid()"]
        for network in ["on", "off"] {
            let outcome = try await supervise(
                ["-q", "--network", network],
                drop + probe + ["socket(AF_INET,SOCK_STREAM)", "socket(AF_UNIX,SOCK_STREAM)"],
                as: user)
            #expect(
                outcome
                    == Outcome(
                        output: """
                            getrlimit(RLIMIT_NETWORK) = 0 [0 0]
                            p=getppid() = $p
                            socket(AF_INET,SOCK_STREAM) = EPERM
                            socket(AF_UNIX,SOCK_STREAM) = 3

                            """))
        }
        func end(_ prefix: [String], _ command: [String]) async throws -> Outcome {
            try await run(prefix + drop + command, as: user)
        }
        let on = [Programs.path("supervise"), "-q", "--network", "on", "--"]
        #expect(try await end(on, ["sh", "-c", "exit 7"]) == Outcome(end: .exited(7)))
        #expect(
            try await end(on, ["/no/such"])
                == Outcome(
                    error: "supervise: /no/such: command not found (ENOENT)\n", end: .exited(127)))
        #expect(
            try await end(on, ["/"])
                == Outcome(
                    error: "supervise: /: cannot be run: Permission denied (EACCES)\n",
                    end: .exited(126)))
        #expect(
            try await end([], ["true"])
                == Outcome(
                    error: "supervise: drop: this process is not supervised (EINVAL), expected to "
                        + "run inside supervise --network on -- ...\n", end: .exited(125)))
        #expect(
            try await end([], [])
                == Outcome(
                    error: "supervise: no command given: expected supervise drop -- COMMAND\n",
                    end: .exited(64)))
    }

    /// Options, and what is open to whoever has given the network up for good.
    static let walls: [([String], Outcome)] = [
        ([], LandlockTests.walled), (["--landlock-abi", "3"], LandlockTests.judged),
        // A domain would keep it from tracing who has given up the same.
        (["--profile", "prctl-network"], LandlockTests.judged),
    ]

    @Test(
        "whoever gives it up for good and alone is kept out of processes that have not",
        arguments: walls, ["drop", "prctl"])
    func domain(options: ([String], Outcome), means: String) async throws {
        for user in User.available {
            let raised = try await run(
                [
                    Programs.path("probe"), "setrlimit(RLIMIT_CORE,4,8)",
                    "setrlimit(RLIMIT_CORE,4,9)",
                ], as: user)
            if !raised.output.hasSuffix("EPERM\n") {
                print("skipped: the domain of \(user), who may take its limit back")
                continue
            }
            let giveUp =
                means == "drop"
                ? [Programs.path("supervise"), "drop", "--"]
                : [Programs.path("given-up"), "alone"]
            let outcome = try await run(
                [LandlockTests.reacher, "target", Programs.path("supervise"), "-q"]
                    + ["--network", "on"] + options.0 + ["--"] + giveUp
                    + [LandlockTests.reacher, "reach"], as: user, seconds: 20)
            #expect(outcome == options.1)
        }
    }

    @Test("the examples do what they say", arguments: User.available)
    func examples(user: User) async throws {
        let server = [Programs.path("give-up")]
        #expect(
            try await supervise(["-q", "--network", "on"], server, as: user)
                == Outcome(
                    output: """
                        what was open works on
                        a new socket: Operation not permitted

                        """))
        #expect(
            try await run(server, as: user)
                == Outcome(
                    error: "give-up: not under supervise: Invalid argument\n", end: .exited(1)))
        let folder = temporaryFolder()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("examples/give_up.py")
        let script = URL(fileURLWithPath: folder).appendingPathComponent("give_up.py")
        try FileManager.default.copyItem(at: source, to: script)
        #expect(
            try await supervise(["-q", "--network", "on"], ["python3", script.path], as: user)
                == Outcome(
                    output: """
                        limit: infinity infinity
                        listens on: 127.0.0.1
                        connects: Operation not permitted
                        AF_UNIX: done

                        """))
    }

    /// What a process may trace of its tree: whoever has all restrictions that it has itself.
    static let tracingScript = """
        tracing
        c=fork-pause() = $c
          setrlimit(RLIMIT_NETWORK,0,9) = 0
        d=fork-pause(setrlimit(RLIMIT_NETWORK,0,9)) = $d
          prctl(PR_SET_NETWORK,PR_NETWORK_OFF) = 0
        e=fork-pause(prctl(PR_SET_NETWORK,PR_NETWORK_OFF)) = $e
        process_vm_readv($c) = 8
        process_vm_readv($d) = 8
          setrlimit(RLIMIT_NETWORK,0,9) = 0
          process_vm_readv(self) = 8
          process_vm_readv(parent) = EPERM
          process_vm_readv($c) = EPERM
          process_vm_readv($d) = 8
          process_vm_readv($e) = 8
        in-child(setrlimit(RLIMIT_NETWORK,0,9);process_vm_readv(self);process_vm_readv(parent);\
        process_vm_readv($c);process_vm_readv($d);process_vm_readv($e)) = exited 0
        """

    @Test("tracing is allowed on whoever has all of one's restrictions", arguments: Way.wide)
    func equallyRestricted(way: Way) async throws {
        try await Script(Self.tracingScript).check(way, options: ["--profile", "prctl-network"])
        try await Script(
            Self.tracingScript.replacing("($d) = 8\n  process", with: "($d) = EPERM\n  process")
                .replacing("($e) = 8", with: "($e) = EPERM")
        ).check(way)
    }
}

/// What the probe is to print, and so what it is to do.
struct Script: Sendable, CustomTestStringConvertible {
    let title: String
    let holding: [String]
    let lines: [String]

    var testDescription: String { title }

    /// The title, then the lines of the table.
    init(_ text: String) {
        var lines = text.components(separatedBy: "\n").filter { !$0.isEmpty }
        title = lines.removeFirst()
        var holding: [String] = []
        if let first = lines.first, first.hasPrefix("holding ") {
            holding = first.split(separator: " ").dropFirst().map(String.init)
            lines.removeFirst()
        }
        self.holding = holding
        self.lines = lines
    }

    /// A group of the table.
    static func table(_ group: String) -> [Script] {
        Row.blocks("limits", group).map { Script($0) }
    }

    /// The steps: what stands before the results, of the lines that stand in no other step.
    var steps: [String] {
        lines.filter { !$0.hasPrefix(" ") }.map { line in
            if line.hasPrefix("> ") { return String(line.dropFirst(2)) }
            return line.ranges(of: " = ").last.map { String(line[..<$0.lowerBound]) } ?? line
        }
    }

    func check(
        _ way: Way, options: [String] = [], probe: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await run(
            [Programs.path("holding")] + holding + ["--"]
                + [Programs.path("supervise"), "--quiet", "--network", "on"] + options + ["--"]
                + [Programs.path("probe"), "--abi", way.abi.rawValue] + probe + steps,
            as: way.user, directory: temporaryFolder("supervise-limits"), seconds: 20)
        let printed = lines.filter { !$0.hasPrefix("> ") }
        let expected = Outcome(output: printed.map { $0 + "\n" }.joined())
        #expect(outcome == expected, sourceLocation: sourceLocation)
    }
}
