/// Hands every event to several sinks, in their order.
public final class MultiplexSink: AuditSink {
    private let sinks: [any AuditSink]

    /// Makes one sink of many; none is a sink that drops everything.
    public init(_ sinks: [any AuditSink]) {
        self.sinks = sinks
    }

    /// Hands the event to every sink, also after one has failed, and throws the first failure.
    public func record(_ event: AuditEvent) throws(SinkError) {
        try handToEach { sink throws(SinkError) in try sink.record(event) }
    }

    /// Whether one of the sinks wants them.
    public var wantsProcesses: Bool { sinks.contains { $0.wantsProcesses } }

    /// Hands the event to every sink that wants it, as above.
    public func record(_ event: ProcessEvent) throws(SinkError) {
        try handToEach { sink throws(SinkError) in
            if sink.wantsProcesses { try sink.record(event) }
        }
    }

    private func handToEach(_ hand: (any AuditSink) throws(SinkError) -> Void) throws(SinkError) {
        var failure: SinkError?
        for sink in sinks {
            do throws(SinkError) {
                try hand(sink)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
