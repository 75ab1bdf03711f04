import Foundation
import SuperviseTestSupport
import Testing

/// A log's stacks without what differs from run to run and from one C library to another.
///
/// Addresses are `PC`, folders, offsets and sources are left out, and of the frames outside of the
/// program those that are next to each other become one `...`, but for the first.
private func stable(_ log: String, program: String) -> [String] {
    var lines: [String] = []
    for line in log.split(separator: "\n") {
        guard line.hasPrefix("    ") else {
            lines.append(line.split(separator: " ").dropFirst(2).prefix(4).joined(separator: " "))
            continue
        }
        var text = line.dropFirst(4)
            .replacing(#/^0x[0-9a-f]+/#, with: "PC")
            .replacing(#/\+0x[0-9a-f]+$/#, with: "")
            // Of what has debugging information on this machine; another test looks at it.
            .replacing(#/ at .*:\d+ in /#, with: " in ")
            .replacing(#/\/[^ :]*\//#, with: "")
        if text.hasPrefix("PC"), !text.hasSuffix(" in " + program) {
            let isFirst = lines.last?.hasPrefix("PC") != true && lines.last != "..."
            text = isFirst ? text.replacing(#/ in .*$/#, with: " in LIBRARY") : "..."
        }
        if text != "..." || lines.last != "..." { lines.append(String(text)) }
    }
    return lines
}

/// Runs a command with stacks logged as text.
private func logged(
    _ command: [String], as user: User = .current, options: [String] = []
) async throws -> (outcome: Outcome, log: String) {
    let path = temporaryFolder() + "/log"
    let outcome = try await supervise(["-k", "--log", path] + options, command, as: user)
    return (outcome, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
}

/// The stack fixture, compiled in another way; nil where that is not possible, which it says.
private func compiled(_ flags: [String], name: String = "stack") async throws -> String? {
    let path = temporaryFolder() + "/" + name
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fixtures/stack/main.c").standardizedFileURL.path
    let compiler = try await run(
        ["clang", "-O2", "-D_GNU_SOURCE"] + flags + [source, "-o", path, "-lpthread"])
    guard compiler.end == .exited(0) else {
        print("skipped: clang \(flags.joined(separator: " ")): \(compiler.error)")
        return nil
    }
    return path
}

private let outer = ["inner", "middle", "outer"]

private func frames(_ names: [String]) -> [String] {
    names.map { $0 == "..." ? $0 : "PC \($0) in stack" }
}

@Suite("--backtrace")
struct BacktraceTests {
    static let start = ["PC socket in LIBRARY"]
    static let end = ["..."] + frames(["_start"])
    static let head = ["stack socket tcp -"]

    @Test(
        "shows the functions that led to the call",
        arguments: User.available,
        [
            ("call", frames(outer + ["main"]) + end),
            (
                "names",
                frames([
                    "inner", "example::fetch", "mycrate::foo::bar",
                    "example.fetch(url: Swift.String) -> Swift.Int",
                    "example::Fetcher::start(std::vector<int, std::allocator<int> > const&)",
                    "main",
                ]) + end
            ),
            ("thread", frames(outer + ["in_thread", "..."])),
            ("signal", frames(outer + ["on_signal", "...", "main"]) + end),
        ])
    func functions(user: User, example: (what: String, frames: [String])) async throws {
        let (outcome, log) = try await logged([Programs.path("stack"), example.what], as: user)
        #expect(outcome == Outcome(output: "\(example.what): EPERM\n"))
        #expect(
            stable(log, program: "stack")
                == Self.head + Self.start + example.frames + ["by stack \(example.what)"])
    }

    @Test(
        "works however a program is built",
        arguments: [
            ["-fomit-frame-pointer"], ["-fno-omit-frame-pointer"], ["-no-pie", "-fno-pie"],
            ["-O0"], ["-O3", "-fomit-frame-pointer"],
        ])
    func builds(flags: [String]) async throws {
        guard let program = try await compiled(flags) else { return }
        let (outcome, log) = try await logged([program, "call"])
        #expect(outcome == Outcome(output: "call: EPERM\n"))
        #expect(
            stable(log, program: "stack")
                == Self.head + Self.start + frames(outer + ["main"]) + Self.end + ["by stack call"])
    }

    @Test(
        "works in static programs",
        arguments: [["-static"], ["-static-pie", "-fPIE", "-fuse-ld=lld"]])
    func staticPrograms(flags: [String]) async throws {
        guard let program = try await compiled(flags) else { return }
        let (outcome, log) = try await logged([program, "call"])
        #expect(outcome == Outcome(output: "call: EPERM\n"))
        let lines = stable(log, program: "stack").filter { !$0.contains("__libc_start") }
        #expect(
            lines == Self.head + frames(["socket"] + outer + ["main", "_start"]) + ["by stack call"]
        )
    }

    @Test("a stripped program's frames are there without their names")
    func stripped() async throws {
        guard let program = try await compiled(["-s", "-fomit-frame-pointer"]) else { return }
        let (outcome, log) = try await logged([program, "call"])
        #expect(outcome == Outcome(output: "call: EPERM\n"))
        #expect(
            stable(log, program: "stack")
                == Self.head + Self.start + [String](repeating: "PC in stack", count: 4)
                + ["...", "PC in stack", "by stack call"])
    }

    @Test("source lines are shown where there is debugging information")
    func lines() async throws {
        guard let program = try await compiled(["-g", "-O0"]) else { return }
        let (_, log) = try await logged([program, "call"])
        let sources = log.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/ (\w+) at .*\/(main\.c:\d+) in /#).map { "\($0.1) \($0.2)" }
        }
        let text = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../Fixtures/stack/main.c"), encoding: .utf8)
        /// The line of the only call that is so written behind the beginning of `function`.
        func line(of call: String, in function: String) -> String {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let start = lines.firstIndex { $0.contains(function) } ?? 0
            let found = lines[start...].firstIndex { $0.contains(call) } ?? 0
            return "main.c:\(found + 1)"
        }
        #expect(
            sources == [
                "inner " + line(of: "socket(AF_INET", in: "KEPT int inner(void)"),
                "middle " + line(of: "next();", in: "KEPT int middle("),
                "outer " + line(of: "middle(inner)", in: "KEPT int outer(void)"),
                "main " + line(of: "outer();", in: "int main("),
            ])
    }

    @Test("a deleted or replaced program keeps its names", arguments: User.available)
    func deleted(user: User) async throws {
        for what in ["deleted", "replaced"] {
            let folder = temporaryFolder()
            let path = folder + "/stack"
            try FileManager.default.copyItem(atPath: Programs.path("stack"), toPath: path)
            try FileManager.default.copyItem(
                atPath: Programs.path("probe"), toPath: folder + "/other")
            let command = [path, what] + (what == "replaced" ? [folder + "/other"] : [])
            let (outcome, log) = try await logged(command, as: user)
            #expect(outcome == Outcome(output: "\(what): EPERM\n"))
            let lines = stable(
                log.replacing(" (deleted)", with: ""), program: "stack")
            #expect(
                Array(lines.dropFirst().dropLast())
                    == Self.start + frames(outer + ["main"]) + Self.end)
        }
    }

    @Test("32-bit calls of a 64-bit program have a stack")
    func narrowCall() async throws {
        let (outcome, log) = try await logged([Programs.path("stack"), "int80"])
        #expect(outcome == Outcome(output: "int80: EPERM\n"))
        #expect(
            stable(log, program: "stack")
                == ["stack socket/i386 tcp -"] + frames(["main"]) + Self.end + ["by stack int80"])
    }

    @Test("a 32-bit program's stack is the place of the call alone")
    func narrowProgram() async throws {
        let folder = temporaryFolder()
        let source = """
            .globl _start
            _start: mov $359, %eax
                mov $2, %ebx
                mov $1, %ecx
                xor %edx, %edx
                int $0x80
                mov $1, %eax
                xor %ebx, %ebx
                int $0x80

            """
        try source.write(toFile: folder + "/a.s", atomically: false, encoding: .utf8)
        let compiler = try await run([
            "clang", "-m32", "-nostdlib", "-static", folder + "/a.s", "-o", folder + "/narrow",
        ])
        guard compiler.end == .exited(0) else {
            print("skipped: clang -m32: \(compiler.error)")
            return
        }
        let (outcome, log) = try await logged([folder + "/narrow"])
        #expect(outcome == Outcome())
        #expect(
            stable(log, program: "narrow")
                == ["narrow socket/i386 tcp -", "PC in narrow", "by narrow"])
    }

    @Test("a deep stack is cut", arguments: [10, 1000])
    func deep(levels: Int) async throws {
        let (outcome, log) = try await logged([Programs.path("stack"), "deep", String(levels)])
        #expect(outcome == Outcome())
        let count = stable(log, program: "stack").count { $0 == "PC deep in stack" }
        #expect(count == (levels == 10 ? 11 : 126))
    }

    @Test(
        "a damaged stack costs its frames only", arguments: User.available, ["circle", "nowhere"])
    func damagedStack(user: User, what: String) async throws {
        let (outcome, log) = try await logged([Programs.path("stack"), what], as: user)
        #expect(outcome == Outcome(output: "\(what): EPERM\n"))
        let lines = stable(log, program: "stack")
        #expect(lines.first == "stack socket tcp -" && lines.last == "by stack \(what)")
        #expect(lines.count <= 130)
        #expect(lines[1].hasSuffix(" in stack"))
    }

    @Test("damaged tables cost frames only", arguments: 0..<16)
    func damagedTables(seed: Int) async throws {
        let (outcome, log) = try await logged([Programs.path("stack"), "tables", String(seed)])
        #expect(outcome == Outcome(output: "tables: EPERM\n"))
        let lines = stable(log, program: "stack")
        #expect(lines.first == "stack socket tcp -")
        #expect(lines.dropFirst().first == "PC socket in LIBRARY")
        #expect(lines.last == "by stack tables \(seed)")
    }

    @Test(
        "a helper that does not answer is ended, and costs one process its backtraces",
        arguments: [("KILL", 0), ("STOP", 1)])
    func noAnswer(signal: String, lost: Int) async throws {
        let stack = Programs.path("stack")
        // The helper is in its tracer's session.
        let script = """
            tracer=$(sed -n 's/^TracerPid:[^0-9]*//p' /proc/$$/status)
            \(stack) call
            pkill -\(signal) -x -s $(ps -o sid= -p $tracer) supervise-stack || exit 9
            \(stack) call
            \(stack) call
            exit 0
            """
        let (outcome, log) = try await logged(["sh", "-c", script])
        #expect(outcome == Outcome(output: "call: EPERM\ncall: EPERM\ncall: EPERM\n"))
        let lines = stable(log, program: "stack")
        #expect(lines.count { $0 == Self.head[0] } == 3)
        #expect(lines.count { $0 == Self.start[0] } == 3 - lost)
        #expect(lines.count { $0 == "by stack call" } == 3 - lost)
    }

    @Test("works in another root")
    func otherRoot() async throws {
        guard isRoot else {
            print("skipped: another root, since only root can change it")
            return
        }
        guard let program = try await compiled(["-static"]) else { return }
        let root = URL(fileURLWithPath: program).deletingLastPathComponent().path
        let (outcome, log) = try await logged(["chroot", root, "/stack", "call"])
        #expect(outcome == Outcome(output: "call: EPERM\n"))
        #expect(
            stable(log, program: "stack").filter { !$0.contains("__libc_start") }
                == Self.head + frames(["socket"] + outer + ["main", "_start"]) + ["by /stack call"])
    }

    @Test("the command line and the parents are named", arguments: ["text", "json"])
    func parents(format: String) async throws {
        let stack = Programs.path("stack")
        let script = temporaryFolder() + "/fetch.sh"
        try "\(stack) child env \(stack) call 'a b' ''\nexit 0\n".write(
            toFile: script, atomically: false, encoding: .utf8)
        let (outcome, log) = try await logged(
            ["sh", script, "one", "two"], options: ["--log-format", format])
        #expect(outcome == Outcome(output: "call: EPERM\n"))
        if format == "text" {
            #expect(
                stable(log, program: "stack").suffix(3) == [
                    "by stack call a b ''", "started by stack child env stack call a b ''",
                    "started by sh fetch.sh one two",
                ])
            return
        }
        let line = try #require(log.split(separator: "\n").first { $0.contains(#""seq""#) })
        let event =
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        #expect(event["arguments"] as? [String] == [stack, "call", "a b", ""])
        let parents = event["parents"] as? [[String: Any]] ?? []
        #expect(
            parents.map { $0["arguments"] as? [String] } == [
                [stack, "child", "env", stack, "call", "a b", ""], ["sh", script, "one", "two"],
            ])
        #expect(parents.allSatisfy { ($0["pid"] as? Int ?? 0) > 1 })
        let frames = event["backtrace"] as? [[String: Any]] ?? []
        #expect(
            frames.prefix(4).map { $0["symbol"] as? String } == [
                "socket", "inner", "middle", "outer",
            ])
        #expect(
            frames.allSatisfy {
                ($0["pc"] as? String)?.hasPrefix("0x") == true && $0["module"] is String
                    && ($0["offset"] as? String)?.hasPrefix("0x") == true
            })
    }

    @Test("without a log the summary shows the stack of each row's first call")
    func summary() async throws {
        let outcome = try await supervise(["-k"], [Programs.path("stack"), "deep", "1", "3"])
        #expect(outcome.end == .exited(0) && outcome.output.isEmpty)
        let lines = stable(
            outcome.error.replacing(#/(?m)^ +(0x|by )/#) { "    \($0.1)" }, program: "stack")
        #expect(
            Array(lines.dropFirst(2))
                == Self.start + frames(["inner", "deep", "deep", "main"]) + Self.end
                + ["by stack deep 1 3", "--allow 'create tcp'; --learn"])
    }
}
