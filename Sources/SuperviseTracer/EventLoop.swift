/// What a stopped tracee waits for.
///
/// Each case says what its holder owes before letting it go on.
enum Stop: ~Copyable {
    /// A trapped system call: owes a verdict.
    case seccomp(StoppedThread)
    /// A call was made whose registers were changed: owes their restoration.
    case syscallExit(StoppedThread)
    /// A child or thread was made: owes its place in the tree.
    case newTracee(StoppedThread)
    /// A program was executed: owes forgetting what was known of the former one.
    case exec(StoppedThread)
    /// The thread is about to end: owes nothing but to go on.
    case exit(StoppedThread)
    /// The process is stopped by a signal: owes leaving it so.
    case groupStop(StoppedThread)
    /// A first stop, or one for the tracer's own ends: owes nothing but to go on.
    case trap(StoppedThread)
    /// A signal is about to be delivered: owes its delivery.
    case signal(StoppedThread, Int32)

    /// Whether a program was executed.
    var isExec: Bool {
        switch self {
        case .exec: true
        default: false
        }
    }

    /// Whether it may be a thread's first (PTRACE_EVENT_STOP).
    var mayBeFirst: Bool {
        switch self {
        case .trap: true
        case .groupStop: true
        default: false
        }
    }

    init(_ thread: ThreadID, _ reason: StopReason) {
        let stopped = StoppedThread(id: thread)
        switch reason {
        case .seccomp: self = .seccomp(stopped)
        case .syscallExit: self = .syscallExit(stopped)
        case .newTracee: self = .newTracee(stopped)
        case .exec: self = .exec(stopped)
        case .exit: self = .exit(stopped)
        case .groupStop: self = .groupStop(stopped)
        case .trap: self = .trap(stopped)
        case .signal(let number): self = .signal(stopped, number)
        }
    }
}

/// Who gives each stop what it is owed.
protocol StopHandler: AnyObject {
    /// A tracee stopped.
    func handle(_ stop: consuming Stop, of thread: ThreadID)
    /// A tracee is gone: `wait4(2)` has reaped it, and its number may be used again.
    func ended(_ thread: ThreadID, _ status: WaitStatus)
    /// Whether the run is over although tracees may be left.
    var isFinished: Bool { get }
    /// How many stops may be served, this thread's first, before all that is pending is looked for.
    func turns(of thread: ThreadID) -> Int
}

/// Serves the tracees: next, then dispatch.
///
/// Everything that is pending is taken from the kernel before anything is served, so no tracee is
/// served twice while another waits, however fast it stops again: `wait4(2)` itself always looks
/// through its list from the front. To find that there is nothing more the kernel looks through all
/// of its list; in a large tree a number of stops are served between two such looks, so that idle
/// tracees cost little. Deaths are told at once, since a dead thread stays visible until it is reaped.
struct EventLoop<Source: StopSource, Handler: StopHandler> {
    private var source: Source
    private let handler: Handler
    private var pending: [(thread: ThreadID, reason: StopReason)] = []
    /// The stops served since everything pending was taken.
    private var served = 0

    init(source: Source, handler: Handler) {
        self.source = source
        self.handler = handler
        pending.reserveCapacity(64)
    }

    /// Serves until no tracee is left, or the handler has finished.
    mutating func run() {
        while !handler.isFinished, takePending() {
            // Not even those that wait already are served once the run is over: a stop that
            // nobody serves holds its call.
            for (thread, reason) in pending where !handler.isFinished {
                handler.handle(Stop(thread, reason), of: thread)
            }
            pending.removeAll(keepingCapacity: true)
        }
    }

    /// Waits for the first state change and takes all others that are there; false at the end.
    private mutating func takePending() -> Bool {
        var change = source.next(waiting: true)
        while case .changed(let thread, let status) = change {
            // A thread cannot stop twice without being served between. What still waits under
            // this number belongs to a thread that is dead: killed, or replaced under its number
            // by a sister that executed a program. To serve it would resume the wrong stop.
            pending.removeAll { $0.thread == thread }
            if case .stopped(let reason) = status {
                pending.append((thread, reason))
                if pending.count == 1, served < handler.turns(of: thread) {
                    served += 1
                    return true
                }
            } else {
                handler.ended(thread, status)
            }
            change = source.next(waiting: false)
        }
        served = 0
        return change == .none
    }
}
