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
