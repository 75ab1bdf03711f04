import SuperviseTestSupport
import Testing

/// Processes and threads, however they are made, and programs, whoever executes them.
@Suite("Tree")
struct TreeTests {
    static let tree = Programs.path("tree")

    /// See `Fixtures/tree`.
    static let scenarios = [
        "net", "forks", "odd-thread", "exec-leader", "exec-thread", "exec-of-several",
        "exec-leader-gone", "leader-gone", "fork-bomb", "many-processes", "many-threads",
        "exec-chain", "deaths", "untold",
    ]

    @Test("is as without supervise where the network is on", arguments: scenarios)
    func allowed(scenario: String) async throws {
        let natively = try await run([Self.tree, scenario])
        let supervised = try await supervise(["--network", "on"], [Self.tree, scenario])
        #expect(supervised == natively)
        #expect(natively.error == "")
    }

    @Test(
        "is the same but for the refusals where the network is off, in the filter or by the tracer",
        arguments: scenarios, [["--quiet"], ["--log", "/dev/null"]])
    func refused(scenario: String, options: [String]) async throws {
        let natively = try await run([Self.tree, scenario], as: .current)
        let supervised = try await supervise(options, [Self.tree, scenario])
        var expected = natively
        expected.output = natively.output.replacing("allowed", with: "EPERM")
        #expect(supervised == expected)
    }

    @Test("is the same where refusals are only watched, as nobody", arguments: scenarios)
    func audited(scenario: String) async throws {
        let user = User.available.last ?? .current
        let natively = try await run([Self.tree, scenario], as: user)
        let supervised = try await supervise(
            ["--audit", "--log", "/dev/null"], [Self.tree, scenario], as: user)
        #expect(supervised == natively)
    }

    @Test(
        "a process that is cloned untraced can make no call that the tracer would have to judge",
        arguments: User.available)
    func untraced(user: User) async throws {
        let command = [Self.tree, "untraced"]
        let output = "untraced: waited for, status 500\n"
        #expect(
            try await supervise(["--log", "/dev/null"], command, as: user)
                == Outcome(output: "child's net: ENOSYS\n" + output))
        #expect(
            try await supervise(["--quiet"], command, as: user)
                == Outcome(output: "child's net: EPERM\n" + output))
    }
}
