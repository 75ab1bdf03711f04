import SuperviseTestSupport
import Testing

/// What a command finds when it begins: all of it as without supervise.
@Suite("Inheritance")
struct InheritanceTests {
    static let state = Programs.path("state")

    /// How the caller is set up before it runs the command; see `Fixtures/state`.
    static let setups = [
        "",
        "block=17", "block=17 raise=17", "ignore=17", "block=17 raise=17 dead-child",
        "block=10 raise=10 ignore=1 ignore=13 block=64 raise=64",
        "ignore=2 ignore=3 ignore=4 ignore=5 ignore=6 ignore=11",
        "subreaper", "subreaper dead-child", "dead-child", "live-child",
        "close=0", "close=1", "close=2", "close=0 close=2", "close=0 close=1 close=2",
        "open=3 open=9 open=10 open=77", "nofile=8", "file-size=0",
        "umask=0", "umask=63", "setsid", "group", "alarm", "parent-death=15",
        "removed-directory",
    ]

    @Test(
        "the command finds what it would find without supervise",
        arguments: setups, User.available)
    func state(setup: String, user: User) async throws {
        let steps = setup.split(separator: " ").map(String.init)
        let show = [Self.state, "show", "", "--", "-x", "two words", "caf\u{e9}\n"]
        let prepare = [Self.state, "prepare"] + steps + ["--"]
        // The supervisor's own runtime takes signals to print backtraces, if it is told to.
        let environment = ["SWIFT_BACKTRACE": "enable=yes"]
        let natively = try await run(prepare + show, as: user, environment: environment)
        #expect(natively.end == .exited(0))
        if !setup.contains("close=1") {
            #expect(natively.output.contains("environment: BYTES=%ff%fe%0a\n"))
        }
        let supervised = try await run(
            prepare + [Programs.path("supervise"), "--"] + show, as: user, environment: environment)
        #expect(supervised == natively)
    }

    @Test(
        "calls are judged as ever where standard descriptors are closed at the start",
        arguments: ["close=0", "close=1", "close=2", "close=0 close=1 close=2"], User.available)
    func closedStandard(setup: String, user: User) async throws {
        let probe = Programs.path("probe")
        func results(_ supervise: [String]) async throws -> String {
            let folder = temporaryFolder()
            let steps =
                "'s=socket(AF_UNIX,SOCK_DGRAM)' 'connect($s,unix:/missing)' "
                + "'t=socket(AF_INET,SOCK_DGRAM)' 'connect($t,in:127.0.0.1:9)'"
            let outcome = try await run(
                [Self.state, "prepare"] + setup.split(separator: " ").map(String.init) + ["--"]
                    + supervise
                    + ["/bin/sh", "-c", "exec <&- 2>&- >results; exec \(probe) \(steps)"],
                as: user, directory: folder)
            #expect(outcome.end == .exited(0))
            return try await run(["cat", folder + "/results"]).output
        }
        let natively = try await results([])
        #expect(natively.contains("connect($s,unix:/missing) = ENOENT\n"), "\(natively)")
        // Sealed memory, and what /proc tells of the program.
        let rule = ["--allow", "outgoing udp program=\(probe)"]
        #expect(
            try await results([Programs.path("supervise"), "--quiet"] + rule + ["--"]) == natively)
    }

    @Test("the command keeps its terminal", arguments: User.available)
    func terminal(user: User) async throws {
        func state(of prefix: [String]) async throws -> Outcome {
            let file = temporaryFolder() + "/state"
            let outcome = try await run(
                [Programs.path("terminal"), "--", Self.state, "prepare", "--"] + prefix
                    + ["/bin/sh", "-c", "exec \(Self.state) show >state"],
                as: user, directory: String(file.dropLast(6)))
            #expect(outcome == Outcome(output: "exited 0\n"))
            return try await run([
                "grep", "-v", "^environment: .*PWD\\|^directory\\|^descriptor 1", file,
            ])
        }
        let natively = try await state(of: [])
        #expect(natively.output.contains("terminal: yes\nin front: 1\n"))
        #expect(natively.output.contains("descriptor 0: /dev/pts, "))
        let supervised = try await state(of: [Programs.path("supervise"), "--"])
        #expect(supervised == natively)
    }

    /// Everything of the tracer's that somebody else could have lent it.
    static let tracer = """
        end of file, status 400
        daemon: lives
        its memory is root's
        its session is its own

        """

    @Test(
        "a reader of the output sees its end though a daemon lives on, and the tracer holds nothing",
        arguments: [[], ["--quiet"], ["--audit"], ["--log", "-"]], User.available)
    func daemon(options: [String], user: User) async throws {
        let natively = try await run([Programs.path("tracer"), "daemon"], as: user)
        #expect(
            natively
                == Outcome(output: "end of file, status 400\ndaemon: lives\ndaemon: ended\n"))
        let supervised = try await run(
            [Programs.path("tracer"), "daemon", Programs.path("supervise")] + options + ["--"],
            as: user)
        let holds =
            user == .nobody || !isRoot
            ? "its descriptors: Permission denied\n"
            : """
            its directory: /
            its descriptor 0: /dev/null
            its descriptor 1: /dev/null
            its descriptor 2: /dev/null

            """
        // Its courier is its own: nobody else has it.
        let courier = /its descriptor \d+: socket:\[\d+\]\n/
        #expect(supervised.output.matches(of: courier).count <= 1)
        let output = supervised.output.replacing(courier, with: "")
        #expect(output == Self.tracer + holds + "daemon: ended\ntracer: ended\n")
        #expect(supervised.end == .exited(0) && supervised.error.isEmpty, "\(supervised)")
    }

    @Test("the command cannot reach for its tracer", arguments: ["on", "off"])
    func attach(network: String) async throws {
        guard isRoot else {
            print("skipped: the tracer and the user nobody, since only root can become nobody")
            return
        }
        let outcome = try await supervise(
            ["--quiet", "--network", network], [Programs.path("tracer"), "attach"], as: .nobody)
        #expect(
            outcome
                == Outcome(
                    output: """
                        ptrace: EPERM
                        process_vm_readv: EPERM
                        process_vm_writev: EPERM
                        pidfd_getfd: EPERM
                        memory: EACCES

                        """))
    }
}
