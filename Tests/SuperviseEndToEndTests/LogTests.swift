import Foundation
import SuperviseTestSupport
import Testing

/// Runs `holding udp -- supervise OPTIONS -- COMMAND`.
private func superviseHolding(
    _ options: [String], _ command: [String], environment: [String: String] = [:]
) async throws -> Outcome {
    try await run(
        [Programs.path("holding"), "udp", "--", Programs.path("supervise")] + options + ["--"]
            + command, environment: environment, seconds: 20)
}

private let step = "connect(20,in:127.0.0.1:9)"

/// A text log without what differs from run to run: times and process numbers.
private func stable(_ text: String) -> String {
    text.replacing(#/(?m)^\d{4}-\d\d-\d\dT[0-9:.]+Z +\d+ /#, with: "TIME PID ")
}

@Suite("--audit")
struct AuditTests {
    @Test("lets through and records what would have been refused", arguments: ["text", "json"])
    func audit(format: String) async throws {
        let path = temporaryFolder() + "/log"
        let outcome = try await superviseHolding(
            ["--audit", "--log", path, "--log-format", format],
            [
                Programs.path("probe"), step, "socket(AF_UNIX,SOCK_STREAM)",
                "socket(AF_INET,SOCK_DGRAM)",
            ])
        #expect(
            outcome
                == Outcome(
                    output: """
                        \(step) = 0
                        socket(AF_UNIX,SOCK_STREAM) = 3
                        socket(AF_INET,SOCK_DGRAM) = 4

                        """))
        let log = try String(contentsOfFile: path, encoding: .utf8)
        if format == "text" {
            let words = stable(log).split(separator: "\n").map {
                $0.split(separator: " ").joined(separator: " ")
            }
            #expect(
                words == [
                    "TIME PID probe connect udp 127.0.0.1:9 would-deny EPERM network off @ profile",
                    "TIME PID probe connect udp 127.0.0.1:9 returned = 0 network off @ profile",
                    "TIME PID probe socket unix - allowed AF_UNIX sockets @ profile",
                    "TIME PID probe socket udp - would-deny EPERM network off @ profile",
                ])
        } else {
            let results = try log.split(separator: "\n").compactMap { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return (object as? [String: Any])?["result"] as? String
            }
            #expect(results == ["would-deny", "returned", "allowed", "would-deny"])
        }
    }

    @Test("sums up what would have been refused")
    func summary() async throws {
        #expect(
            try await superviseHolding(["--audit"], [Programs.path("probe"), step])
                == Outcome(
                    output: "\(step) = 0\n",
                    error: """
                        supervise: 1 call would have been refused (network off)
                          1x connect udp 127.0.0.1:9   probe   EPERM
                          to allow: --allow 'connect udp 127.0.0.1:9'

                        """))
    }
}

@Suite("Logs")
struct LogTests {
    @Test("an event is written before its call goes on")
    func before() async throws {
        let path = temporaryFolder() + "/log"
        let outcome = try await superviseHolding(
            ["--log", path], [Programs.path("probe"), step, "kill(self,SIGKILL)"])
        #expect(outcome.output == "\(step) = EPERM\n")
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("127.0.0.1:9"))
    }

    @Test(
        "a file's name need not be UTF-8",
        arguments: ["--log \"$name\"", "--log=\"$name\"", "-l \"$name\""])
    func nameOfBytes(option: String) async throws {
        let script = """
            name=$(printf 'a\\377b')
            '\(Programs.path("supervise"))' --quiet \(option) -- true && ls | od -An -c
            """
        let outcome = try await run(["sh", "-c", script], directory: temporaryFolder())
        #expect(outcome == Outcome(output: "   a 377   b  \\n\n"))
    }

    @Test("a full device ends the run, with one line")
    func full() async throws {
        let outcome = try await superviseHolding(
            ["--log", "/dev/full"], [Programs.path("probe"), step, "getuid()"])
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.error.split(separator: "\n").filter { $0.hasPrefix("supervise: ") }.count == 1)
        #expect(outcome.end != .exited(0) && outcome.end != .exited(124))
    }

    @Test(
        "hostile names are escaped",
        arguments: [[], ["--log", "-"], ["--log", "-", "--log-format", "json"]])
    func hostile(options: [String]) async throws {
        let name = temporaryFolder() + "/ev\u{1b}[2Jil\n"
        try FileManager.default.copyItem(atPath: Programs.path("probe"), toPath: name)
        let outcome = try await superviseHolding(
            ["--color", "never"] + options,
            [name, "d=socket(AF_UNIX,SOCK_DGRAM)", "connect($d,abstract:a%0a%1b%5b31m%ff%c2%9bb)"])
        #expect(outcome.error.allSatisfy { $0 == "\n" || !$0.isASCII || $0 >= " " })
        let text = outcome.error.replacing(#"\\"#, with: #"\"#)
        #expect(text.contains(#"ev\x1b[2Jil\x0a"#) && text.contains(#"a\x0a\x1b[31m\xff\xc2\x9bb"#))
        // The summary has three lines, a log in text one, and one in JSON another for the process.
        #expect(
            outcome.error.split(separator: "\n").count
                == (options.isEmpty ? 3 : options.contains("json") ? 2 : 1))
    }

    @Test("--log-level all has every decision, denied only refusals", arguments: ["denied", "all"])
    func level(level: String) async throws {
        let path = temporaryFolder() + "/log.jsonl"
        _ = try await superviseHolding(
            ["--log", path, "--log-level", level],
            [Programs.path("probe"), "socket(AF_UNIX,SOCK_STREAM)", step])
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        let decisions = lines.filter { $0.contains(#""seq""#) }
        #expect(decisions.count == (level == "all" ? 2 : 1))
    }

    @Test("--quiet silences the summary")
    func quiet() async throws {
        #expect(
            try await superviseHolding(["--quiet"], [Programs.path("probe"), step])
                == Outcome(output: "\(step) = EPERM\n"))
    }

    @Test(
        "colours are for terminals, and for those who ask", arguments: ["auto", "always", "never"])
    func color(when: String) async throws {
        for environment in [[:], ["NO_COLOR": "1"]] {
            let outcome = try await superviseHolding(
                ["--color", when], [Programs.path("probe"), step], environment: environment)
            #expect(outcome.error.contains("\u{1b}[") == (when == "always"))
        }
    }
}
