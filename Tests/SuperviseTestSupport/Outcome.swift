import Subprocess
import SystemPackage

/// What a finished process left behind: all of its output and how it ended.
public struct Outcome: Equatable, Sendable, CustomStringConvertible {
    /// Standard output.
    public var output: String
    /// Standard error.
    public var error: String
    /// How it ended.
    public var end: End

    /// How a process ended.
    public enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }

    /// Makes an outcome, for comparisons.
    public init(output: String = "", error: String = "", end: End = .exited(0)) {
        self.output = output
        self.error = error
        self.end = end
    }

    /// How it ended and what it wrote, for the message of a failed comparison.
    public var description: String {
        "\(end)\n--- output\n\(output)--- error\n\(error)---"
    }
}

/// Who runs a process in a test.
public enum User: String, CaseIterable, Sendable, CustomStringConvertible {
    /// Whoever runs the tests; root in continuous integration.
    case current
    /// The user nobody, without groups or capabilities; only root can become it.
    case nobody

    /// The users that this run of the tests can be, with the reason printed where one is missing.
    public static let available: [User] = {
        if isRoot { return [.current, .nobody] }
        print("skipped: runs as nobody, since only root can become another user")
        return [.current]
    }()

    /// The user's name in the title of a test.
    public var description: String { rawValue }
}

/// Runs a program to its end, without a shell, and with an end: after a minute it is killed.
///
/// The process is in the tests' own process group and session. Only so many run at a time: more would
/// take the processor from each other until one of them misses its end.
public func run(
    _ arguments: [String],
    as user: User = .current,
    input: String = "",
    environment: [String: String] = [:],
    directory: String? = nil,
    seconds: Int = 60
) async throws -> Outcome {
    var all = ["timeout", "--foreground", "--kill-after=5", String(seconds)] + arguments
    if user == .nobody {
        all =
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]
            + all
    }
    var variables: [Environment.Key: String?] = [:]
    for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
    await Turn.take()
    defer { Turn.giveBack() }
    let result = try await Subprocess.run(
        .name(all[0]),
        arguments: Arguments(Array(all.dropFirst())),
        environment: .inherit.updating(variables),
        workingDirectory: directory.map { FilePath($0) },
        input: .string(input),
        output: .string(limit: 16 << 20),
        error: .string(limit: 16 << 20))
    let end: Outcome.End =
        switch result.terminationStatus {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .killed(signal)
        }
    return Outcome(
        output: result.standardOutput, error: result.standardError, end: end)
}

/// Runs a command under `supervise`.
public func supervise(
    _ options: [String] = [],
    _ command: [String],
    as user: User = .current,
    input: String = "",
    environment: [String: String] = [:],
    directory: String? = nil,
    seconds: Int = 60
) async throws -> Outcome {
    try await run(
        [Programs.path("supervise")] + options + ["--"] + command, as: user, input: input,
        environment: environment, directory: directory, seconds: seconds)
}
