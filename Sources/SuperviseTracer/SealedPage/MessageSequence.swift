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
    private var sent = 0
    private var step = Step.send
    /// The process's number, as it sees it itself, where it has to write its memory itself.
    private var ownNumber: UInt64?

    private enum Step {
        case send, number, write
    }

    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts,
        messages: SealedMessages, page: SealedPage, pageSlot: UInt16, place: UInt32,
        memory: TraceeMemory, slot: Int
    ) {
        self.messages = messages
        self.page = page
        self.pageSlot = pageSlot
        self.place = place
        self.memory = memory
        self.slot = slot
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else { return send() }
        switch step {
        case .send:
            if result < 0 { return .finish(sent > 0 ? Int64(sent) : result) }
            let length = littleEndian(UInt64(bitPattern: result), 4)
            guard memory.isOpen(slot), !memory.mayBlock(lengthPlace, 4, of: slot) else {
                page.write(length, from: pageSlot, mappedAt: place, to: lengthPlace, layouts)
                // What was sent is sent: no signal comes before its length is written.
                thread.setSignalMask(UInt64.max)
                return writeItself()
            }
            return written(
                memory.isAccessible(lengthPlace, count: 4, of: slot, forWriting: true)
                    && memory.write(length, to: lengthPlace, of: slot))
        case .number:
            ownNumber = UInt64(bitPattern: result)
            return writeItself()
        case .write:
            thread.setSignalMask(mask)
            return written(result == 4)
        }
    }

    /// Where the present entry has its `msg_len`.
    private var lengthPlace: UInt64 {
        messages.entries + UInt64(sent) * UInt64(layouts.messageVectorEntry)
            + UInt64(layouts.messageHeader)
    }

    /// The process hides its memory: it has to copy the length there itself, by
    /// `process_vm_readv(2)` of its own memory, which needs its number.
    private func writeItself() -> ErrandStep {
        guard let ownNumber else {
            step = .number
            return .call(RawCall(layouts.word == 8 ? 39 : 20))
        }
        step = .write
        let vectors =
            UInt64(place) + UInt64(Int(pageSlot) * SealedPage.slotSize)
            + UInt64(SealedPage.Offset.vectors)
        return .call(
            RawCall(
                layouts.word == 8 ? 310 : 347, ownNumber, vectors, 1,
                vectors + UInt64(layouts.vector), 1, 0))
    }

    private func written(_ isWritten: Bool) -> ErrandStep {
        step = .send
        guard isWritten else { return .finish(sent > 0 ? Int64(sent) : -14) }
        sent += 1
        return sent < messages.messages.count ? send() : .finish(Int64(sent))
    }

    override func interrupted() -> ErrandStep? {
        // Before the first message has been tried, the call can be made anew after the signal.
        sent > 0 ? .finish(Int64(sent)) : .restart
    }

    override func ended() {
        page.returnSlot(pageSlot)
    }

    private func send() -> ErrandStep {
        let registers = page.write(
            messages.messages[sent], to: pageSlot, mappedAt: place, layouts)
        let header = registers.pointer?.value ?? 0
        return .call(
            RawCall(
                layouts.word == 8 ? 46 : 370, UInt64(UInt32(bitPattern: messages.descriptor)),
                header, UInt64(messages.flags)))
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
