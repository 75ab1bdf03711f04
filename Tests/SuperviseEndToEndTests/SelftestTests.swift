import Foundation
import SuperviseTestSupport
import Testing

/// Runs cases of `Fixtures/semantics` by `supervise selftest` and expects all of them to hold.
func selftest(
    _ options: [String], as user: User = .current, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let outcome = try await run(
        [Programs.path("supervise"), "selftest"] + options, as: user,
        seconds: 300)
    #expect(outcome.error.isEmpty, sourceLocation: sourceLocation)
    guard outcome.end != .exited(0) else { return }
    Issue.record(
        "\(options.joined(separator: " ")): \(outcome.end)\n\(outcome.output)",
        sourceLocation: sourceLocation)
}

@Suite("Network off: every row of the table, in every ABI")
struct TableTests {
    @Test(
        "is as it says, in every profile",
        arguments: ["sockets/*", "addresses/*", "messages/*", "errors/*", "events/*"],
        User.available)
    func rows(cases: String, user: User) async throws {
        // What depends on the user does not depend on the profile, but for tracing.
        let options = user == .nobody ? ["--profile", "rlimit-network"] : []
        try await selftest(["--case", cases] + options, as: user)
    }

    @Test("is the same where every decision is logged")
    func logged() async throws { try await selftest(["--way", "logged"]) }

    @Test("is the same where a filter guards the page")
    func guarded() async throws { try await selftest(["--way", "guarded"]) }
}

@Suite("Profiles")
struct ProfileTests {
    @Test("decide whom of the tree a process may reach into", arguments: User.available)
    func inside(user: User) async throws { try await selftest(["--case", "tracing/*"], as: user) }

    @Test("prctl-network refuses what is aimed outside", arguments: User.available)
    func outside(user: User) async throws {
        try await selftest(["--case", "outside/aimed"], as: user)
    }

    @Test("PTRACE_ATTACH outside is refused in every profile", arguments: User.available)
    func attach(user: User) async throws {
        try await selftest(["--case", "outside/attach"], as: user)
    }
}

/// What `RuleTests` does not try: a policy's file and a profile's rules, and all three places at once.
@Suite("Rules of options, files and profiles")
struct RulePlaceTests {
    @Test("decide in that order", arguments: User.available)
    func places(user: User) async throws { try await selftest(["--case", "rules/*"], as: user) }
}

/// The ways to the network, or around the supervisor, that are no socket calls.
@Suite("Doors that the filter holds")
struct FilterDoorTests {
    @Test("each is shut", arguments: User.available)
    func shut(user: User) async throws { try await selftest(["--case", "doors/*"], as: user) }

    @Test("x32 numbers are no calls", arguments: User.available)
    func x32(user: User) async throws { try await selftest(["--case", "x32/*"], as: user) }
}

/// Numbers and `int` arguments are 32 bits wide to the kernel, and so to the filter and the judge.
@Suite("Garbage in the upper halves of registers")
struct GarbageTests {
    @Test("changes no row of the tables")
    func garbage() async throws { try await selftest(["--way", "garbage"]) }
}

@Suite("supervise selftest")
struct SelftestCommandTests {
    private func selftest(cases: String, _ options: [String] = []) async throws -> Outcome {
        let folder = temporaryFolder()
        try cases.write(toFile: folder + "/own.toml", atomically: false, encoding: .utf8)
        return try await run(
            [Programs.path("supervise"), "selftest", "--cases", folder] + options)
    }

    @Test("tells what is otherwise than expected, and ends with 1")
    func otherwise() async throws {
        let outcome = try await selftest(
            cases: """
                [defaults]
                profiles = ["rlimit-network", "prctl-network"]
                abis = ["x86-64"]
                [[case]]
                name = "wrong"
                title = "expectations that do not hold"
                holding = ["udp"]
                steps = '''
                socket(AF_UNIX,SOCK_STREAM) -> EPERM
                socket(AF_INET,SOCK_STREAM)
                connect(77,in:127.0.0.1:9) -> EBADF
                exit(3)
                close(20) -> EPERM
                '''
                events = [{ call = "socket", protocol = "udp" }]
                [[case]]
                name = "right"
                title = "one that does"
                steps = "getuid()"
                [[case]]
                name = "elsewhere"
                title = "one that needs what is not here"
                needs = ["root", "user"]
                steps = "getuid()"
                """)
        #expect(outcome.error.isEmpty && outcome.end == .exited(1))
        #expect(
            outcome.output == """
                case           expected                      seen
                own/wrong      3 refused, 2 kernel, 1 event  otherwise in 2 of 2 runs
                    x86-64 rlimit-network, x86-64 prctl-network:
                        end: expected exit status 0, seen exit status 3
                own/right      1 kernel                      as expected in 2 runs
                own/elsewhere  1 kernel                      skipped
                    skipped: \(isRoot ? "root cannot run it" : "only root can run it")
                2 passed, 2 failed, 2 skipped

                """)
    }

    @Test("tells each step that is otherwise")
    func steps() async throws {
        let outcome = try await selftest(
            cases: """
                [[case]]
                name = "wrong"
                title = "expectations that do not hold"
                profiles = ["rlimit-network"]
                abis = ["x86-64"]
                steps = '''
                socket(AF_UNIX,SOCK_STREAM) -> EPERM
                socket(AF_INET,SOCK_STREAM)
                connect(77,in:127.0.0.1:9) -> EBADF
                '''
                events = [{ call = "socket", protocol = "udp" }]
                """, ["--format", "tap"])
        #expect(
            outcome
                == Outcome(
                    output: """
                        TAP version 13
                        1..1
                        not ok 1 - own/wrong x86-64 rlimit-network
                        # connect(77,in:127.0.0.1:9): expected EBADF, unlike the kernel, seen EBADF, as the kernel
                        # socket(AF_UNIX,SOCK_STREAM): expected EPERM, seen 3
                        # socket(AF_INET,SOCK_STREAM): expected 4, seen EPERM
                        # event 1: expected {call: "socket", protocol: "udp"}, seen {call: "socket", protocol: "tcp"}
                        # 0 passed, 1 failed

                        """, end: .exited(1)))
    }

    @Test(
        "says in one line what is wrong with what it is given",
        arguments: [
            (["--format", "xml"], "--format 'xml': expected text, tap or junit", 64),
            (
                ["--way", "odd"],
                "--way 'odd': expected plain, logged, guarded, garbage, limited, flagged or all",
                64
            ),
            (
                ["--profile", "x"],
                "--profile 'x': there is no such profile, "
                    + "expected rlimit-network, prctl-network, prctl-network-lsm, landlock-tcp or source-address",
                64
            ),
            (["--cases", "/nowhere"], "selftest: /nowhere: there are no files of cases here", 125),
        ])
    func mistakes(options: [String], message: String, status: Int32) async throws {
        #expect(
            try await run([Programs.path("supervise"), "selftest"] + options)
                == Outcome(error: "supervise: \(message)\n", end: .exited(status)))
    }

    @Test("lists the runs that it would make")
    func list() async throws {
        #expect(
            try await selftest(
                cases: """
                    [[case]]
                    name = "a"
                    title = "the first"
                    profiles = ["prctl-network"]
                    abis = ["i386", "x86-64"]
                    steps = "getuid()"
                    """, ["--list"])
                == Outcome(
                    output: """
                        own/a i386 prctl-network: the first
                        own/a x86-64 prctl-network: the first

                        """))
    }

    @Test("with no case to run does not pass")
    func none() async throws {
        let outcome = try await selftest(
            cases: "[[case]]\nname = 'a'\ntitle = 't'\nsteps = 'getuid()'", ["--case", "b*"])
        #expect(outcome.end == .exited(1))
        #expect(outcome.output.hasSuffix("\n0 passed, 0 failed\n"))
    }
}
