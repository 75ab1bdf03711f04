import Foundation
import SuperviseTestSupport
import Testing

/// Rules by program, on sockets that several programs hold or that one is left with by exec.
@Suite("Sockets that several programs hold")
struct HolderTests {
    /// A folder with two programs, both of them the probe.
    private func folder() throws -> String {
        let folder = temporaryFolder("supervise-holders")
        for name in ["one", "other"] {
            try FileManager.default.copyItem(
                atPath: Programs.path("probe"), toPath: "\(folder)/\(name)")
        }
        return folder
    }

    /// The results of steps that `one` makes, without those of its children.
    private func results(
        _ rules: [String], _ steps: [String], in folder: String, holding: [String] = [],
        as user: User
    ) async throws -> [String] {
        let outcome = try await run(
            [Programs.path("holding")] + holding + ["--", Programs.path("supervise"), "--quiet"]
                + rules + ["--", folder + "/one"] + steps, as: user)
        #expect(outcome.error.isEmpty && outcome.end == .exited(0))
        let lines = outcome.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }
        return zip(steps, lines).map { step, line in
            line.hasPrefix(step + " = ") ? String(line.dropFirst(step.count + 3)) : String(line)
        }
    }

    @Test("are of use only where every one of them may do the same", arguments: User.available)
    func shared(user: User) async throws {
        let folder = try folder()
        let send = "sendto($s,hi,0,in:127.0.0.1:9)"
        let connect = "connect($t,in:127.0.0.1:9)"
        let found = try await results(
            ["--allow", "outgoing program=\(folder)/one"],
            [
                "s=socket(AF_INET,SOCK_DGRAM)", "t=socket(AF_INET,SOCK_STREAM)", "p=pipe()", send,
                // A child that runs the same program holds them, then one that runs another.
                "a=fork-pause()", send,
                "b=fork-pause(exec(\(folder)/other);write($p.1,x);sleep(60000))", "read($p.0,1)",
                send, connect, "u=socket(AF_INET,SOCK_DGRAM)", "sendto($u,hi,0,in:127.0.0.1:9)",
                "kill($b,9)", "wait4($b)", send, connect,
            ], in: folder, as: user)
        #expect(
            found == [
                "3", "4", "0 [5 6]", "2", "$a", "2", "$b", "1 \"x\"", "EPERM", "EPERM", "7", "2",
                "0", "killed SIGKILL", "2", "ECONNREFUSED",
            ])
    }

    @Test(
        "are of use where the rules do not tell the programs apart", arguments: User.available)
    func alike(user: User) async throws {
        let folder = try folder()
        let found = try await results(
            ["--allow", "outgoing udp :9", "--allow", "outgoing tcp program=\(folder)/one"],
            [
                "s=socket(AF_INET,SOCK_DGRAM)", "p=pipe()",
                "b=fork-pause(exec(\(folder)/other);write($p.1,x);sleep(60000))", "read($p.0,1)",
                "sendto($s,hi,0,in:127.0.0.1:9)",
            ], in: folder, as: user)
        #expect(found == ["3", "0 [4 5]", "$b", "1 \"x\"", "2"])
    }

    private static let inherited = ["tcp-pair", "tcp-waiting", "tcp", "udp-pair", "abstract-pair"]
    /// Reading and writing, which is not judged.
    private static let uses = [
        "write(20,x)", "read(21,1)", "accept(22)", "write(23,x)", "getsockname(24)", "write(25,x)",
        "read(26,1)", "write(28,x)",
    ]
    private static let works = ["1", "1 \"x\"", "3", "1", "in:0.0.0.0:0", "1", "1 \"x\"", "1"]
    private static let closed = [
        "EBADF", "EBADF", "EBADF", "EBADF", "in:0.0.0.0:0", "EBADF", "EBADF", "1",
    ]

    @Test(
        "that are connected or listen are closed to a program that may not use them",
        arguments: User.available)
    func executed(user: User) async throws {
        let folder = try folder()
        func uses(_ rules: [String], _ first: [String]) async throws -> [String] {
            Array(
                try await results(
                    rules, first + Self.uses, in: folder, holding: Self.inherited, as: user
                ).dropFirst(first.count))
        }
        let only = ["--allow", "* program=\(folder)/one"]
        let exec = ["exec(\(folder)/other)"]
        #expect(try await uses(only, []) == Self.works)
        #expect(try await uses(only, exec) == Self.closed)
        // What a child may not use its parent goes on using.
        #expect(
            try await uses(only, ["in-child(exec(\(folder)/other);write(20,x))"]) == Self.works)
        // It stays what it is where the program is not what decides.
        #expect(try await uses(["--allow", "connect tcp :1"], exec) == Self.works)
        #expect(try await uses(only + ["--audit"], exec) == Self.works)
        #expect(try await uses(["--allow", "* program=\(folder)/other"], exec) == Self.closed)
        #expect(
            try await uses(
                ["--network", "on", "--deny", "* program=\(folder)/other"], exec) == Self.closed)
        #expect(try await uses(["--allow", "* ancestor=\(folder)/one"], exec) == Self.closed)
        #expect(
            try await uses(
                ["--allow", "* program=\(folder)/one", "--allow", "* ancestor=\(folder)/one"], exec)
                == Self.works)
    }

    @Test("are closed before a hidden program, but for the standard ones")
    func hidden() async throws {
        guard isRoot else { return print("skipped: only root can become another user") }
        let folder = try folder()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o711], ofItemAtPath: folder + "/other")
        let found = try await results(
            ["--allow", "* program=\(folder)/one"], ["exec(\(folder)/other)", "write(20,x)"],
            in: folder, holding: ["tcp-pair"], as: .nobody)
        #expect(found == ["0", "EBADF"])
    }

    @Test("A refused socket is in the log as the refusal of execve")
    func log() async throws {
        let folder = try folder()
        let outcome = try await run(
            [
                Programs.path("holding"), "udp-pair", "--", Programs.path("supervise"), "--log",
                "-",
                "--allow", "* program=\(folder)/one", "--", folder + "/one", "close(21)",
                "exec(\(folder)/other)",
            ])
        let words = outcome.error.split(separator: "\n").map {
            $0.split(separator: " ").dropFirst(2).filter { !$0.hasPrefix("127.0.0.1:") }
                .joined(separator: " ")
        }
        #expect(words == ["other execve udp denied EPERM network off @ profile"])
    }
}
