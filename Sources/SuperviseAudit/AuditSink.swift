public import SupervisePolicy

/// A place that events go to.
///
/// Used from the tracing thread alone. A sink that keeps a log has handed an event to the kernel
/// when `record` returns: the call that it describes has not gone on yet, and a supervisor that is
/// killed afterwards loses nothing.
public protocol AuditSink: AnyObject {
    /// Takes an event.
    ///
    /// Throws where the event could not be kept. That must not be ignored: a run whose decisions
    /// are to be logged ends when they no longer can be, unless its user has chosen otherwise.
    func record(_ event: AuditEvent) throws(SinkError)

    /// Whether the sink keeps what becomes of processes; nothing is looked up where none does.
    var wantsProcesses: Bool { get }

    /// Takes what became of a process, where `wantsProcesses`; throws as for any other event.
    func record(_ event: ProcessEvent) throws(SinkError)
}

extension AuditSink {
    /// Most sinks are about decisions alone.
    public var wantsProcesses: Bool { false }

    /// Drops the event.
    public func record(_ event: ProcessEvent) throws(SinkError) {}
}

/// A place that the bytes of a log go to.
///
/// The seam between formats, which are pure, and files.
public protocol LineWriter {
    /// Writes bytes, which are whole lines, all of them or throws.
    ///
    /// An interrupted or short `write(2)` is gone on with; every other failure is thrown, a full
    /// disk (ENOSPC) and a closed pipe (EPIPE, with SIGPIPE ignored) among them.
    mutating func write(_ bytes: [UInt8]) throws(SinkError)
}

/// A log could not be written.
public struct SinkError: Error, Hashable, CustomStringConvertible {
    /// What could not be written to: the file's name as its user gave it.
    public var destination: String
    /// The kernel's reason.
    public var error: ErrorNumber

    /// Makes the error of a destination.
    public init(destination: String, error: ErrorNumber) {
        self.destination = destination
        self.error = error
    }

    /// One line: `cannot write audit.jsonl: ENOSPC`.
    public var description: String { "cannot write \(destination): \(error)" }
}
