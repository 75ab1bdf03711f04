public import SupervisePolicy

/// The addresses that a DNS message gives for the name that it answers, RFC 1035.
///
/// The message is whatever somebody sent: decoding is total, looks at each byte at most twice, and
/// what it makes is bounded.
public struct DNSAnswer: Hashable, Sendable {
    /// The name that was asked for, without the dot at its end: 1 to 253 printable bytes of ASCII.
    public var name: [UInt8]
    /// The addresses of its A and AAAA records, at least one and at most `mostAddresses`.
    public var addresses: [IPAddress]

    /// The most addresses that are taken from one message.
    public static let mostAddresses = 64

    /// Decodes a message; nil where it is no answer with an address to one question for a name of
    /// printable characters.
    ///
    /// Aliases (CNAME) are not followed: the addresses at their end count for the name that was
    /// asked for. What comes before the end of a message that is cut off counts.
    public init?(_ message: [UInt8]) {
        var reader = DNSReader(bytes: message)
        // Number; flags: an answer (QR) to a standard query (OPCODE 0) without error (RCODE 0).
        guard reader.number(2) != nil, let flags = reader.number(2), flags & 0xf80f == 0x8000,
            reader.number(2) == 1, let answers = reader.number(2), reader.number(4) != nil,
            let name = reader.name(), reader.number(4) != nil
        else { return nil }
        self.name = name
        addresses = []
        for _ in 0..<answers where addresses.count < Self.mostAddresses {
            // Type, class, time to live, length.
            guard reader.skipName(), let type = reader.number(2), let network = reader.number(2),
                reader.number(4) != nil, let length = reader.number(2)
            else { break }
            switch (type, network, length) {
            case (1, 1, 4):
                guard let bits = reader.number(4) else { break }
                addresses.append(.v4(IPv4Address(bits: UInt32(truncatingIfNeeded: bits))))
            case (28, 1, 16):
                guard let high = reader.number(8), let low = reader.number(8) else { break }
                addresses.append(IPAddress(IPv6Address(high: high, low: low)))
            default:
                guard reader.skip(Int(length)) else { break }
            }
        }
        if addresses.isEmpty { return nil }
    }
}

/// Reads a message from its start; what would go beyond its end is nil and ends the reading.
private struct DNSReader {
    let bytes: [UInt8]
    private var offset = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A number of so many bytes, the highest first.
    mutating func number(_ width: Int) -> UInt64? {
        guard bytes.count - offset >= width else {
            offset = bytes.count
            return nil
        }
        defer { offset += width }
        return bytes[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count - offset >= count else {
            offset = bytes.count
            return false
        }
        offset += count
        return true
    }

    /// A name that is written out.
    ///
    /// nil where it is the root's, refers to another place, or has bytes that would have to be
    /// escaped: a dot within a label would pass for the one between two.
    mutating func name() -> [UInt8]? {
        var name: [UInt8] = []
        while let length = number(1), length <= 63 {
            if length == 0 { return name.isEmpty ? nil : name }
            guard bytes.count - offset >= length else { return nil }
            let label = bytes[offset..<offset + Int(length)]
            offset += Int(length)
            guard label.allSatisfy(Self.isPlain) else { return nil }
            if !name.isEmpty { name.append(UInt8(ascii: ".")) }
            name += label
            if name.count > 253 { return nil }
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "\\")
    }

    /// Goes behind a name; a reference to another place ends it.
    mutating func skipName() -> Bool {
        while let length = number(1) {
            switch length {
            case 0: return true
            case 1...63: guard skip(Int(length)) else { return false }
            case 0xc0...: return skip(1)
            default: return false
            }
        }
        return false
    }
}
