import Foundation
import SuperviseTestSupport
import Testing

/// Threads that make calls for the supervisor are disturbed, or their calls answered by a filter of the
/// program's own.
@Suite("A thread on the supervisor's errand", .serialized)
struct AttackErrandTests {
    @Test(
        "that has accepted who is refused tells nobody, whatever it is made to run",
        arguments: Attack.all(["keep-connection jump", "keep-connection filter"]))
    func connection(attack: Attack) async throws {
        // Inherited, so that no filter keeps the refused peer away before.
        let native = try RaceResult(
            await attack.run(holding: ["tcp-listener"], supervised: false, adding: ["20"]))
        // The jump may come before the call.
        #expect(native.tries == 20 && native.reached > 5)
        let supervised = try RaceResult(
            await attack.run(
                holding: ["tcp-listener"], supervised: true,
                options: ["--network", "on", "--deny", "accept tcp 127.1.0.0/16"],
                adding: ["300"], seconds: 120))
        #expect(supervised.tries == 300 && supervised.reached == 0)
    }

    @Test(
        "that has made a socket which hears of everybody leaves it to nobody",
        arguments: Attack.all(["keep-connection socket"]))
    func socket(attack: Attack) async throws {
        let native = try RaceResult(
            await attack.run(holding: ["tcp-listener"], supervised: false, adding: ["3"]))
        #expect(native.tries == 3 && native.reached == 3)
        // More addresses than a filter for packets has room for.
        let addresses = (0..<8_000).map { "\"10.\($0 / 100).\($0 % 100).\(1 + $0 * 7 % 250)\"" }
        let policy = """
            network = "on"
            rules = ["deny accept udp @peers"]
            [sets]
            peers = [\(addresses.joined(separator: ", "))]

            """
        let file = temporaryFolder("supervise-errand") + "/policy.toml"
        try policy.write(toFile: file, atomically: true, encoding: .utf8)
        let supervised = try RaceResult(
            await attack.run(
                holding: ["tcp-listener"], supervised: true, options: ["--policy", file],
                adding: ["20"]))
        #expect(supervised.tries == 20 && supervised.reached == 0)
    }

    @Test(
        "that closes what a program may not have leaves it nothing of that",
        arguments: Attack.all(["jump", "filter"]))
    func sockets(attack: Attack) async throws {
        let folder = temporaryFolder("supervise-errand")
        let program = folder + "/one"
        try FileManager.default.copyItem(atPath: Programs.path("keep-sockets"), toPath: program)
        func result(_ supervise: [String], tries: Int) async throws -> RaceResult {
            try RaceResult(
                await run(
                    [Programs.path("holding"), "tcp-listener", "--"] + supervise
                        + [program] + attack.words + [String(tries)],
                    as: attack.user, directory: folder, seconds: 120))
        }
        let native = try await result([], tries: 3)
        #expect(native.tries == 3 && native.reached == 3)
        let supervised = try await result(
            [
                Programs.path("supervise"), "--quiet", "--landlock-abi", "0", "--allow",
                "outgoing tcp program=\(program)", "--",
            ], tries: 20)
        #expect(supervised.tries == 20 && supervised.reached == 0)
    }

    @Test("that opens a path is where it was told to go", arguments: Attack.all(["directory"]))
    func directory(attack: Attack) async throws {
        #expect(
            try await pretend(attack, supervised: false)
                == Outcome(output: "connect succeeded, reached 0\n"))
        #expect(
            try await pretend(attack, supervised: true)
                == Outcome(output: "connect EPERM, reached 0\n"))
    }

    @Test(
        "that opens a path has its caller's call judged, and no other",
        arguments: Attack.all(["trace"]))
    func trace(attack: Attack) async throws {
        #expect(
            try await pretend(attack, supervised: false)
                == Outcome(output: "connect succeeded, reached 1\n"))
        #expect(
            try await pretend(attack, supervised: true)
                == Outcome(output: "connect EPERM, reached 0\n"))
    }

    /// Runs it where only the path of the one socket may not be connected to.
    private func pretend(_ attack: Attack, supervised: Bool) async throws -> Outcome {
        let folder = temporaryFolder("supervise-errand")
        let supervise =
            supervised
            ? [
                Programs.path("supervise"), "--quiet", "--landlock-abi", "0", "--network", "on",
                "--deny", "connect unix \(folder)/bad", "--",
            ] : []
        return try await run(
            supervise + [Programs.path("pretend")] + attack.words + [folder], as: attack.user)
    }

    /// Nothing hides from root.
    @Test(
        "never opens a program that its user may not read to others",
        arguments: User.available.filter { $0 == .nobody || !isRoot })
    func unreadable(user: User) async throws {
        let program = temporaryFolder("supervise-errand") + "/probe"
        try FileManager.default.copyItem(atPath: Programs.path("probe"), toPath: program)
        chmod(program, 0o111)
        let steps = [
            "prctl(PR_GET_DUMPABLE)", "s=socket(AF_UNIX,SOCK_STREAM)", "connect($s,unix:/missing)",
            "prctl(PR_GET_DUMPABLE)",
        ]
        let command = [Programs.path("pretend"), "hidden", program] + steps
        var expected = try await run(command, as: user)
        #expect(expected.output.hasSuffix("\nprctl(PR_GET_DUMPABLE) = 0\n"), "\(expected)")
        expected.output.replace("ENOENT", with: "EPERM")
        #expect(try await supervise(["--quiet"], command, as: user) == expected)
    }
}
