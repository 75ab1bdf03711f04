import Glibc
import SuperviseAudit
import SuperviseBacktrace
import SuperviseFilter
import SuperviseTracer
import SupervisePolicy

/// A run that was asked for, as it stood on the command line; `RunOptions` says what is what.
struct RunRequest: Equatable {
    var policy = PolicyRequest()
    var audit = false
    var log: String?
    var logFormat: String?
    var logLevel: String?
    var logFailure = "stop"
    var backtrace = false
    var summary = false
    var learn: String?
    var quiet = false
    var color = "auto"
    var requireLandlock = false
    var landlockABI: Int32 = .max
    var pageGuard: String?
    var pidfds: String?
    /// How many words the command has, at the end of the command line.
    var commandWords = 0

    /// Runs the command, and ends the process when that has ended.
    func run() throws -> Never {
        let learning = try learn.map { path throws(Failure) in
            try Learning(path: path, self.policy)
        }
        var policy = try learning?.policy ?? self.policy.policy()
        // What is learned is compared with the rules as they are written.
        if learning == nil { policy.refuseWhatLinksLeadTo() }
        let (level, isJSON) = (try self.level(), try self.isJSON())
        guard let command = Command(lastArguments: commandWords) else {
            throw Failure.usage("no command given: expected supervise [OPTIONS] -- COMMAND")
        }
        let telling = try Telling(self, level: level, isJSON: isJSON, learning: learning)
        var supervisor = Supervisor(
            policy: policy,
            isAuditing: isAuditing,
            watching: telling.watching,
            sink: telling.sink,
            keptDescriptors: telling.descriptors,
            landlockABI: min(LandlockDomain.kernelABI, landlockABI),
            requiresLandlock: requireLandlock,
            closedRings: closedRings,
            commandEnded: telling.commandEnded)
        supervisor.watchesHelpers = telling.watchesHelpers
        // Where nobody may ask a server for a name, there is no answer to look at.
        supervisor.tracesNames =
            telling.tracesNames && (isAuditing || policy.couldAllow(.outgoing, .udp))
        if backtrace { supervisor.stacks = Backtraces() }
        if try guardsRanges() { supervisor.pageGuard = .ranges }
        supervisor.usesThreadPidfds = try usesThreadPidfds()
        let filter = try supervisor.filter()
        do throws(LaunchError) {
            end(try supervisor.run(command, filter: filter), telling)
        } catch {
            throw Failure(error, command: EscapedText.escape(command.name))
        }
    }

    /// Tells that the command lacks descriptors which it was given.
    private func closedRings(_ numbers: [Int32]) {
        if !quiet { Self.tellClosedRings(numbers) }
    }

    /// Tells the numbers of the io_uring descriptors that a command does not inherit.
    static func tellClosedRings(_ numbers: [Int32]) {
        let what = numbers.count == 1 ? "an io_uring descriptor" : "io_uring descriptors"
        let list = numbers.map(String.init).joined(separator: ", ")
        Failure.report("closed \(what) that the command would have inherited: \(list)")
    }

    /// Ends the supervising process.
    private func end(_ end: Supervisor.End, _ telling: Telling) -> Never {
        telling.treeEnded()
        switch end {
        case .treeIsGone:
            // Nobody waits for this process any more.
            StandardStream.awaitTold()
            _exit(0)
        case .notStarted: _exit(Failure.Status.failed.rawValue)
        case .commandEnded(let status): _exit(status)
        case .sinkFailed(let error):
            // Nobody may be reading, and the tree is not to stand still for that.
            if let stream = telling.stream, stream.takesLine(within: 1000) {
                stream.write("supervise: \(error); the command and its processes are ended\n")
            }
            _exit(Failure.Status.failed.rawValue)
        }
    }

    /// Whether nothing is refused.
    var isAuditing: Bool { audit || learn != nil }

    // MARK: Options that are words

    /// Whether the filter is to guard the sealed page though the kernel could seal it.
    func guardsRanges() throws(Failure) -> Bool {
        switch pageGuard {
        case nil: return false
        case "ranges": return true
        case let other?: throw .usage("--page-guard \(quoted(other)): expected ranges")
        }
    }

    /// Whether pidfds of single threads are used where the kernel has them.
    func usesThreadPidfds() throws(Failure) -> Bool {
        switch pidfds {
        case nil: return true
        case "processes": return false
        case let other?: throw .usage("--pidfds \(quoted(other)): expected processes")
        }
    }

    /// Which decisions the log has.
    func level() throws(Failure) -> LogLevel {
        guard let logLevel else { return isAuditing ? .all : .denied }
        guard let level = LogLevel(rawValue: logLevel) else {
            throw .usage("--log-level \(quoted(logLevel)): expected denied or all")
        }
        return level
    }

    /// Whether the run goes on when the log cannot be written.
    func continuesWithoutLog() throws(Failure) -> Bool {
        switch logFailure {
        case "stop": return false
        case "continue": return true
        default:
            throw .usage("--log-failure \(quoted(logFailure)): expected stop or continue")
        }
    }

    /// Whether the log has JSON lines.
    func isJSON() throws(Failure) -> Bool {
        switch logFormat {
        case nil: return log?.hasSuffix(".jsonl") ?? false
        case "json": return true
        case "text": return false
        case let other?:
            throw .usage("--log-format \(quoted(other)): expected text or json")
        }
    }
}
