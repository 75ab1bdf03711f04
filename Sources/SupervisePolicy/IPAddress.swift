/// An IPv4 address in host byte order.
public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// The address as a number: 127.0.0.1 is 0x7f000001.
    public let bits: UInt32

    /// Makes an address of its number in host byte order.
    public init(bits: UInt32) {
        self.bits = bits
    }

    /// The address with dots: `127.0.0.1`.
    public var description: String {
        "\(bits >> 24).\(bits >> 16 & 0xff).\(bits >> 8 & 0xff).\(bits & 0xff)"
    }
}

/// An IPv6 address in host byte order.
public struct IPv6Address: Hashable, Sendable, CustomStringConvertible {
    /// The address as two numbers, the first eight bytes and the last eight.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// Makes an address of its two halves in host byte order.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The IPv4 address that an IPv4-mapped address (`::ffff:a.b.c.d`) stands for.
    ///
    /// The kernel sends such traffic over IPv4, so rules judge it as IPv4.
    public var mappedIPv4: IPv4Address? {
        high == 0 && low >> 32 == 0xffff ? IPv4Address(bits: UInt32(truncatingIfNeeded: low)) : nil
    }

    /// The address in the form of RFC 5952: `2001:db8::1`, `::ffff:10.0.0.1`.
    public var description: String {
        if let mappedIPv4 {
            return "::ffff:\(mappedIPv4)"
        }
        let groups = (0..<8).map { index in
            let half = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: half >> (48 - 16 * (index % 4)))
        }
        // The longest run of at least two zero groups is shortened, the first of equals.
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, longest.count) { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
