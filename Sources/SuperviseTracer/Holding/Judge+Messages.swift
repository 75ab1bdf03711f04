import SupervisePolicy

extension Judge {
    /// UIO_MAXIOV: the most entries that `sendmmsg(2)` takes and the most vectors of a message.
    static let mostEntries = 1024
    /// MSG_CMSG_COMPAT: the kernel's own mark of a 32-bit call, which 64-bit ones must not bear.
    private static let compatibilityFlag: UInt32 = 0x8000_0000

    /// `sendmsg(2)`: descriptor, header, name, vectors, control data; then the policy.
    func judgeMessage(
        _ descriptor: Int32, _ pointer: UInt64, _ flags: UInt32, _ caller: Caller
    ) -> Hold {
        if isMarkedCompatible(flags, caller) { return .run }
        let size = caller.layouts.messageHeader
        // Room enough for a header, too, and none that has to be allocated.
        var bytes = AddressBytes()
        let read = memory.readAddress(pointer, length: size, of: caller.slot, into: &bytes)
        guard read != .hidden else { return .fail(refuse(Self.hidden)) }
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        guard read == .bytes(size), let header = decoder.header(bytes.storage.span, at: 0),
            memory.isAccessible(pointer, count: size, of: caller.slot)
        else { return .fail(descriptorError(descriptor, caller) ?? .badAddress) }
        switch judge(header, descriptor, flags, caller) {
        case .failure(let error): return .fail(error.number)
        case .success(let sealed):
            var rest = header
            // Control data that are not sealed are for sockets that do not connect so.
            if sealed.control == nil, !forbiddenSteering.isEmpty {
                (rest.control, rest.controlLength) = (0, 0)
            }
            send(.header(rest, control: sealed.control, flags: flags))
            return .runSealed(sealed)
        }
    }

    /// `sendmmsg(2)`: as many entries as come before the first that may not be sent.
    ///
    /// The kernel sends the entries in order and reports an error only where it sent none.
    func judgeMessages(
        _ descriptor: Int32, _ pointer: UInt64, _ count: UInt32, _ flags: UInt32,
        _ caller: Caller
    ) -> Hold {
        // No entries: the kernel looks at the descriptor alone.
        if isMarkedCompatible(flags, caller) || count == 0 { return .run }
        let entry = caller.layouts.messageVectorEntry
        let entries = min(Int(count), Self.mostEntries)
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        var bytes: [UInt8] = []
        let read = memory.readBytes(
            pointer, count: entries * entry, of: caller.slot, into: &bytes)
        guard read != .hidden else { return .fail(refuse(Self.hidden)) }
        var sealed = SealedMessages(
            descriptor: descriptor, flags: flags, entries: pointer, messages: [])
        for index in 0..<entries where sealed.ending == nil {
            let offset = index * entry
            guard let header = decoder.header(bytes, at: offset),
                memory.isAccessible(
                    pointer + UInt64(offset), count: caller.layouts.messageHeader, of: caller.slot)
            else {
                sealed.ending = descriptorError(descriptor, caller) ?? .badAddress
                break
            }
            switch judge(header, descriptor, flags, caller) {
            case .failure(let error): sealed.ending = error.number
            case .success(let message): sealed.messages.append(message)
            }
        }
        if sealed.messages.isEmpty { return .fail(sealed.ending ?? .badAddress) }
        return .sendSealed(sealed)
    }

    /// Judges one message; a success is what the kernel is to be given.
    private func judge(
        _ header: MessageHeader, _ descriptor: Int32, _ flags: UInt32, _ caller: Caller
    ) -> Result<SealedArguments, KernelError> {
        let noted = notes.count
        return judgeName(header, descriptor, flags, caller).flatMap { name in
            judgeControl(header, to: name, descriptor, caller, noted: noted).map { control in
                SealedArguments(header: header, name: name, control: control)
            }
        }
    }

    /// Judges where a message is to go; nil where it names no destination.
    private func judgeName(
        _ header: MessageHeader, _ descriptor: Int32, _ flags: UInt32, _ caller: Caller
    ) -> Result<AddressBytes?, KernelError> {
        // A negative length is EINVAL; without a name there is no destination.
        guard header.name != 0, header.nameLength > 0 else { return .success(nil) }
        // A longer name is cut, not refused: copy_msghdr_from_user.
        let length = min(header.nameLength, Int32(AddressBytes.capacity))
        var address = AddressBytes()
        let read = memory.readAddress(
            header.name, length: Int(length), of: caller.slot, into: &address)
        guard read != .hidden else {
            return .failure(KernelError(number: refuseMessage(Self.hidden)))
        }
        let isReadable = memory.isAccessible(header.name, count: Int(length), of: caller.slot)
        guard read == .bytes(Int(length)), isReadable else {
            return .failure(
                KernelError(number: descriptorError(descriptor, caller) ?? .badAddress))
        }
        if header.vectorCount > UInt64(Self.mostEntries) {
            return .failure(
                KernelError(number: descriptorError(descriptor, caller) ?? .messageSize))
        }
        let named = Named(.send, descriptor, header.name, length, flags: flags)
        return judge(named, address, caller, earlier: { self.refusedEarlier(header, caller) })
            .map { $0 }
    }

    /// What the kernel finds wrong in a message before it would come to the policy.
    func refusedEarlier(_ header: MessageHeader, _ caller: Caller) -> ErrorNumber? {
        vectorsError(header, caller) ?? controlError(header, caller)
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

    func descriptorError(_ descriptor: Int32, _ caller: Caller) -> ErrorNumber? {
        if case .error(let error) = sockets.look(at: descriptor, of: caller.slot) {
            error
        } else {
            nil
        }
    }
}
