/// Hands every event to several sinks, in their order.
public final class MultiplexSink: AuditSink {
    private let sinks: [any AuditSink]

    /// Makes one sink of many; none is a sink that drops everything.
    public init(_ sinks: [any AuditSink]) {
        self.sinks = sinks
    }

    /// Hands the event to every sink, also after one has failed, and throws the first failure.
    public func record(_ event: AuditEvent) throws(SinkError) {
        var failure: SinkError?
        for sink in sinks {
            do throws(SinkError) {
                try sink.record(event)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
