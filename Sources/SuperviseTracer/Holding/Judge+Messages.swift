import SupervisePolicy

extension Judge {
    /// UIO_MAXIOV: the most entries that `sendmmsg(2)` takes and the most vectors of a message.
    private static let mostEntries = 1024
    /// MSG_CMSG_COMPAT: the kernel's own mark of a 32-bit call, which 64-bit ones must not bear.
    private static let compatibilityFlag: UInt32 = 0x8000_0000

    /// `sendmsg(2)`: descriptor, header, name, vectors, control data; then the policy.
    func judgeMessage(
        _ descriptor: Int32, _ pointer: UInt64, _ flags: UInt32, _ caller: Caller
    ) -> Hold {
        if isMarkedCompatible(flags, caller) { return .run }
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        var bytes: [UInt8] = []
        let read = memory.readBytes(
            pointer, count: caller.layouts.messageHeader, of: caller.slot, into: &bytes)
        guard read != .hidden else { return .fail(policy.refusal) }
        guard let header = decoder.header(bytes, at: 0) else {
            return .fail(descriptorError(descriptor, caller) ?? .badAddress)
        }
        switch judge(header, descriptor, flags, caller) {
        case .goesOn: return .run
        case .ends(let hold): return hold
        }
    }

    /// `sendmmsg(2)`: as many entries as come before the first that may not be sent.
    ///
    /// The kernel sends the entries in order and reports an error only where it sent none.
    func judgeMessages(
        _ descriptor: Int32, _ pointer: UInt64, _ count: UInt32, _ flags: UInt32,
        _ caller: Caller
    ) -> Hold {
        if isMarkedCompatible(flags, caller) { return .run }
        let entry = caller.layouts.messageVectorEntry
        let entries = min(Int(count), Self.mostEntries)
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        var bytes: [UInt8] = []
        let read = memory.readBytes(
            pointer, count: entries * entry, of: caller.slot, into: &bytes)
        guard read != .hidden else { return .fail(policy.refusal) }
        for index in 0..<entries {
            let ending: Hold
            if let header = decoder.header(bytes, at: index * entry) {
                switch judge(header, descriptor, flags, caller) {
                case .goesOn: continue
                case .ends(let hold): ending = hold
                }
            } else {
                ending = .fail(descriptorError(descriptor, caller) ?? .badAddress)
            }
            if index > 0, case .fail = ending { return .runEntries(index) }
            return ending
        }
        return .run
    }

    /// Whether a message of several ends the call, and how, or leaves it to the next.
    private enum Message {
        case goesOn
        case ends(Hold)
    }

    private func judge(
        _ header: MessageHeader, _ descriptor: Int32, _ flags: UInt32, _ caller: Caller
    ) -> Message {
        // A negative length is EINVAL; without a name there is no destination.
        guard header.name != 0, header.nameLength > 0 else { return .goesOn }
        // A longer name is cut, not refused: copy_msghdr_from_user.
        let length = min(header.nameLength, Int32(AddressBytes.capacity))
        var address = AddressBytes()
        let read = memory.readAddress(
            header.name, length: Int(length), of: caller.slot, into: &address)
        guard read != .hidden else { return .ends(.fail(policy.refusal)) }
        guard case .bytes(let count) = read, count == Int(length) else {
            return .ends(.fail(descriptorError(descriptor, caller) ?? .badAddress))
        }
        if header.vectorCount > UInt64(Self.mostEntries) {
            let readable = memory.isAccessible(header.name, count: count, of: caller.slot)
            return .ends(
                .fail(
                    descriptorError(descriptor, caller) ?? (readable ? .messageSize : .badAddress))
            )
        }
        let name = SocketAddressDecoder.decode(address)
        let named = Named(.send, descriptor, header.name, length, flags: flags)
        switch sockets.look(at: descriptor, of: caller.slot) {
        case .error(let error):
            return .ends(.fail(error))
        case .socket(let state):
            let hold = decide(named.request(state, name), caller, kind: state.kind) {
                refusedEarlier(header, length, caller)
            }
            return hold == .run ? .goesOn : .ends(hold)
        }
    }

    /// What the kernel finds wrong in a message before it would come to the policy.
    private func refusedEarlier(
        _ header: MessageHeader, _ length: Int32, _ caller: Caller
    ) -> ErrorNumber? {
        guard memory.isAccessible(header.name, count: Int(length), of: caller.slot) else {
            return .badAddress
        }
        if let error = vectorsError(header, caller) { return error }
        return controlError(header, caller)
    }

    /// `import_iovec`: the vectors must be readable, and what they name must be user memory.
    private func vectorsError(_ header: MessageHeader, _ caller: Caller) -> ErrorNumber? {
        let layouts = caller.layouts
        let size = Int(header.vectorCount) * layouts.vector
        var bytes: [UInt8] = []
        let read = memory.readBytes(header.vectors, count: size, of: caller.slot, into: &bytes)
        guard read == .bytes(size),
            memory.isAccessible(header.vectors, count: size, of: caller.slot)
        else { return .badAddress }
        let decoder = MessageHeaderDecoder(layouts: layouts)
        for offset in stride(from: 0, to: size, by: layouts.vector) {
            let pointer = decoder.word(bytes, at: offset)
            let length = decoder.word(bytes, at: offset + layouts.word)
            // ssize_t of the ABI: a negative length.
            if length >> UInt64(8 * layouts.word - 1) != 0 { return .invalidArgument }
            if !isUserRange(pointer, length, caller) { return .badAddress }
        }
        return nil
    }

    private func isMarkedCompatible(_ flags: UInt32, _ caller: Caller) -> Bool {
        // EINVAL by the registers alone; 32-bit calls get the mark from the kernel.
        flags & Self.compatibilityFlag != 0 && caller.layouts.word == 8
    }

    private func descriptorError(_ descriptor: Int32, _ caller: Caller) -> ErrorNumber? {
        if case .error(let error) = sockets.look(at: descriptor, of: caller.slot) {
            error
        } else {
            nil
        }
    }
}
