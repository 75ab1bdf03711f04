import SupervisePolicy

extension Judge {
    /// The size of the buffer that `____sys_sendmsg` has at hand; longer control data are allocated.
    private static let controlAtHand: UInt64 = 36
    /// The most control data that are looked at.
    ///
    /// What lies beyond is left to the policy, so that no
    /// program can keep the supervisor reading.
    private static let mostControl: UInt64 = 1 << 18

    /// What the kernel finds wrong in a message's control data before it would come to the policy.
    ///
    /// 64-bit data are copied as they are; 32-bit ones are first walked through, header by header.
    func controlError(_ header: MessageHeader, _ caller: Caller) -> ErrorNumber? {
        let length = header.controlLength
        guard length <= UInt64(Int32.max) else { return .noBufferSpace }
        guard length > 0 else { return nil }
        if caller.layouts.word == 4 { return compatibleControlError(header, caller) }
        // sock_kmalloc: net.core.optmem_max bounds it.
        if length > Self.controlAtHand, length >= optionMemoryLimit() {
            return .noBufferSpace
        }
        return isControlReadable(header, caller) ? nil : .badAddress
    }

    /// `cmsghdr_from_user_compat_to_kern`: EFAULT and EINVAL header by header, ENOMEM, then EFAULT
    /// for what the headers hold.
    private func compatibleControlError(
        _ message: MessageHeader, _ caller: Caller
    ) -> ErrorNumber? {
        // sizeof(struct compat_cmsghdr), and of struct cmsghdr, which it becomes.
        let (narrow, wide): (UInt64, UInt64) = (12, 16)
        let length = message.controlLength
        guard length >= narrow, message.control != 0 else { return .invalidArgument }
        var bytes: [UInt8] = []
        // A last header may begin in the last byte and be read beyond the end.
        let wanted = Int(min(length, Self.mostControl) + 3)
        _ = memory.readBytes(message.control, count: wanted, of: caller.slot, into: &bytes)
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        var offset: UInt64 = 0
        var needed: UInt64 = 0
        while offset < length, offset < Self.mostControl {
            guard bytes.count >= Int(offset) + 4,
                memory.isAccessible(message.control + offset, count: 4, of: caller.slot)
            else { return .badAddress }
            let item = decoder.word(bytes, at: Int(offset))
            guard item >= narrow, item <= length - offset else { return .invalidArgument }
            needed += (item - narrow + wide + 7) & ~7
            offset += (item + 3) & ~3
        }
        if needed > Self.controlAtHand, needed >= optionMemoryLimit() {
            return .noMemory
        }
        return isControlReadable(message, caller) ? nil : .badAddress
    }

    private func isControlReadable(_ header: MessageHeader, _ caller: Caller) -> Bool {
        isUserRange(header.control, header.controlLength, caller)
            && memory.isAccessible(
                header.control, count: Int(min(header.controlLength, Self.mostControl)),
                of: caller.slot)
    }
}

/// What control data may say of the way that a message takes.
extension Judge {
    /// Judges a message's control data, where they could lead it past the rules.
    ///
    /// A success is what the kernel is to be given in their place, nil where it may read the program's
    /// own. There were so many notes before this message was judged.
    func judgeControl(
        _ header: MessageHeader, to name: AddressBytes?, _ descriptor: Int32, _ caller: Caller,
        noted: Int
    ) -> Result<[UInt8]?, KernelError> {
        let forbidden = forbiddenSteering
        // Those that cannot be so long are ENOBUFS.
        guard !forbidden.isEmpty, header.controlLength > 0, header.controlLength <= Int32.max else {
            return .success(nil)
        }
        guard header.controlLength <= UInt64(SealedPage.slotSize) else {
            return judgeLongControl(descriptor, caller, noted)
        }
        func failure(_ refusal: @autoclosure () -> ErrorNumber) -> Result<[UInt8]?, KernelError> {
            let earlier =
                descriptorError(descriptor, caller)
                ?? (header.vectorCount > UInt64(Self.mostEntries)
                    ? .messageSize : refusedEarlier(header, caller))
            return .failure(KernelError(number: earlier ?? refusal()))
        }
        var bytes: [UInt8] = []
        let count = Int(header.controlLength)
        let read = memory.readBytes(header.control, count: count, of: caller.slot, into: &bytes)
        guard read != .hidden else {
            return .failure(KernelError(number: refuseMessage(Self.hidden, noted: noted)))
        }
        // What cannot be read now can be a moment later.
        guard read == .bytes(count),
            memory.isAccessible(header.control, count: count, of: caller.slot)
        else { return failure(.badAddress) }
        let decoder = ControlDataDecoder(layouts: caller.layouts)
        let staysInside = name.map { !$0.leavesMachine } ?? true
        let item = decoder.first(bytes) { item in
            if let information = decoder.packetInformation(item, of: bytes) {
                return forbidden.contains(.interfaces) && staysInside
                    && information.interface > Self.loopback
                    || forbidden.contains(.sources)
                        && policy.source.forbidsSending(from: information.source)
            }
            return item.steering.map { forbidden.contains($0) } ?? false
        }
        return item == nil ? .success(bytes) : failure(refuseMessage(Self.leadsPast, noted: noted))
    }

    /// Refuses an address by which a socket is bound to an interface, too: what it sends to the loopback
    /// address would leave by that one.
    func forNoInterface(
        _ named: Named, _ judged: Result<AddressBytes, KernelError>, _ caller: Caller
    ) -> Result<AddressBytes, KernelError> {
        guard forbiddenSteering.contains(.scopes), case .success(let given) = judged,
            case .ipv6(let address, _, let scope) = SocketAddressDecoder.decode(given),
            scope > Self.loopback,
            Host.linkLocal.contains(.v6(address)) || Host.multicast.contains(.v6(address))
        else { return judged }
        let earlier = descriptorError(named.descriptor, caller)
        return .failure(KernelError(number: earlier ?? refuse(Self.interface)))
    }

    /// Control data that are too long to be sealed are for sockets of other families than those of the
    /// internet, which look at none of the items.
    private func judgeLongControl(
        _ descriptor: Int32, _ caller: Caller, _ noted: Int
    ) -> Result<[UInt8]?, KernelError> {
        depend(onControlFor: descriptor)
        guard holdsSocket else { return .success(nil) }
        switch sockets.look(at: descriptor, of: caller.slot) {
        case .error(let error): return .failure(KernelError(number: error))
        case .socket(let state):
            guard let family = state.kind?.family, family != .ipv4, family != .ipv6 else {
                return .failure(KernelError(number: refuseMessage(Self.tooLong, noted: noted)))
            }
            return .success(nil)
        }
    }

    /// LOOPBACK_IFINDEX: the number of `lo` in every network namespace.
    private static let loopback: UInt32 = 1
    private static let interface = "an address that binds the socket to an interface"
    private static let leadsPast = "control data that lead past the rules"
    private static let tooLong = "control data that are too long to be judged"
}

extension ControlItem {
    /// What an item leads past, whatever its data are.
    fileprivate var steering: Steering? {
        switch (level, type) {
        // IP_RETOPTS, IPV6_2292RTHDR, IPV6_RTHDR
        case (0, 7), (41, 5), (41, 57): .routes
        // SCTP_DSTADDRV4, SCTP_DSTADDRV6
        case (132, 7), (132, 8): .associations
        default: nil
        }
    }
}

extension AddressBytes {
    /// Whether it is an address of IP that is not of the machine's loopback interface.
    fileprivate var leavesMachine: Bool {
        let address: IPAddress
        switch SocketAddressDecoder.decode(self) {
        case .ipv4(let short, _): address = .v4(short)
        case .ipv6(let long, _, _): address = IPAddress(long)
        default: return false
        }
        return !address.isAny && !Host.localhost.contains(address)
    }
}
