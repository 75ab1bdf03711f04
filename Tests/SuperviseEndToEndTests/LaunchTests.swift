import SuperviseTestSupport
import Testing

/// The end of a command, and its stops, as whoever started it sees them.
@Suite("Launch")
struct LaunchTests {
    static let parent = Programs.path("parent")
    static let product = Programs.path("supervise")

    @Test(
        "a parent sees every exit status and every death as it would without supervise",
        arguments: User.available)
    func endings(user: User) async throws {
        let natively = try await run([Self.parent, "endings"], as: user)
        #expect(natively.output.contains("\nexit 255: exited 255\nsignal 1: killed 1\n"))
        #expect(natively.output.hasSuffix("\nafterwards: No child processes\n"))
        let supervised = try await run(
            [Self.parent, "endings", Self.product, "--"], as: user, seconds: 180)
        #expect(supervised == natively)
    }

    @Test(
        "a parent sees every stop and continuation as it would without supervise",
        arguments: User.available)
    func stops(user: User) async throws {
        let natively = try await run([Self.parent, "stops"], as: user)
        #expect(natively.output.contains("\nkilled while stopped: stopped 19 killed 9\n"))
        let supervised = try await run([Self.parent, "stops", Self.product, "--"], as: user)
        #expect(supervised == natively)
    }

    /// A command that is refused something, and how it ends.
    struct Ending: Sendable, CustomStringConvertible {
        let description: String
        let command: [String]
        let end: String
        let calls: String
    }

    static let tree = Programs.path("tree")
    static let refusedSomething: [Ending] = [
        Ending(
            description: "exits", command: ["sh", "-c", "\(tree) net >&-; exit 3"],
            end: "exited 3", calls: "1 call was refused (network off)\n  1x"),
        Ending(
            description: "is killed by a signal it could have caught",
            command: ["sh", "-c", "\(tree) net >&-; kill -TERM $$"],
            end: "killed 15", calls: "1 call was refused (network off)\n  1x"),
        Ending(
            description: "is killed by SIGKILL",
            command: ["sh", "-c", "\(tree) net >&-; kill -KILL $$"],
            end: "killed 9", calls: "1 call was refused (network off)\n  1x"),
        Ending(
            description: "is ended by another thread, its first one gone",
            command: [tree, "leader-gone"],
            end: "exited 7", calls: "100 calls were refused (network off)\n  100x"),
        Ending(
            description: "is another program, executed by a thread, the first one gone",
            command: ["sh", "-c", "exec \(tree) exec-leader-gone >&-"],
            end: "exited 0", calls: ""),
    ]

    @Test(
        "the end of the run is told once, before the parent learns of it",
        arguments: refusedSomething)
    func told(ending: Ending) async throws {
        for _ in 0..<5 {
            let outcome = try await run(
                [Self.parent, "told", Self.product, "--"] + ending.command)
            #expect(outcome.output.hasPrefix("end: \(ending.end)\nthen: end of file\nsupervise: "))
            // How many calls two threads make until a third has executed something is luck.
            if ending.calls.isEmpty {
                #expect(outcome.output.split(separator: "supervise: ").count == 2)
            } else {
                #expect(
                    outcome.output == """
                        end: \(ending.end)
                        then: end of file
                        supervise: \(ending.calls) create tcp   tree   EPERM
                          to allow: --allow 'create tcp'; --learn FILE finds what for

                        """)
            }
        }
    }

    /// A command that cannot be run, and what is said of it.
    static let unrunnable: [(command: String, error: String, status: Int32)] = [
        ("/nowhere/command", "/nowhere/command: command not found (ENOENT)", 127),
        ("no-such-command", "no-such-command: command not found (ENOENT)", 127),
        ("/etc", "/etc: cannot be run: Permission denied (EACCES)", 126),
        ("/etc/passwd", "/etc/passwd: cannot be run: Permission denied (EACCES)", 126),
    ]

    @Test("a command that cannot be run is told in one line", arguments: unrunnable)
    func failures(command: String, error: String, status: Int32) async throws {
        let outcome = try await supervise([], [command])
        #expect(outcome == Outcome(error: "supervise: \(error)\n", end: .exited(status)))
    }
}
