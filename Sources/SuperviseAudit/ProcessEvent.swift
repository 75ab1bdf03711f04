/// What became of a process of the tree: so that a log shows who started whom, and when.
///
/// A process is told of when its first decision, or that of a process below it, is logged. So a
/// log has the processes that its decisions need, and no others.
public struct ProcessEvent: Hashable, Sendable {
    /// When it happened, which for a start may be long before it is told of.
    public var time: Timestamp
    /// What happened.
    public var kind: Kind
    /// The process, as the supervisor's PID namespace numbers it.
    public var pid: Int32
    /// The process that made it; nil for the one that the user started.
    public var parent: Int32?
    /// The program that it runs from then on, where it could be told.
    public var program: AuditEvent.Program?
    /// Its command line, its beginning where that is long; empty where it shows none.
    public var arguments: [[UInt8]]?

    /// What can happen to a process.
    public enum Kind: Hashable, Sendable {
        /// It was made; the program is the one that it runs by now.
        case start
        /// It executed another program.
        case exec
        /// It ended with an exit status.
        case exit(status: Int32)
        /// It was killed by a signal.
        case killed(signal: Int32)

        /// The word for it in a log.
        var word: String {
            switch self {
            case .start: "start"
            case .exec: "exec"
            case .exit, .killed: "exit"
            }
        }
    }

    /// Makes an event; what is left out has no key in the log.
    public init(
        time: Timestamp, kind: Kind, pid: Int32, parent: Int32? = nil,
        program: AuditEvent.Program? = nil, arguments: [[UInt8]]? = nil
    ) {
        self.time = time
        self.kind = kind
        self.pid = pid
        self.parent = parent
        self.program = program
        self.arguments = arguments
    }
}
