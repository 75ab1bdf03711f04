import SupervisePolicy

/// The bytes of a socket address, copied once from a tracee: what is judged and nothing else.
struct AddressBytes {
    /// `sizeof(struct sockaddr_storage)`: no call takes a longer address.
    static let capacity = 128

    var storage = InlineArray<128, UInt8>(repeating: 0)
    /// How many bytes the address has, at most `capacity`.
    var count = 0

    init() {}

    /// The address of these bytes, of which it takes at most `capacity`.
    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes.prefix(Self.capacity) {
            storage[count] = byte
            count += 1
        }
    }
}

extension AddressBytes {
    /// The address with nothing but zeros behind an AF_UNIX path's first NUL.
    ///
    /// The kernel does not look there for AF_UNIX sockets; sockets of other families might, which
    /// must not be told more than was judged. The length stays, so that no register must change.
    var withoutTail: AddressBytes {
        guard count > 2, storage[0] == 1, storage[1] == 0, storage[2] != 0 else { return self }
        var result = self
        result.clear(from: pathEnd)
        return result
    }

    /// The folder that an AF_UNIX path is in, as a name that is there already if the folder is: `FOLDER/.`.
    ///
    /// The length stays, so that no register must change. nil where it is no path.
    var inFolderAlone: AddressBytes? {
        guard count > 2, storage[0] == 1, storage[1] == 0, storage[2] != 0 else { return nil }
        var (result, place) = (self, 2)
        for index in 2..<count {
            if storage[index] == 0 { break }
            if storage[index] == UInt8(ascii: "/") { place = index + 1 }
        }
        guard place < count else { return nil }
        result.put([UInt8(ascii: ".")], at: place)
        for index in (place + 1)..<max(count, place + 1) { result.storage[index] = 0 }
        return result
    }

    /// An AF_UNIX name of a connection or a message, so that no socket of another family takes it for
    /// one of its own; nil where there is no such form of it.
    ///
    /// Several do not look at the family (Linux 6.18): CAN_BCM sockets take bytes 4 to 7 for an
    /// interface's number, if there are 8; so do packet sockets in a message (12), IEEE 802.15.4
    /// sockets for a kind of address; SOCK_PACKET sockets take byte 2 and on for an interface's name
    /// of at most 13 bytes (16); PPPoX sockets take bytes 2 to 5 for one of the protocols 0 to 2 (30).
    /// No interface has a slash in its name, nor a number of four bytes that are all something.
    /// What AF_UNIX sockets do with the name stays the same.
    var forUnixAlone: AddressBytes? {
        guard count > 2, storage[0] == 1, storage[1] == 0 else { return self }
        if count > SocketAddressDecoder.longestUnixAddress {
            // EINVAL, whatever stands there.
            var result = self
            for index in 2..<count { result.storage[index] = UInt8(ascii: "/") }
            return result
        }
        if storage[2] == 0 {
            let isMistakable =
                count >= 8 && (storage[7] == 0 || storage[3] | storage[4] | storage[5] == 0)
            return isMistakable ? nil : self
        }
        let end = pathEnd
        let hasFolder = (2..<min(end, 15)).contains { storage[$0] == UInt8(ascii: "/") }
        if end >= 8, hasFolder { return self }
        var result = self
        if end < 16 {
            // Too short for who would make something of it.
            result.count = end
            return result
        }
        guard end + 2 <= SocketAddressDecoder.longestUnixAddress else { return nil }
        result = AddressBytes([1, 0, UInt8(ascii: "."), UInt8(ascii: "/")])
        for index in 2..<end { result.storage[index + 2] = storage[index] }
        result.count = end + 2
        return result
    }

    /// The path `/`, a name that no socket has.
    static let nobody = AddressBytes([1, 0, UInt8(ascii: "/"), 0])
    /// AF_UNIX and nothing else: EINVAL as a destination, as for any address of another family,
    /// and too short for sockets of other families.
    static let familyOnly = AddressBytes([1, 0])
}

/// `struct sockaddr` as the kernel reads it.
///
/// Both ABIs have the same layouts.
enum SocketAddressDecoder {
    /// `sizeof(struct sockaddr_un)`: AF_UNIX sockets refuse longer addresses with EINVAL.
    static let longestUnixAddress = 110

    /// Decodes an address; total, whatever the bytes.
    ///
    /// What is too short to have a family counts as AF_UNSPEC, which no table exempts.
    static func decode(_ address: borrowing AddressBytes) -> SocketAddress {
        guard address.count >= 2 else { return .unspecified }
        let family = AddressFamily(
            rawValue: UInt16(address.storage[0]) | UInt16(address.storage[1]) << 8)
        switch family {
        case .unspecified where address.count >= 16:
            // inet_bind and udp_sendmsg take it for AF_INET.
            return .unspecifiedIPv4(
                IPv4Address(bits: UInt32(truncatingIfNeeded: bigEndian(address, 4, 4))),
                port: port(address))
        case .unspecified:
            return .unspecified
        case .unix:
            return unix(address)
        case .ipv4 where address.count >= 16:
            return .ipv4(
                IPv4Address(bits: UInt32(truncatingIfNeeded: bigEndian(address, 4, 4))),
                port: port(address))
        // SIN6_LEN_RFC2133: addresses without a scope are 24 bytes long.
        case .ipv6 where address.count >= 24:
            return .ipv6(
                IPv6Address(high: bigEndian(address, 8, 8), low: bigEndian(address, 16, 8)),
                port: port(address),
                scope: address.count >= 28
                    ? UInt32(truncatingIfNeeded: bigEndian(address, 24, 4)).byteSwapped : 0)
        default:
            return .other(family)
        }
    }

    private static func unix(_ address: borrowing AddressBytes) -> SocketAddress {
        if address.count == 2 { return .unix(.unnamed) }
        guard address.count <= longestUnixAddress else { return .other(.unix) }
        if address.storage[2] == 0 {
            var name: [UInt8] = []
            for index in 3..<address.count { name.append(address.storage[index]) }
            return .unix(.abstract(name))
        }
        return .unix(.path(address.bytes(2..<address.pathEnd)))
    }

    private static func port(_ address: borrowing AddressBytes) -> UInt16 {
        UInt16(truncatingIfNeeded: bigEndian(address, 2, 2))
    }

    private static func bigEndian(
        _ address: borrowing AddressBytes, _ offset: Int, _ width: Int
    ) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + width {
            value = value << 8 | UInt64(address.storage[index])
        }
        return value
    }
}
