import Foundation
import SuperviseTestSupport
import Testing

@Suite("supervise report")
struct ReportTests {
    private let step = "socket(AF_INET,SOCK_DGRAM)"

    /// A line of a log as `EVENT PROGRAM`, indented by how far below the first process it is.
    private func outline(_ log: String) throws -> [String] {
        var depths: [Int: Int] = [:]
        return try log.split(separator: "\n").map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let pid = try #require(object["pid"] as? Int)
            if object["event"] as? String == "start" {
                depths[pid] = (object["parent"] as? Int).flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            }
            let program = (object["program"] as? [String: Any])?["path"] as? String
            let words = [
                object["event"] as? String ?? object["call"] as? String,
                program.map { URL(fileURLWithPath: $0).lastPathComponent },
                (object["status"] as? Int).map { "\($0)" },
                (object["signal"] as? Int).map { "by \($0)" },
            ]
            return String(repeating: "  ", count: depths[pid] ?? 0)
                + words.compactMap { $0 }.joined(separator: " ")
        }
    }

    @Test(
        "a log has the processes that its decisions come from, and no others",
        arguments: User.available)
    func processes(user: User) async throws {
        let path = temporaryFolder() + "/log.jsonl"
        let probe = Programs.path("probe")
        _ = try await supervise(
            ["--log", path],
            [
                "/bin/dash", "-c",
                "/bin/true; (/bin/dash -c \"'\(probe)' '\(step)'; exit 3\"; exec '\(probe)' '\(step)'); "
                    + "'\(probe)' '\(step)' 'kill(self,SIGKILL)'; exit 0",
            ], as: user)
        let log = try outline(String(contentsOfFile: path, encoding: .utf8))
        #expect(
            log == [
                "start dash", "  start dash", "    start dash", "      start probe",
                "      socket probe", "      exit 0", "    exit 3", "  exec probe",
                "  socket probe",
                "  exit 0", "  start probe", "  socket probe", "  exit by 9", "exit 0",
            ])
    }

    @Test("a process whose maker has gone is below it all the same")
    func orphans() async throws {
        let folder = temporaryFolder()
        // The subshell makes a process and ends; only then does that go on.
        let script =
            "mkfifo gone; ({ read -r x <gone; '\(Programs.path("probe"))' '\(step)'; } & ); echo >gone"
        _ = try await supervise(
            ["--log", "log.jsonl"], ["/bin/bash", "-c", script], directory: folder)
        // The log goes on until the last process has gone, which may be after the command.
        var log: [String] = []
        let deadline = Date(timeIntervalSinceNow: 20)
        while !log.contains("      exit 0"), Date() < deadline {
            log = try outline(
                (try? String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8)) ?? "")
            try await Task.sleep(for: .milliseconds(20))
        }
        let expected = [
            "start bash", "  start bash", "  exit 0", "    start bash", "      start probe",
            "      socket probe", "      exit 0",
        ]
        #expect(log.filter { $0 != "exit 0" && $0 != "    exit 0" } == expected)
    }

    @Test("shows a log as text and as a page")
    func formats() async throws {
        let folder = temporaryFolder()
        _ = try await supervise(
            ["--log", folder + "/log.jsonl"], [Programs.path("probe"), step], as: .current)
        let report = [Programs.path("supervise"), "report", "log.jsonl"]
        let text = try await run(report + ["--format", "text"], directory: folder)
        #expect(
            text.output.hasPrefix("log.jsonl: 1 call refused, 0 allowed, 1 endpoint, 1 process\n"))
        #expect(text.error.isEmpty && text.end == .exited(0))
        let page = try await run(report + ["-o", "page.html"], directory: folder)
        #expect(page == Outcome())
        let html = try String(contentsOfFile: folder + "/page.html", encoding: .utf8)
        #expect(html.hasPrefix("<!DOCTYPE html>") && html.hasSuffix("</html>\n"))
        let input = try String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8)
        let piped = try await run([report[0], "report", "-"], input: input, directory: folder)
        #expect(piped.output.contains("<title>standard input - supervise report</title>"))
    }

    @Test("tells in one line what it cannot do")
    func failures() async throws {
        let folder = temporaryFolder()
        try "a\u{1b}[2J\n".write(toFile: folder + "/x", atomically: false, encoding: .utf8)
        for (arguments, message, status) in [
            (["none"], "cannot read the log 'none': No such file or directory (ENOENT)", 125),
            (["."], "cannot read the log '.': Is a directory (EISDIR)", 125),
            (
                ["x"],
                "'x' has no event in it; expected a log in JSON lines, of --log FILE.jsonl or "
                    + "--log-format json", 125
            ),
            (["x", "--format", "pdf"], "--format 'pdf': expected html or text", 64),
            ([], "Missing expected argument '<log>'", 64),
            (["x", "y\u{1b}"], #"Unexpected argument 'y\x1b'"#, 64),
        ] as [([String], String, Int32)] {
            #expect(
                try await run(
                    [Programs.path("supervise"), "report"] + arguments, directory: folder)
                    == Outcome(
                        error: "supervise: report: \(message)\n", end: .exited(status)))
        }
        try "".write(toFile: folder + "/empty", atomically: false, encoding: .utf8)
        let full = try await run(
            [Programs.path("supervise"), "report", "empty", "-o", "/dev/full"], directory: folder)
        #expect(
            full
                == Outcome(
                    error: "supervise: report: cannot write the report to '/dev/full': "
                        + "No space left on device (ENOSPC)\n", end: .exited(125)))
    }

    @Test("says where the program was looked for that makes reports")
    func missing() async throws {
        let folder = temporaryFolder()
        try FileManager.default.copyItem(
            atPath: Programs.path("supervise"), toPath: folder + "/supervise")
        #expect(
            try await run([folder + "/supervise", "report", "x"])
                == Outcome(
                    error:
                        "supervise: report: the program supervise-report is neither beside supervise "
                        + "nor in its libexec/supervise; make install puts it there\n",
                    end: .exited(125)))
    }
}
