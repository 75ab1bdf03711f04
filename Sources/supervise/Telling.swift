import Glibc
import SuperviseAudit
import SuperviseFilter
import SystemPackage

/// What a run tells its user: the log, and the lines at its end.
///
/// It outlives the command's standard error only where a log file does: the stream is let go when
/// the command has ended, so that whoever reads it sees its end.
final class Telling {
    /// The supervisor's own descriptor of standard error; nil where that is closed.
    private(set) var stream: StandardStream?
    /// Where decisions go.
    let sink: any AuditSink
    /// Which decisions are told at all.
    let watching: FilterCompiler.Watching
    /// Whether uses of what can use the network for others are told.
    let watchesHelpers: Bool
    /// Whether addresses are told with the names that the tree looked up.
    let tracesNames: Bool
    /// What must stay open in the supervising process.
    let descriptors: [Int32]

    private let summary: SummarySink?
    private let usesColor: Bool
    /// What a log counts that may have gaps, and the log's name.
    private let lossy: (sink: LossCountingSink, name: String)?
    /// Cuts the log off that goes to standard error.
    private let standardErrorLog: Gate?

    /// What learns a policy, where that is asked for.
    private let learning: Learning?
    private let isQuiet: Bool

    init(
        _ options: RunRequest, level: LogLevel, isJSON: Bool, learning: Learning?
    ) throws(Failure) {
        self.learning = learning
        isQuiet = options.quiet
        usesColor = try supervise.usesColor(options.color, on: .error)
        let stream = StandardStream.error.duplicate()
        var sinks: [any AuditSink] = []
        var descriptors: [Int32] = []
        var gate: Gate?
        var lossy: (sink: LossCountingSink, name: String)?
        _ = try options.continuesWithoutLog()
        if let stream { descriptors.append(stream.descriptor) }
        if let path = options.log {
            let writer: LogFile
            var isTerminal = false
            if path == "-" {
                guard let stream else {
                    throw .failed("--log - is standard error, which is closed")
                }
                writer = LogFile(name: "standard error", stream: stream)
                isTerminal = true
            } else {
                writer = try LogFile(path: path)
                descriptors.append(writer.descriptor.rawValue)
            }
            let format: any AuditSink =
                isJSON
                ? JSONLinesSink(writer: writer)
                : TextSink(writer: writer, color: isTerminal && usesColor)
            var filter: any AuditSink = LevelFilter(level, format)
            if try options.continuesWithoutLog() {
                let counting = LossCountingSink(filter) { error in
                    // The tree is not to wait for who reads standard error.
                    guard let stream, stream.takesLine(within: 0) else { return stream == nil }
                    stream.write(
                        "supervise: \(error); the run goes on, and what is lost is counted\n")
                    return true
                }
                lossy = (counting, writer.name)
                filter = counting
            }
            if isTerminal {
                gate = Gate(filter)
                sinks.append(gate ?? Gate(filter))
            } else {
                sinks.append(filter)
            }
        }
        // With a log, or when asked to be quiet, the end of the run has nothing to add; and what
        // is learned is told by who learns it.
        let tellsRefusals = options.log == nil && !options.quiet && options.learn == nil
        summary =
            stream == nil || !(options.summary || tellsRefusals)
            ? nil : SummarySink(options.summary ? .everything : .refusals, start: .now())
        if let summary { sinks.append(summary) }
        if let learning {
            sinks.append(learning.sink)
            descriptors.append(learning.descriptor)
        }
        sink = sinks.count == 1 ? sinks[0] : MultiplexSink(sinks)
        watchesHelpers = summary != nil
        let wantsAll = options.log != nil && level == .all
        watching =
            if options.summary || options.learn != nil || wantsAll {
                .everything
            } else {
                options.log == nil && summary == nil ? .nothing : .denied
            }
        tracesNames = options.summary || options.isAuditing || wantsAll
        self.stream = stream
        self.descriptors = descriptors
        standardErrorLog = gate
        self.lossy = lossy
    }

    /// The command has ended: tells what was refused and lets go of standard error.
    func commandEnded() {
        let learned = learning?.write()
        guard let stream else { return }
        var text = summary?.render(color: usesColor) ?? ""
        if let lossy, lossy.sink.lost > 0 {
            let count = lossy.sink.lost
            text +=
                "supervise: \(count) \(count == 1 ? "event is" : "events are") missing in the log "
                + "\(lossy.name)\n"
        }
        if let learned, !isQuiet { text += "supervise: \(learned)\n" }
        // Who waits for the command's end is not to wait for who reads its output.
        if !text.isEmpty { stream.tell(text, patience: 2000) }
        standardErrorLog?.close()
        close(stream.descriptor)
        self.stream = nil
    }
}

extension Telling {
    /// The tree has ended: what was learned of those that outlived the command is written, too.
    func treeEnded() { _ = learning?.write() }
}

/// Passes events on until it is closed.
private final class Gate: AuditSink {
    private var sink: (any AuditSink)?

    init(_ sink: any AuditSink) {
        self.sink = sink
    }

    func record(_ event: AuditEvent) throws(SinkError) {
        try sink?.record(event)
    }

    var wantsProcesses: Bool { sink?.wantsProcesses ?? false }

    func record(_ event: ProcessEvent) throws(SinkError) {
        try sink?.record(event)
    }

    func close() {
        sink = nil
    }
}
