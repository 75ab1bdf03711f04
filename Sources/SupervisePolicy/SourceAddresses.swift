/// The addresses that sockets are to be bound to, at most one of each IP version.
///
/// A version without an address is not restricted. Local addresses of the host, 127.0.0.0/8 and
/// ::1, may be bound all the same.
public struct SourceAddresses: Hashable, Sendable {
    /// The address of IPv4 sockets.
    public var ipv4: IPv4Address?
    /// The address of IPv6 sockets.
    public var ipv6: IPv6Address?

    /// Makes a choice of addresses.
    public init(ipv4: IPv4Address? = nil, ipv6: IPv6Address? = nil) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }

    /// Whether there is none, so that nothing is restricted.
    public var isEmpty: Bool { ipv4 == nil && ipv6 == nil }

    /// An address that a socket can be bound to, and that is one host's.
    ///
    /// - Parameter text: The address, without a zone.
    /// - Returns: The address, IPv4 where it is an IPv4-mapped one.
    /// - Throws: Why it is none.
    public static func address(parsing text: String) throws(SourceError) -> IPAddress {
        let shown = "'\(EscapedText.escape(Array(text.utf8.prefix(80))))'"
        let bytes = Array(text.utf8)[...]
        let address: IPAddress
        if let short = IPv4Address(parsing: bytes) {
            address = .v4(short)
        } else if let long = IPv6Address(parsing: bytes) {
            address = IPAddress(long)
        } else {
            throw SourceError(message: "\(shown) is no address, expected one such as 10.1.2.3")
        }
        if address.isAny { throw SourceError(message: "\(shown) is any address, not one") }
        let isBroadcast = address == .v4(IPv4Address(bits: .max))
        if isBroadcast || Host.multicast.contains(address) {
            throw SourceError(message: "\(shown) is the address of many, which nobody sends from")
        }
        return address
    }

    /// Sets the address of its version, once and for all.
    ///
    /// - Throws: That another one is set already.
    public mutating func set(_ address: IPAddress) throws(SourceError) {
        let former: IPAddress? =
            switch address {
            case .v4: ipv4.map { .v4($0) }
            case .v6: ipv6.map { .v6($0) }
            }
        if let former {
            let version = address.isIPv4 ? "IPv4" : "IPv6"
            throw SourceError(
                message: "the address for \(version) is \(Self.text(former)) already, "
                    + "and cannot be changed")
        }
        switch address {
        case .v4(let address): ipv4 = address
        case .v6(let address): ipv6 = address
        }
    }

    /// An address as people write it where no port can follow.
    static func text(_ address: IPAddress) -> String {
        switch address {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

/// Why an address cannot be the one that sockets are bound to.
public struct SourceError: Error, Hashable {
    /// What was found and what was expected, in one line that is safe to show.
    public var message: String

    /// Makes an error.
    public init(message: String) {
        self.message = message
    }
}

/// What is done to a socket before, or to an address in, a call that goes on.
public enum SourceStep: Hashable, Sendable {
    /// `bind`: this address takes the place of "any address"; the port stays.
    case replaced(IPAddress)
    /// The socket is bound to this address first, with a port of the kernel's choice.
    case bound(IPAddress)
    /// The socket is for IPv6 alone from now on (IPV6_V6ONLY): as an IPv4 socket too it would be at
    /// every IPv4 address.
    case ipv6Only

    /// Whether something is done to the socket, which has to be the one that the call is made on.
    public var changesSocket: Bool {
        if case .replaced = self { false } else { true }
    }
}

extension SourceStep: CustomStringConvertible {
    /// The step in words: `bound to 10.1.2.3 first`.
    public var description: String {
        switch self {
        case .replaced(let address): "bound to \(SourceAddresses.text(address)) instead"
        case .bound(let address): "bound to \(SourceAddresses.text(address)) first"
        case .ipv6Only: "for IPv6 alone"
        }
    }
}
