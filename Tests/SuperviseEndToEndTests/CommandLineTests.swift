import Foundation
import SuperviseTestSupport
import Testing

/// What `supervise` says of its own, whole: one line, and an exit status of its own.
@Suite("The command line")
struct CommandLineTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let message: String
        let status: Int32

        init(_ arguments: [String], _ message: String, _ status: Int32) {
            (self.arguments, self.message, self.status) = (arguments, message, status)
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let mistakes = [
        Mistake(
            ["--bogus", "--", "true"], "Unknown option '--bogus'. Did you mean '--log'?", 64),
        Mistake(["-z", "--", "true"], "Unknown option '-z'", 64),
        Mistake([], "no command given: expected supervise [OPTIONS] -- COMMAND", 64),
        Mistake(["--"], "no command given: expected supervise [OPTIONS] -- COMMAND", 64),
        Mistake(
            ["--network", "maybe", "--", "true"], "--network 'maybe': expected on or off", 64),
        Mistake(
            ["--profile", "x\n", "--", "true"],
            #"--profile 'x\x0a': there is no such profile, "#
                + "expected rlimit-network, prctl-network, prctl-network-lsm, landlock-tcp or "
                + "source-address", 64),
        Mistake(
            ["--source", "10.1.2.300", "--", "true"],
            "--source '10.1.2.300': '10.1.2.300' is no address, expected one such as 10.1.2.3", 64),
        Mistake(
            ["--source", "::1", "--source=10.1.2.3", "--source", "10.1.2.4", "--", "true"],
            "--source '10.1.2.4': the address for IPv4 is 10.1.2.3 already, and cannot be changed",
            64),
        Mistake(
            ["--errno", "EWHAT", "--", "true"],
            "--errno 'EWHAT': there is no such error, "
                + "expected a name such as EPERM, EACCES or ECONNREFUSED", 64),
        Mistake(
            ["--color", "red", "--", "true"], "--color 'red': expected auto, always or never",
            64),
        Mistake(
            ["--log-format", "xml", "--", "true"], "--log-format 'xml': expected text or json",
            64),
        Mistake(
            ["--log-level", "some", "--", "true"], "--log-level 'some': expected denied or all",
            64),
        Mistake(
            ["--log", "/nowhere/log", "--", "true"],
            "cannot write to --log '/nowhere/log': No such file or directory (ENOENT)", 125),
        Mistake(
            ["--log", "/tmp", "--", "true"],
            "--log '/tmp' is a directory (EISDIR), expected a file to write to", 125),
        Mistake(["--", "no-such-command"], "no-such-command: command not found (ENOENT)", 127),
        Mistake(["--", "/nowhere/x"], "/nowhere/x: command not found (ENOENT)", 127),
        Mistake(["--", ""], ": command not found (ENOENT)", 127),
        Mistake(["--", "a\u{1b}[1m\nb"], #"a\x1b[1m\x0ab: command not found (ENOENT)"#, 127),
        Mistake(
            ["--", "/etc/passwd"], "/etc/passwd: cannot be run: Permission denied (EACCES)", 126),
        Mistake(["--", "/tmp"], "/tmp: cannot be run: Permission denied (EACCES)", 126),
    ]

    @Test("one line says what is wrong, and nothing is run", arguments: mistakes, User.available)
    func mistake(mistake: Mistake, user: User) async throws {
        let outcome = try await run(
            [Programs.path("supervise")] + mistake.arguments, as: user,
            // Every folder of it can be looked into by every user.
            environment: ["PATH": "/usr/bin:/bin"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: \(mistake.message)\n", end: .exited(mistake.status)))
    }

    @Test("a text file without #! is not handed to a shell")
    func noFormat() async throws {
        let path = temporaryFolder() + "/script"
        try "echo run by a shell\n".write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        #expect(
            try await supervise([], [path])
                == Outcome(
                    error: "supervise: \(path): cannot be run: Exec format error (ENOEXEC)\n",
                    end: .exited(126)))
    }

    @Test("help and version go to standard output", arguments: ["--help", "--version"])
    func help(option: String) async throws {
        let outcome = try await run([Programs.path("supervise"), option])
        #expect(outcome.end == .exited(0) && outcome.error.isEmpty)
        #expect(
            outcome.output.hasPrefix(option == "--help" ? "OVERVIEW: Run a command" : "0.1.0\n"))
    }

    @Test("arguments reach the command byte for byte")
    func bytes() async throws {
        // The shell makes what no Swift string is.
        let outcome = try await run([
            "sh", "-c", #"exec "$0" -- printf %s "$(printf 'a\377b\001 c')" "" | od -An -tx1"#,
            Programs.path("supervise"),
        ])
        #expect(outcome == Outcome(output: " 61 ff 62 01 20 63\n"))
    }
}
