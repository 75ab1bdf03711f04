import SupervisePolicy

/// What a process that hides from its tracer must show for a call of its to be judged.
enum Hidden: Equatable {
    /// Bytes of its memory.
    case memory(UInt64, count: Int)
    /// One of its sockets.
    case socket(Int32)
}

/// What a thread showed for the call that it is about to make.
///
/// Bytes are what will be judged and put into the sealed page: whatever they are, the kernel gets
/// no others.
final class Shown {
    /// The most that a call is asked for.
    static let most = 16

    /// The call: registers of its seccomp stop.
    let call: [UInt64]
    private(set) var memory: [(pointer: UInt64, count: Int, bytes: [UInt8])] = []
    private(set) var sockets: [(number: Int32, result: Result<Descriptor, KernelError>)] = []

    /// How often it was asked, with or without success.
    var attempts = 0

    init(call: [UInt64]) {
        self.call = call
    }

    deinit {
        for socket in sockets {
            if case .success(let copy) = socket.result { copy.closeCopy() }
        }
    }

    var isFull: Bool { attempts >= Self.most }

    func add(_ bytes: [UInt8], of pointer: UInt64, count: Int) {
        memory.append((pointer, count, bytes))
    }

    func add(_ result: Result<Descriptor, KernelError>, for number: Int32) {
        sockets.append((number, result))
    }

    /// What was shown of these bytes, by themselves or as part of others.
    ///
    /// Fewer than `count` where the process itself cannot read what follows.
    func bytes(_ pointer: UInt64, count: Int) -> [UInt8]? {
        for shown in memory {
            if shown.pointer == pointer, shown.count == count { return shown.bytes }
            let start = pointer &- shown.pointer
            if pointer >= shown.pointer, start < UInt64(shown.bytes.count),
                count <= shown.bytes.count - Int(start)
            {
                return Array(shown.bytes[Int(start)..<Int(start) + count])
            }
        }
        return nil
    }

    func socket(_ number: Int32) -> Result<Descriptor, KernelError>? {
        sockets.first { $0.number == number }?.result
    }
}

/// Has a thread send to the courier what the tracer cannot look at.
///
/// Then its own call is made again from the start, and judged by what was sent. Signals are blocked
/// meanwhile.
final class Fetch: Errand {
    private let sending: Sending

    init(_ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, _ sending: Sending) {
        self.sending = sending
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        sending.next(after: result).map { .call($0) } ?? .restart
    }

    override func ended() { sending.ended() }
}

/// The calls by which a thread sends to the courier what the tracer cannot look at.
///
/// It makes a socket, sends with it, from a slot of the sealed page, and closes it.
final class Sending {
    private let wanted: Hidden
    private let shown: Shown
    private let courier: Courier
    private let page: SealedPage
    private let pageSlot: UInt16
    private let place: UInt32
    private let layouts: MemoryLayouts
    private let process: ThreadID
    /// Whether what is shown must be the thread's own, under filters that may answer for the kernel.
    private let isDistrustful: Bool
    private var formerLimit: DescriptorLimit?
    private var socket: Int64 = -1
    private var step = Step.socket
    /// What has been sent of the memory, and whether that is done page by page.
    private var bytes: [UInt8] = []
    private var isByPage = false

    private enum Step {
        case socket, send, close
    }

    /// The slot is given back when it has ended.
    init(
        _ wanted: Hidden, into shown: Shown, courier: Courier, page: SealedPage, pageSlot: UInt16,
        place: UInt32, process: ThreadID, isDistrustful: Bool, _ layouts: MemoryLayouts
    ) {
        self.wanted = wanted
        self.shown = shown
        self.courier = courier
        self.page = page
        self.pageSlot = pageSlot
        self.place = place
        self.process = process
        self.isDistrustful = isDistrustful
        self.layouts = layouts
    }

    private var calls: InjectedCalls { InjectedCalls(layouts: layouts) }
    private var token: UInt64 { UInt64(pageSlot) }

    /// The next call, when the last one has given this result (nil at first); nil: all is done.
    func next(after result: Int64?) -> RawCall? {
        let call = step(after: result)
        // Before the program goes on, which may change it.
        if call == nil { restoreLimit() }
        return call
    }

    private func restoreLimit() {
        formerLimit?.set(for: process)
        formerLimit = nil
    }

    private func step(after result: Int64?) -> RawCall? {
        guard let result else { return calls.socket() }
        switch step {
        case .socket:
            if result == -24, formerLimit == nil,
                let former = DescriptorLimit.raise(of: process, by: 8)
            {
                formerLimit = former
                return calls.socket()
            }
            // A filter can answer 0: then that is a socket of the program's, perhaps of a kind that sends
            // to its own peer whatever the name. A deputy takes the socket along when it ends.
            guard result > 0 || result == 0 && !isDistrustful else { return nil }
            socket = result
            step = .send
            return send()
        case .send:
            if receive(result) { return send() }
            step = .close
            return calls.close(socket)
        case .close:
            return nil
        }
    }

    /// All is sent, or never will be.
    func ended() {
        courier.forget(token)
        page.returnSlot(pageSlot)
        restoreLimit()
    }

    /// What is to be sent next.
    private var part: Hidden {
        guard case .memory(let pointer, let count) = wanted else { return wanted }
        let start = pointer &+ UInt64(bytes.count)
        let toPageEnd = 4096 - Int(start & 4095)
        let rest = min(count, Courier.capacity) - bytes.count
        return .memory(start, count: isByPage ? min(rest, toPageEnd) : rest)
    }

    private func send() -> RawCall {
        courier.expect(token)
        let header = page.write(
            part, token: token, to: courier.name, in: pageSlot, mappedAt: place, layouts)
        // MSG_DONTWAIT | MSG_NOSIGNAL
        return RawCall(calls.sendNumber, UInt64(socket), header, 0x4040)
    }

    /// Takes what was sent; without it, the call is judged as one that cannot be looked at.
    ///
    /// - Returns: Whether there is more to send.
    private func receive(_ result: Int64) -> Bool {
        switch part {
        case .memory(_, let size):
            guard case .memory(let pointer, let count) = wanted else { return false }
            if result == -14, !isByPage {
                // The process itself cannot read all of it.
                isByPage = true
                return true
            }
            if result == Int64(size + 8), let message = courier.take(token) {
                message.descriptor?.closeCopy()
                guard message.bytes.count == size else { return false }
                bytes += message.bytes
                if bytes.count < min(count, Courier.capacity) { return true }
            } else if result != -14 {
                return false
            }
            shown.add(bytes, of: pointer, count: count)
        case .socket(let number):
            if result == -9 {
                shown.add(.failure(KernelError(number: .badFileDescriptor)), for: number)
            } else if result == 8, let copy = courier.take(token)?.descriptor {
                shown.add(.success(copy), for: number)
            }
        }
        return false
    }
}

extension InjectedCalls {
    /// `sendmsg`.
    var sendNumber: UInt32 { layouts.word == 8 ? 46 : 370 }

    /// `prctl(PR_SET_DUMPABLE, value)`.
    func setDumpable(_ value: UInt64) -> RawCall {
        RawCall(layouts.word == 8 ? 157 : 172, 4, value)
    }
}

extension SealedPage {
    /// Offsets in the slot of a `Fetch`.
    private enum FetchOffset {
        static let vectors = 64
        static let control = 96
        static let token = 120
        static let name = 128
    }

    /// Writes the message that sends a token with what is wanted behind it; tells its address.
    func write(
        _ wanted: Hidden, token: UInt64, to name: AddressBytes, in slot: UInt16,
        mappedAt place: UInt32, _ layouts: MemoryLayouts
    ) -> UInt64 {
        let start = Int(slot) * Self.slotSize
        let base = UInt64(place) + UInt64(start)
        let word = layouts.word
        var header = MessageHeader(
            name: base + UInt64(FetchOffset.name), nameLength: Int32(name.count),
            vectors: base + UInt64(FetchOffset.vectors), vectorCount: 1, control: 0,
            controlLength: 0)
        var vectors = [base + UInt64(FetchOffset.token), 8]
        switch wanted {
        case .memory(let pointer, let count):
            vectors += [pointer, UInt64(count)]
            header.vectorCount = 2
        case .socket(let number):
            header.control = base + UInt64(FetchOffset.control)
            header.controlLength = UInt64(word + 12)
            // struct cmsghdr: length, SOL_SOCKET, SCM_RIGHTS, the descriptor.
            let control =
                littleEndian(UInt64(word + 12), word) + littleEndian(1, 4) + littleEndian(1, 4)
                + littleEndian(UInt64(UInt32(bitPattern: number)), 4)
            memory.write(control, at: start + FetchOffset.control)
        }
        memory.write(vectors.flatMap { littleEndian($0, word) }, at: start + FetchOffset.vectors)
        memory.write(littleEndian(token, 8), at: start + FetchOffset.token)
        memory.write(name, at: start + FetchOffset.name)
        memory.write(header, width: layouts.word, at: start)
        return base
    }
}
