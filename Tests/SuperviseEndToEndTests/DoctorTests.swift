import SuperviseTestSupport
import Testing

@Suite("supervise doctor")
struct DoctorTests {
    /// The doors, in order.
    static let names = [
        "arguments that change after the check", "descriptors that change after the check",
        "io_uring", "32-bit calls (int 0x80, socketcall)", "x32 numbers, unknown architectures",
        "garbage in the upper halves of registers", "own filters with a listener (NEW_LISTENER)",
        "filters from before with a listener (USER_NOTIF)",
        "own filters with forged data", "children without a tracer (CLONE_UNTRACED)",
        "memory that blocks its reader", "PR_SET_MM, MADV_DONTFORK on the sealed page",
        "keys for the terminal (TIOCSTI, TIOCLINUX)", "bpf test runs, tun devices",
        "other devices that are network cards (PPP, TIOCSETD)",
        "devices of virtual machines (vhost, VMCI)",
        "keys that others make (request_key)",
        "inherited io_uring descriptors", "ptrace and its like on an outside process",
        "/proc/PID/mem and its like of an outside process", "killing the supervisor",
        "sockets inherited or received", "protocols with side doors (SCTP)", "setuid programs",
    ]

    private func doctor(
        _ options: [String], as user: User = .current, environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await run(
            [Programs.path("supervise"), "doctor"] + options, as: user, environment: environment)
    }

    @Test(
        "prints a line for each door, in columns, and tells by its status of an open one",
        arguments: User.available, ["0", "3", "4", "7"])
    func shape(user: User, abi: String) async throws {
        let outcome = try await doctor(["--landlock-abi", abi], as: user)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        let states = lines.map { line in
            ["not needed", "held", "open"].first { line.hasPrefix($0) } ?? line
        }
        let width = states.map(\.count).max() ?? 0
        let nameWidth = Self.names.map(\.count).max() ?? 0
        var rest: [String] = []
        var expected = ""
        for (index, name) in Self.names.enumerated() where index < lines.count {
            let start = padded(states[index], width) + "  " + padded(name, nameWidth) + "  "
            let reason = lines[index].hasPrefix(start) ? lines[index].dropFirst(start.count) : "?"
            rest.append(String(reason))
            expected += start + reason + "\n"
        }
        #expect(
            outcome
                == Outcome(
                    output: expected, end: .exited(states.contains("open") ? 1 : 0)))
        #expect(lines.count == Self.names.count)
        #expect(rest.allSatisfy { !$0.isEmpty && $0.first != " " && $0 != "?" })
    }

    @Test("colours the states when it is asked to, and nothing else")
    func colors() async throws {
        let plain = try await doctor(["--color", "never", "--landlock-abi", "0"])
        #expect(!plain.output.contains("\u{1b}"))
        #expect(try await doctor(["--landlock-abi", "0"]) == plain)
        let colored = try await doctor(
            ["--color", "always", "--landlock-abi", "0"], environment: ["NO_COLOR": "1"])
        var expected = plain
        expected.output = plain.output.split(separator: "\n").map { line in
            let state = ["not needed", "held", "open"].first { line.hasPrefix($0) } ?? ""
            let color = ["not needed": "2", "held": "32", "open": "31"][state] ?? ""
            // The padding is part of the state.
            let end = line.firstRange(of: "  \(Self.name(in: line))")?.lowerBound ?? line.endIndex
            return "\u{1b}[\(color)m\(line[..<end])\u{1b}[0m\(line[end...])\n"
        }.joined()
        #expect(colored == expected)
    }

    private static func name(in line: Substring) -> String {
        names.filter { line.contains("  " + $0) }.max { $0.count < $1.count } ?? ""
    }

    @Test("refuses what it does not know in one line", arguments: [["--color", "red"], ["extra"]])
    func misuse(options: [String]) async throws {
        let outcome = try await doctor(options)
        #expect(outcome.output.isEmpty && outcome.end == .exited(64))
        #expect(outcome.error.hasPrefix("supervise: ") && outcome.error.hasSuffix("\n"))
        #expect(outcome.error.split(separator: "\n").count == 1)
    }
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
