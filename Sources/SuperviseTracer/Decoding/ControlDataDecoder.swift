/// An item of a message's control data: `struct cmsghdr`, on i386 `struct compat_cmsghdr`.
struct ControlItem: Equatable {
    var level: UInt32
    var type: UInt32
    /// Where its data are among the bytes.
    var data: Range<Int>
}

/// Finds items in control data of a tracee's ABI.
struct ControlDataDecoder {
    let layouts: MemoryLayouts

    /// Bytes of an item's header: its length, then level and type, both `int`s.
    private var header: Int { layouts.word + 8 }

    /// The first item that something is true of.
    ///
    /// It is looked for as far as the kernel looks: no further than to an item whose length cannot
    /// be, for which all that read control data of networks fail with EINVAL.
    func first(_ bytes: [UInt8], where isWanted: (ControlItem) -> Bool) -> ControlItem? {
        let numbers = MessageHeaderDecoder(layouts: layouts)
        var offset = 0
        while bytes.count - offset >= header {
            let length = numbers.word(bytes, at: offset)
            guard length >= UInt64(header), length <= UInt64(bytes.count - offset) else {
                return nil
            }
            let end = offset + Int(length)
            let item = ControlItem(
                level: numbers.number(bytes, at: offset + layouts.word),
                type: numbers.number(bytes, at: offset + layouts.word + 4),
                data: offset + header..<end)
            if isWanted(item) { return item }
            // CMSG_ALIGN: items begin at multiples of the ABI's word.
            offset = (end + layouts.word - 1) & ~(layouts.word - 1)
        }
        return nil
    }

    /// The interface and the source that a message names, `struct in_pktinfo` or
    /// `struct in6_pktinfo`; nil for other items, and for those too short for it.
    func packetInformation(_ item: ControlItem, of bytes: [UInt8]) -> PacketInformation? {
        let numbers = MessageHeaderDecoder(layouts: layouts)
        let start = item.data.lowerBound
        switch (item.level, item.type) {
        // IP_PKTINFO
        case (0, 8) where item.data.count >= 12:
            return PacketInformation(
                interface: numbers.number(bytes, at: start),
                source: Array(bytes[start + 4..<start + 8]))
        // IPV6_2292PKTINFO, IPV6_PKTINFO
        case (41, 2) where item.data.count >= 20, (41, 50) where item.data.count >= 20:
            return PacketInformation(
                interface: numbers.number(bytes, at: start + 16),
                source: Array(bytes[start..<start + 16]))
        default:
            return nil
        }
    }
}

/// What a message says of the way that it is to take.
struct PacketInformation: Equatable {
    /// The interface's number; 0: as the route has it.
    var interface: UInt32
    /// The source address in network order: 4 bytes, or 16.
    var source: [UInt8]
}
