/// Keeps every event; for tests.
public final class InMemorySink: AuditSink {
    /// The events so far, the oldest first.
    public private(set) var events: [AuditEvent] = []
    /// What became of processes so far.
    public private(set) var processes: [ProcessEvent] = []
    /// What `record` throws instead of keeping the event.
    public var failure: SinkError?

    /// Makes an empty sink.
    public init() {}

    /// Keeps the event, or throws `failure`.
    public func record(_ event: AuditEvent) throws(SinkError) {
        if let failure { throw failure }
        events.append(event)
    }

    /// It does.
    public var wantsProcesses: Bool { true }

    /// Keeps the event, or throws `failure`.
    public func record(_ event: ProcessEvent) throws(SinkError) {
        if let failure { throw failure }
        processes.append(event)
    }
}
