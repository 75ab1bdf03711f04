import SuperviseAudit

/// A `sendmmsg(2)` as the kernel makes it, one `sendmsg(2)` from the sealed page after the other.
///
/// `msg_len` of each entry and the number of entries are what the kernel would have written. A
/// signal between two messages ends the call with those that were sent, as an error would.
final class MessageSequence: Errand {
    private let messages: SealedMessages
    private let page: SealedPage
    private let pageSlot: UInt16
    private let place: UInt32
    private let memory: TraceeMemory
    private let slot: Int
    private let recorder: Recorder
    /// The events that the call's result is to be recorded for.
    private let events: [AuditEvent]
    private var sent = 0
    private var steps: MessageSteps { MessageSteps(messages: messages, layouts: layouts) }

    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts,
        messages: SealedMessages, page: SealedPage, pageSlot: UInt16, place: UInt32,
        judge: Judge, slot: Int
    ) {
        self.messages = messages
        self.page = page
        self.pageSlot = pageSlot
        self.place = place
        memory = judge.memory
        recorder = judge.recorder
        events = judge.recorder.takeUnfinished()
        self.slot = slot
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else { return send() }
        if result < 0 { return finish(sent > 0 ? Int64(sent) : result) }
        guard steps.store(result, at: sent, of: slot, memory) else {
            return finish(sent > 0 ? Int64(sent) : -14)
        }
        sent += 1
        return sent < messages.messages.count ? send() : finish(Int64(sent))
    }

    override func interrupted() -> ErrandStep? {
        // Before the first message has been tried, the call can be made anew after the signal.
        sent > 0 ? finish(Int64(sent)) : .restart
    }

    private func finish(_ result: Int64) -> ErrandStep {
        recorder.finish(events, with: result)
        return .finish(result)
    }

    override func ended() {
        page.returnSlot(pageSlot)
    }

    private func send() -> ErrandStep {
        let registers = page.write(
            messages.messages[sent], to: pageSlot, mappedAt: place, layouts)
        let header = registers.pointer?.value ?? 0
        return .call(steps.call(header: header))
    }
}

/// The steps of a `sendmmsg(2)`, whoever takes them.
struct MessageSteps {
    let messages: SealedMessages
    let layouts: MemoryLayouts

    /// The call that sends one message.
    func call(header: UInt64) -> RawCall {
        RawCall(
            layouts.word == 8 ? 46 : 370, UInt64(UInt32(bitPattern: messages.descriptor)),
            header, UInt64(messages.flags))
    }

    /// Writes `msg_len` of an entry; false where the caller has no writable memory there.
    func store(_ result: Int64, at index: Int, of slot: Int, _ memory: TraceeMemory) -> Bool {
        let entry =
            messages.entries + UInt64(index) * UInt64(layouts.messageVectorEntry)
            + UInt64(layouts.messageHeader)
        let length = littleEndian(UInt64(bitPattern: result), 4)
        return memory.isAccessible(entry, count: 4, of: slot, forWriting: true)
            && memory.write(length, to: entry, of: slot)
    }
}
