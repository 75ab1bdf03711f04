import SuperviseTestSupport
import Testing

/// Job control in a real terminal: what a person at the keyboard sees.
@Suite("Terminal")
struct TerminalTests {
    static let terminal = Programs.path("terminal")
    static let product = Programs.path("supervise")
    static let job = "\(terminal) job"

    static let shells = [
        ["bash", "--norc", "--noprofile", "--noediting", "-i"], ["dash", "-i"],
    ]

    /// Stops, goes on, is resized, interrupted, quit, runs in the background, is stopped and
    /// continued from elsewhere.
    static func session(_ job: String) -> [String] {
        [
            "see=prompt>", "type=\(job)~", "see=ready",
            "type=^Z", "see=Stopped", "see=prompt>",
            "type=jobs~", "see=Stopped", "see=prompt>",
            "type=fg~", "see=continued",
            "size=40x132", "see=now 40 rows of 132",
            "type=^C", "see=prompt>", "type=echo st''=$?~", "see=st=130",
            "type=\(job)~", "see=ready",
            "type=^\\", "see=prompt>", "type=echo st''=$?~", "see=st=131",
            "type=\(job) &~", "see=ready",
            "type=kill -STOP %1~", "until=jobs~|Stopped",
            "type=kill -CONT %1~", "see=continued",
            "type=kill -TSTP -$!~", "until=jobs~|Stopped",
            "type=bg %1~", "see=continued",
            "type=kill %1; wait %1; echo st''=$?~", "see=st=143",
            "type=exit 3~",
        ]
    }

    private func done(_ steps: [String], _ end: String) -> Outcome {
        Outcome(output: steps.map { "done: \($0)\n" }.joined() + end + "\n")
    }

    @Test("a shell under supervise controls its jobs", arguments: shells, User.available)
    func shell(shell: [String], user: User) async throws {
        let steps = Self.session(Self.job)
        let natively = try await run([Self.terminal] + steps + ["--"] + shell, as: user)
        #expect(natively == done(steps, "exited 3"))
        let supervised = try await run(
            [Self.terminal] + steps + ["--", Self.product, "--"] + shell, as: user)
        #expect(supervised == natively)
    }

    @Test("a shell controls supervise as its job", arguments: shells, User.available)
    func job(shell: [String], user: User) async throws {
        let steps = Self.session("\(Self.product) -- \(Self.job)")
        let outcome = try await run([Self.terminal] + steps + ["--"] + shell, as: user)
        #expect(outcome == done(steps, "exited 3"))
    }

    @Test("a pipeline with supervise in it stops and goes on as one job", arguments: shells)
    func pipeline(shell: [String]) async throws {
        let steps = [
            "see=prompt>", "type=\(Self.product) -- \(Self.job) | cat~", "see=ready",
            "type=^Z", "see=Stopped", "see=prompt>", "type=fg~", "see=continued",
            "type=^C", "see=prompt>", "type=echo st''=$?~", "see=st=130", "type=exit 3~",
        ]
        let outcome = try await run([Self.terminal] + steps + ["--"] + shell)
        #expect(outcome == done(steps, "exited 3"))
    }

    @Test("without a shell, the keys reach the command", arguments: [("^C", 2), ("^\\", 3)])
    func keys(key: String, signal: Int) async throws {
        let steps = ["see=ready", "type=\(key)"]
        let outcome = try await run(
            [Self.terminal] + steps + ["--", Self.product, "--", Self.terminal, "job"])
        #expect(outcome == done(steps, "killed \(signal)"))
    }

    @Test(
        "with no terminal, in a session of its own, and without hang-ups, it runs as ever",
        arguments: [["setsid", "--wait"], ["nohup"], ["setsid", "--wait", "nohup"]])
    func prefixes(prefix: [String]) async throws {
        let command = prefix + ["sh", "-c", "kill -HUP $$; exit 6"]
        let natively = try await run(command)
        let supervised = try await run(
            prefix + [Self.product, "--"] + command.dropFirst(prefix.count))
        #expect(supervised == natively)
    }
}
