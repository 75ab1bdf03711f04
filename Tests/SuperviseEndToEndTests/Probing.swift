import SuperviseTestSupport
import Testing

/// A case of a decision table: steps of the probe, and which of them `supervise` refuses.
///
/// A step is written as in `Fixtures/probe/main.c`. `STEP -> RESULT` says that under `supervise`
/// the result is that one, and natively another; a step without an arrow has the kernel's result.
struct Row: Sendable, CustomTestStringConvertible {
    let title: String
    /// Sockets that the program inherits, from number 20 on: kinds of `Fixtures/holding/main.c`.
    let holding: [String]
    var steps: [String]
    /// The results under `supervise` of the steps that are refused.
    var refused: [String: String]
    /// Options of `supervise`.
    let options: [String]

    /// - Parameters:
    ///   - title: What the case is.
    ///   - holding: Sockets that the program inherits.
    ///   - lines: The steps.
    ///   - inside: Steps within other steps that are refused, with their results.
    ///   - options: Options of `supervise`.
    init(
        _ title: String, holding: [String] = [], _ lines: [String], inside: [String: String] = [:],
        options: [String] = []
    ) {
        self.title = title
        self.options = options
        self.holding = holding
        var refused = inside
        steps = lines.map { line in
            guard let arrow = line.firstRange(of: " -> ") else { return line }
            let step = String(line[..<arrow.lowerBound])
            refused[step] = String(line[arrow.upperBound...])
            return step
        }
        self.refused = refused
    }

    var testDescription: String { title }

    /// The same steps, none of which is refused.
    var allowed: Row { Row(title, holding: holding, steps) }

    /// What the probe prints under `supervise`, of what it prints natively.
    func expected(native: String) -> String {
        native.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let equals = line.ranges(of: " = ").last else { return String(line) }
            let step = line[..<equals.lowerBound]
            guard let result = refused[String(step.drop { $0 == " " })] else {
                return String(line)
            }
            if line[equals.upperBound...] == result {
                Issue.record("natively the same, so the row shows nothing: \(line)")
            }
            return "\(step) = \(result)"
        }.joined(separator: "\n")
    }
}

/// How the probe makes its calls.
enum ABI: String, CaseIterable, Sendable {
    case x86_64 = "x86-64"
    case i386
    case socketcall
}

/// Through which ABI, and as whom, a row is run.
struct Way: Sendable, CustomTestStringConvertible {
    let abi: ABI
    let user: User

    var testDescription: String { "\(abi.rawValue) as \(user)" }

    /// Every ABI as every user there is.
    static let all = User.available.flatMap { user in ABI.allCases.map { Way(abi: $0, user: user) }
    }
    /// Both kinds of system call, where no socket call is made.
    static let direct = all.filter { $0.abi != .socketcall }
    /// 64-bit calls as every user.
    static let wide = all.filter { $0.abi == .x86_64 }
}

/// Runs a row natively and under `supervise`, and compares all that the two runs print.
///
/// `options` are options of `supervise`, beside `--quiet`; `probe` are options of the probe, and
/// `program` is where it is, if not where it was built.
func compare(
    _ row: Row, _ way: Way, options: [String] = [], probe: [String] = [],
    program: String = Programs.path("probe"), sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let command = [program, "--abi", way.abi.rawValue] + probe + row.steps
    let holding = [Programs.path("holding")] + row.holding + ["--"]
    let supervise = [Programs.path("supervise"), "--quiet"] + row.options + options + ["--"]
    // A folder each: the steps make files.
    let native = try await run(
        holding + command, as: way.user, directory: temporaryFolder("supervise-native"),
        seconds: 20)
    let restricted = try await run(
        holding + supervise + command, as: way.user, directory: temporaryFolder("supervise-row"),
        seconds: 20)
    #expect(native.error.isEmpty && native.end == .exited(0), sourceLocation: sourceLocation)
    var expected = native
    expected.output = row.expected(native: native.output)
    #expect(restricted == expected, sourceLocation: sourceLocation)
    let pairs = zip(
        expected.output.split(separator: "\n"), restricted.output.split(separator: "\n"))
    for (line, found) in pairs where line != found {
        Issue.record("expected \(line), found \(found)", sourceLocation: sourceLocation)
    }
}

/// Whether a user may attach packet filters to TCP sockets, for which Linux 6.18 wants CAP_NET_ADMIN.
func mayFilterPackets(_ user: User) async throws -> Bool {
    // One instruction, which passes every packet; SO_ATTACH_FILTER is 26.
    let script = """
        import ctypes, socket, struct
        accept = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xffffffff))
        socket.socket().setsockopt(
            socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(accept)))
        """
    return try await run(["/usr/bin/python3", "-c", script], as: user).end == .exited(0)
}
