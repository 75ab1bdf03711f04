public import SuperviseAudit

/// What a log tells, put together: processes, calls, endpoints.
///
/// All text in it is escaped by `EscapedText`, and still has to be escaped for what it is written into.
public struct Report: Sendable {
    /// When the first thing happened; nil in a log without events.
    public internal(set) var start: Timestamp?
    /// From then to the last one, in nanoseconds.
    public internal(set) var duration: Int64 = 0
    /// The processes, each followed by those that it made.
    public internal(set) var processes: [Process] = []
    /// The calls in the order of their decisions' lines.
    public internal(set) var calls: [Call] = []
    /// Who was asked for what, the most refused first.
    public internal(set) var endpoints: [Endpoint] = []
    /// Who made the calls, each once.
    public internal(set) var stacks: [Stack] = []
    /// What is wrong with the log, a sentence each.
    public internal(set) var remarks: [String] = []

    /// How many calls were refused, or would have been.
    public var refused: Int { calls.count { $0.isRefused } }
    /// Whether nothing was refused, only watched: there are such calls, and all would have been.
    var isWatched: Bool {
        refused > 0 && !calls.contains { $0.result == .denied }
    }

    /// A process.
    ///
    /// Times are nanoseconds since the report's start.
    public struct Process: Sendable {
        /// Its number.
        public var pid: Int32
        /// The place of the process that made it.
        public var parent: Int?
        /// How many processes there are above it.
        public var depth = 0
        /// How many processes below it follow it.
        public var descendants = 0
        /// When it was made, or was first heard of.
        public var start: Int64
        /// When it ended, nil where the log does not tell.
        public var end: Int64?
        /// The last thing that was heard of it, or of one below it.
        public var lastSeen: Int64
        /// Its program's path.
        public var program: String?
        /// Its command line.
        public var arguments: [String] = []
        /// What it executed after it was first told of.
        public var executed: [(time: Int64, program: String?, arguments: [String])] = []
        /// How it ended: `exit 1`, `signal 9`.
        public var ending: String?
        /// How many of its calls were refused, and how many were not.
        public var refused = 0
        /// As `refused`.
        public var allowed = 0

        /// What to call it: its program's last component.
        public var label: String { program.map(lastComponent) ?? "?" }
        /// Its command line as one line; an empty word is `''`.
        public var commandLine: String { Report.line(arguments) }
    }

    /// A call.
    public struct Call: Sendable {
        /// Nanoseconds since the report's start.
        public var time: Int64
        /// The decision's number.
        public var seq: UInt64
        /// The place of its process.
        public var process: Int
        /// The thread that made it.
        public var tid: Int32
        /// What that thread's process ran then.
        public var program: String?
        /// The system call.
        public var call: String
        /// The system-call interface.
        public var abi: String
        /// The operation in the words of rules.
        public var operation: String
        /// The protocol in the words of rules.
        public var protocolName: String?
        /// Whom it reaches for, else what it asks for itself.
        public var endpoint: String?
        /// The name that the address was found under.
        public var name: String?
        /// What was decided.
        public var result: AuditEvent.Outcome
        /// The error of the refusal, or of the call that the kernel failed.
        public var errno: String?
        /// The kernel's result.
        public var returned: Int64?
        /// How long the kernel took, in nanoseconds.
        public var took: Int64?
        /// The rule that decided.
        public var rule: String?
        /// Where that stands.
        public var place: String?
        /// The place of its stack.
        public var stack: Int?

        /// Whether it was refused or would have been.
        public var isRefused: Bool { result == .denied || result == .wouldDeny }

        /// Whether it was let through and failed in the kernel; one that goes on by itself did not.
        public var hasFailed: Bool {
            !isRefused && (returned ?? 0) < 0 && errno != "EINPROGRESS"
        }
    }

    /// Who made a call.
    public struct Stack: Hashable, Sendable {
        /// One line a frame: address, function, source, module.
        public var frames: [String]
        /// The command line.
        public var commandLine: String
        /// Those of the processes that led to it.
        public var parents: [String]
    }

    /// What was asked for.
    public struct Endpoint: Sendable {
        /// The operation in the words of rules.
        public var operation: String
        /// The protocol.
        public var protocolName: String?
        /// The address.
        public var endpoint: String?
        /// The name that it was found under.
        public var name: String?
        /// How many calls were refused, and how many were not.
        public var refused = 0
        /// As `refused`.
        public var allowed = 0
        /// Those not refused that the kernel failed.
        public var failed = 0
        /// When it was first and last asked for, in nanoseconds since the report's start.
        public var first: Int64
        /// As `first`.
        public var last: Int64
        /// The programs that asked, by their last components.
        public var programs: [String] = []
    }

    /// Words as one line, divided by spaces.
    static func line(_ words: [String]) -> String {
        words.map { $0.isEmpty ? "''" : $0 }.joined(separator: " ")
    }
}

/// The last component of a path, or all of it where that is empty.
func lastComponent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    let rest = path[path.utf8.index(after: slash)...]
    return rest.isEmpty ? path : String(rest)
}

extension Timestamp {
    /// The moment to the second, as people read it: `2026-11-21 05:07:00`.
    var toTheSecond: String {
        description.prefix(19).split(separator: "T").joined(separator: " ")
    }
}
