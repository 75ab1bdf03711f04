import ArgumentParser
import Glibc
import SuperviseAudit
import SuperviseBacktrace
import SuperviseFilter
import SuperviseTracer
import SupervisePolicy

/// `supervise run`: the main job, and the default.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command (the default).",
        usage: "supervise [run] [OPTIONS] -- COMMAND [ARG...]",
        discussion: """
            Exit status: the command's own; 125 supervise failed, 126 the command could not be \
            run, 127 it was not found, 64 the command line is wrong.
            """)

    @OptionGroup(title: "Policy options")
    var policyOptions: PolicyOptions

    @OptionGroup(title: "Run options")
    var runOptions: RunOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to run, with its arguments.", valueName: "command"))
    var command: [String] = []

    func run() throws {
        let learning = try runOptions.learn.map { path throws(Failure) in
            try Learning(path: path, policyOptions)
        }
        let policy = try learning?.policy ?? policyOptions.policy()
        let (level, isJSON) = (try runOptions.level(), try runOptions.isJSON())
        guard let command = Command(lastArguments: command.count) else {
            throw Failure.usage("no command given: expected supervise [OPTIONS] -- COMMAND")
        }
        let telling = try Telling(runOptions, level: level, isJSON: isJSON, learning: learning)
        var supervisor = Supervisor(
            policy: policy,
            isAuditing: runOptions.isAuditing,
            watching: telling.watching,
            sink: telling.sink,
            keptDescriptors: telling.descriptors,
            landlockABI: min(LandlockDomain.kernelABI, runOptions.landlockABI),
            requiresLandlock: runOptions.requireLandlock,
            closedRings: closedRings,
            commandEnded: telling.commandEnded)
        supervisor.watchesHelpers = telling.watchesHelpers
        // Where nobody may ask a server for a name, there is no answer to look at.
        supervisor.tracesNames =
            telling.tracesNames && (runOptions.isAuditing || policy.couldAllow(.outgoing, .udp))
        if runOptions.backtrace { supervisor.stacks = Backtraces() }
        if try runOptions.guardsRanges() { supervisor.pageGuard = .ranges }
        do {
            end(try supervisor.run(command, filter: try supervisor.filter()), telling)
        } catch let error as LaunchError {
            throw Failure(error, command: EscapedText.escape(command.name))
        }
    }

    /// Tells that the command lacks descriptors which it was given.
    private func closedRings(_ numbers: [Int32]) {
        if !runOptions.quiet { Self.tellClosedRings(numbers) }
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
        case .treeIsGone: _exit(0)
        case .notStarted: _exit(Failure.Status.failed.rawValue)
        case .commandEnded(let status): _exit(status)
        case .sinkFailed(let error):
            telling.stream?.write("supervise: \(error); the command and its processes are ended\n")
            _exit(Failure.Status.failed.rawValue)
        }
    }
}
