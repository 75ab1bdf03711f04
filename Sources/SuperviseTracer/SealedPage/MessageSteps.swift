/// The steps of a `sendmmsg(2)`, whoever takes them: each message is sent from a slot of the sealed
/// page, and its length then written to its entry.
struct MessageSteps {
    /// What comes next.
    enum Next {
        /// This call is to be made.
        case call(RawCall)
        /// The whole has this result.
        case finished(Int64)
    }

    private enum Step {
        case send, number, write
    }

    private let messages: SealedMessages
    private let page: SealedPage
    private let pageSlot: UInt16
    private let place: UInt32
    private let memory: TraceeMemory
    private let slot: Int
    private let layouts: MemoryLayouts
    private var step = Step.send
    /// How many messages have been sent, with their lengths written.
    private(set) var sent = 0
    /// The process's number as it sees it itself, where it has to write its memory itself.
    private var ownNumber: Int64?

    /// The messages are those of the thread in `slot`.
    init(
        _ messages: SealedMessages, page: SealedPage, pageSlot: UInt16, place: UInt32,
        memory: TraceeMemory, slot: Int, _ layouts: MemoryLayouts
    ) {
        self.messages = messages
        self.page = page
        self.pageSlot = pageSlot
        self.place = place
        self.memory = memory
        self.slot = slot
        self.layouts = layouts
    }

    /// Whether a message was sent whose length the thread is about to write.
    var isStoring: Bool {
        switch step {
        case .send: false
        case .number, .write: true
        }
    }

    /// What to do when the last call has given this result; at first, nil.
    mutating func next(after result: Int64?) -> Next {
        guard let result else { return send() }
        switch step {
        case .send where result < 0: return .finished(sent > 0 ? Int64(sent) : result)
        case .send:
            guard let isWritten = store(result) else {
                page.write(
                    littleEndian(UInt64(bitPattern: result), 4), from: pageSlot, mappedAt: place,
                    to: lengthPlace, layouts)
                return writeItself()
            }
            return written(isWritten)
        case .number:
            ownNumber = result
            return writeItself()
        case .write: return written(result == 4)
        }
    }

    /// Gives the slot back.
    func ended() { page.returnSlot(pageSlot) }

    private mutating func send() -> Next {
        let registers = page.write(
            messages.messages[sent], to: pageSlot, mappedAt: place, layouts)
        return .call(
            RawCall(
                layouts.word == 8 ? 46 : 370, UInt64(UInt32(bitPattern: messages.descriptor)),
                registers.pointer?.value ?? 0, UInt64(messages.flags)))
    }

    private mutating func written(_ isWritten: Bool) -> Next {
        step = .send
        guard isWritten else { return .finished(sent > 0 ? Int64(sent) : -14) }
        sent += 1
        return sent < messages.messages.count ? send() : .finished(Int64(sent))
    }

    /// Where the entry of the message that was just sent has its `msg_len`.
    private var lengthPlace: UInt64 {
        messages.entries + UInt64(sent) * UInt64(layouts.messageVectorEntry)
            + UInt64(layouts.messageHeader)
    }

    /// Writes `msg_len` of an entry; false where the caller has no writable memory there.
    ///
    /// nil where the tracer cannot, or should not: the process hides its memory, or the memory may
    /// block whoever writes to it. Then the thread does it by `writeItself`.
    private func store(_ result: Int64) -> Bool? {
        let entry = lengthPlace
        guard memory.isOpen(slot), !memory.mayBlock(entry, 4, of: slot) else { return nil }
        let length = littleEndian(UInt64(bitPattern: result), 4)
        return memory.isAccessible(entry, count: 4, of: slot, forWriting: true)
            && memory.write(length, to: entry, of: slot)
    }

    /// `process_vm_readv(2)` of the process's own memory, which needs its number as it sees it itself
    /// (`getpid`): it copies the length from the page to the entry.
    private mutating func writeItself() -> Next {
        guard let ownNumber else {
            step = .number
            return .call(RawCall(layouts.word == 8 ? 39 : 20))
        }
        step = .write
        let vectors =
            page.address(of: pageSlot, mappedAt: place) + UInt64(SealedPage.Offset.vectors)
        return .call(
            RawCall(
                layouts.word == 8 ? 310 : 347, UInt64(bitPattern: ownNumber), vectors, 1,
                vectors + UInt64(layouts.vector), 1, 0))
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
