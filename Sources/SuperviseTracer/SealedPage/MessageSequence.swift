import SuperviseAudit

/// A `sendmmsg(2)` as the kernel makes it, one `sendmsg(2)` from the sealed page after the other.
///
/// `msg_len` of each entry and the number of entries are what the kernel would have written. A
/// signal between two messages ends the call with those that were sent, as an error would.
final class MessageSequence: Errand {
    private var steps: MessageSteps
    private let recorder: Recorder
    /// The events that the call's result is to be recorded for.
    private let events: [AuditEvent]

    /// The slot is given back at the end.
    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts,
        messages: SealedMessages, page: SealedPage, pageSlot: UInt16, place: UInt32,
        judge: Judge, slot: Int
    ) {
        steps = MessageSteps(
            messages, page: page, pageSlot: pageSlot, place: place, memory: judge.memory,
            slot: slot, layouts)
        recorder = judge.recorder
        events = judge.recorder.takeUnfinished()
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        let wasStoring = steps.isStoring
        let next = steps.next(after: result)
        // What was sent is sent: no signal comes before its length is written.
        if steps.isStoring != wasStoring {
            thread.setSignalMask(steps.isStoring ? UInt64.max : mask)
        }
        switch next {
        case .call(let call): return .call(call)
        case .finished(let result): return finish(result)
        }
    }

    override func interrupted() -> ErrandStep? {
        // Before the first message has been tried, the call can be made anew after the signal.
        steps.sent > 0 ? finish(Int64(steps.sent)) : .restart
    }

    private func finish(_ result: Int64) -> ErrandStep {
        recorder.finish(events, with: result)
        return .finish(result)
    }

    override func ended() { steps.ended() }
}
