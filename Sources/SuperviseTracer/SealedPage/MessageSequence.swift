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
    private let messaging: MessageSteps
    private var step = Step.send
    /// The process's number, as it sees it itself, where it has to write its memory itself.
    private var ownNumber: Int64?

    private enum Step {
        case send, number, write
    }

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
        messaging = MessageSteps(messages: messages, layouts: layouts)
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else { return send() }
        switch step {
        case .send:
            if result < 0 { return finish(sent > 0 ? Int64(sent) : result) }
            guard let isWritten = messaging.store(result, at: sent, of: slot, memory) else {
                messaging.write(result, at: sent, to: page, pageSlot, mappedAt: place)
                // What was sent is sent: no signal comes before its length is written.
                thread.setSignalMask(UInt64.max)
                return writeItself()
            }
            return written(isWritten)
        case .number:
            ownNumber = result
            return writeItself()
        case .write:
            thread.setSignalMask(mask)
            return written(result == 4)
        }
    }

    private func writeItself() -> ErrandStep {
        guard let ownNumber else {
            step = .number
            return .call(messaging.askNumber)
        }
        step = .write
        return .call(messaging.writeItself(ownNumber, pageSlot, mappedAt: place))
    }

    private func written(_ isWritten: Bool) -> ErrandStep {
        step = .send
        guard isWritten else { return finish(sent > 0 ? Int64(sent) : -14) }
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
        return .call(messaging.call(header: header))
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

    /// Where an entry has its `msg_len`.
    private func lengthPlace(_ index: Int) -> UInt64 {
        messages.entries + UInt64(index) * UInt64(layouts.messageVectorEntry)
            + UInt64(layouts.messageHeader)
    }

    /// Writes `msg_len` of an entry; false where the caller has no writable memory there.
    ///
    /// nil where the tracer cannot, or should not: the process hides its memory, or the memory may
    /// block whoever writes to it. Then the thread does it by `write` and `writeItself`.
    func store(_ result: Int64, at index: Int, of slot: Int, _ memory: TraceeMemory) -> Bool? {
        let entry = lengthPlace(index)
        guard memory.isOpen(slot), !memory.mayBlock(entry, 4, of: slot) else { return nil }
        let length = littleEndian(UInt64(bitPattern: result), 4)
        return memory.isAccessible(entry, count: 4, of: slot, forWriting: true)
            && memory.write(length, to: entry, of: slot)
    }

    /// Prepares `writeItself` in a slot of the page.
    func write(
        _ result: Int64, at index: Int, to page: SealedPage, _ pageSlot: UInt16,
        mappedAt place: UInt32
    ) {
        page.write(
            littleEndian(UInt64(bitPattern: result), 4), from: pageSlot, mappedAt: place,
            to: lengthPlace(index), layouts)
    }

    /// `getpid`, which tells a process its number as it sees it itself.
    var askNumber: RawCall { RawCall(layouts.word == 8 ? 39 : 20) }

    /// `process_vm_readv(2)` of the process's own memory, which needs its number: it copies the
    /// length from the page to the entry.
    func writeItself(
        _ ownNumber: Int64, _ pageSlot: UInt16, mappedAt place: UInt32
    ) -> RawCall {
        let vectors =
            UInt64(place) + UInt64(Int(pageSlot) * SealedPage.slotSize)
            + UInt64(SealedPage.Offset.vectors)
        return RawCall(
            layouts.word == 8 ? 310 : 347, UInt64(bitPattern: ownNumber), vectors, 1,
            vectors + UInt64(layouts.vector), 1, 0)
    }
}

extension SealedPage {
    /// Writes a number of four bytes, and vectors that copy it from here to somewhere else.
    fileprivate func write(
        _ number: [UInt8], from slot: UInt16, mappedAt place: UInt32, to pointer: UInt64,
        _ layouts: MemoryLayouts
    ) {
        let start = Int(slot) * Self.slotSize
        let source = UInt64(place) + UInt64(start + Offset.number)
        memory.write(
            [pointer, 4, source, 4].flatMap { littleEndian($0, layouts.word) },
            at: start + Offset.vectors)
        memory.write(number, at: start + Offset.number)
    }
}
