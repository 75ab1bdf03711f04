import SuperviseAudit

/// A call that is made instead of the thread's own.
final class OtherCall: Errand {
    private let call: RawCall
    private let recorder: Recorder
    private let events: [AuditEvent]

    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, call: RawCall,
        recorder: Recorder
    ) {
        self.call = call
        self.recorder = recorder
        events = recorder.takeUnfinished()
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else { return .call(call) }
        recorder.finish(events, with: result)
        return .finish(result)
    }
}
