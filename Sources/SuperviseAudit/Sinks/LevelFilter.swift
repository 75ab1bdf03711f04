/// Which events a log has.
public enum LogLevel: String, CaseIterable, Hashable, Sendable {
    /// Calls that were refused, or would have been.
    case denied
    /// Every call that was judged.
    case all

    /// Whether a log of this level has events of that result.
    public func includes(_ result: AuditEvent.Outcome) -> Bool {
        switch result {
        case .allowed, .returned: self == .all
        case .denied, .wouldDeny: true
        }
    }
}

/// Hands on the events of a level and drops the others.
public final class LevelFilter: AuditSink {
    private let level: LogLevel
    private let sink: any AuditSink

    /// Makes a sink that hands the events of `level` to `sink`.
    public init(_ level: LogLevel, _ sink: any AuditSink) {
        self.level = level
        self.sink = sink
    }

    /// Hands the event on where the level includes it.
    public func record(_ event: AuditEvent) throws(SinkError) {
        guard level.includes(event.result) else { return }
        try sink.record(event)
    }

    /// Whether the sink wants them.
    public var wantsProcesses: Bool { sink.wantsProcesses }

    /// Hands the event on: a level is about decisions.
    public func record(_ event: ProcessEvent) throws(SinkError) {
        try sink.record(event)
    }
}
