/// An IPv4 or an IPv6 address.
public enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address that is no IPv4-mapped one, if ``init(_:)`` made it.
    case v6(IPv6Address)

    /// The address in normal form: an IPv4-mapped one is IPv4.
    public init(_ address: IPv6Address) {
        self = address.mappedIPv4.map { .v4($0) } ?? .v6(address)
    }

    /// Whether it is `0.0.0.0` or `::`.
    public var isAny: Bool {
        switch self {
        case .v4(let address): address.bits == 0
        case .v6(let address): address.high == 0 && address.low == 0
        }
    }

    /// The address as rules have it: `127.0.0.1`, `[::1]`.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): "[\(address)]"
        }
    }

    /// The bits from the first on, an IPv4 address in the upper 32 bits of `high`.
    var bits: (high: UInt64, low: UInt64) {
        switch self {
        case .v4(let address): (UInt64(address.bits) << 32, 0)
        case .v6(let address): (address.high, address.low)
        }
    }

    /// Whether it is an IPv4 address.
    var isIPv4: Bool {
        if case .v4 = self { true } else { false }
    }
}

/// The addresses that begin with the same bits, `10.0.0.0/8`; a single address is the longest.
public struct IPPrefix: Hashable, Sendable {
    /// The first address: the bits after the prefix are zero.
    public let address: IPAddress
    /// How many bits are given: at most 32 for IPv4, 128 for IPv6.
    public let length: Int

    /// The prefix of so many bits of an address; the other bits are cleared.
    ///
    /// A prefix of IPv4-mapped addresses is one of IPv4 addresses.
    public init(_ given: IPAddress, length wanted: Int) {
        var (address, length) = (given, wanted)
        if case .v6(let long) = given, let short = long.mappedIPv4, length >= 96 {
            (address, length) = (.v4(short), length - 96)
        }
        let width = address.isIPv4 ? 32 : 128
        self.length = min(max(length, 0), width)
        let bits = Self.masked(address.bits, self.length)
        self.address =
            address.isIPv4
            ? .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: bits.high >> 32)))
            : .v6(IPv6Address(high: bits.high, low: bits.low))
    }

    /// The prefix of one address.
    public init(_ address: IPAddress) {
        self.init(address, length: address.isIPv4 ? 32 : 128)
    }

    /// Whether it is a single address.
    public var isSingle: Bool { length == (address.isIPv4 ? 32 : 128) }

    /// Whether the address begins with the prefix.
    public func contains(_ other: IPAddress) -> Bool {
        guard address.isIPv4 == other.isIPv4 else { return false }
        return Self.masked(other.bits, length) == address.bits
    }

    /// Whether every address of the other prefix is in this one.
    public func covers(_ other: IPPrefix) -> Bool {
        length <= other.length && contains(other.address)
    }

    static func masked(
        _ bits: (high: UInt64, low: UInt64), _ length: Int
    ) -> (high: UInt64, low: UInt64) {
        if length >= 128 { return bits }
        if length >= 64 { return (bits.high, bits.low & ~(UInt64.max >> UInt64(length - 64))) }
        return (bits.high & ~(UInt64.max >> UInt64(length)), 0)
    }

    /// An IPv4 prefix by its number and length.
    static func v4(_ bits: UInt32, _ length: Int) -> IPPrefix {
        IPPrefix(.v4(IPv4Address(bits: bits)), length: length)
    }

    /// An IPv6 prefix by its first 64 bits and length.
    static func v6(_ high: UInt64, _ length: Int, low: UInt64 = 0) -> IPPrefix {
        IPPrefix(.v6(IPv6Address(high: high, low: low)), length: length)
    }
}
