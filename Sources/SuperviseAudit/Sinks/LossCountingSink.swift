/// Goes on where its sink fails, and counts what is lost.
///
/// For users who want their command's end more than its log. Each event is tried anew, since what
/// was full may be emptied.
public final class LossCountingSink: AuditSink {
    /// How many events could not be kept.
    public private(set) var lost = 0
    private let sink: any AuditSink
    private let tell: (SinkError) -> Bool
    private var isTold = false

    /// Makes a sink around another one.
    ///
    /// `tell` is called with a failure, and with later ones until it says that somebody was told.
    public init(_ sink: any AuditSink, tell: @escaping (SinkError) -> Bool) {
        self.sink = sink
        self.tell = tell
    }

    /// Whether the sink wants them.
    public var wantsProcesses: Bool { sink.wantsProcesses }

    /// Hands the event on, or counts it.
    public func record(_ event: AuditEvent) {
        do throws(SinkError) { try sink.record(event) } catch { lose(error) }
    }

    /// Hands the event on, or counts it.
    public func record(_ event: ProcessEvent) {
        do throws(SinkError) { try sink.record(event) } catch { lose(error) }
    }

    private func lose(_ error: SinkError) {
        lost += 1
        if !isTold { isTold = tell(error) }
    }
}
