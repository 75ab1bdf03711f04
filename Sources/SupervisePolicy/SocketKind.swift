/// What a socket is: the three numbers that `socket(2)` made it with.
///
/// `SO_DOMAIN`, `SO_TYPE` and `SO_PROTOCOL` read them back from a socket.
public struct SocketKind: Hashable, Sendable {
    /// The protocol family.
    public var family: AddressFamily
    /// The type without its flags: `SOCK_STREAM` and so on.
    public var type: SocketType
    /// The protocol's number within the family, 0 for its default.
    public var protocolNumber: Int32

    /// Makes the description of a socket.
    public init(family: AddressFamily, type: SocketType, protocolNumber: Int32 = 0) {
        self.family = family
        self.type = type
        self.protocolNumber = protocolNumber
    }

    /// Whether `bind(2)` may take an address of any family for one of the socket's own: raw IPv4
    /// sockets do not look at the family, nor do SOCK_PACKET and PPPoX sockets, nor all of the rest.
    ///
    /// AF_UNIX, the other sockets of IPv4, and those of IPv6 do look (Linux 6.18).
    public var bindsAnyFamily: Bool {
        switch family {
        case .unix, .ipv6: false
        case .ipv4: type == .raw
        default: true
        }
    }

    /// The protocol's name in the rule grammar: `tcp`, `udp`, `unix`, `netlink`, ...
    public var protocolName: String {
        guard family == .ipv4 || family == .ipv6 else { return family.name }
        switch (type, protocolNumber) {
        // A raw socket of whatever protocol, SCTP and ICMP too.
        case (.raw, _): return "raw"
        case (.stream, 0), (.stream, 6): return "tcp"
        // IPPROTO_MPTCP; Linux 5.6.
        case (.stream, 262): return "mptcp"
        case (.datagram, 0), (.datagram, 17): return "udp"
        case (.datagram, 1), (.datagram, 58): return "icmp"
        case (_, 132), (.sequentialPacket, 0): return "sctp"
        default: return "protocol-\(protocolNumber)"
        }
    }
}

/// A socket's type, `SOCK_...` in `<linux/net.h>`, without `SOCK_CLOEXEC` and `SOCK_NONBLOCK`.
public struct SocketType: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int32

    /// Makes a type of its number.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// `SOCK_STREAM`.
    public static let stream = SocketType(rawValue: 1)
    /// `SOCK_DGRAM`.
    public static let datagram = SocketType(rawValue: 2)
    /// `SOCK_RAW`.
    public static let raw = SocketType(rawValue: 3)
    /// `SOCK_SEQPACKET`.
    public static let sequentialPacket = SocketType(rawValue: 5)

    /// `SOCK_MAX`: the first number that is no type.
    public static let limit: Int32 = 11
    /// `SOCK_TYPE_MASK`: the bits of the `type` argument that hold the type.
    public static let mask: UInt32 = 0xf
    /// The flags of the `type` argument that the kernel knows: `SOCK_CLOEXEC | SOCK_NONBLOCK`.
    public static let knownFlags: UInt32 = 0o2_000_000 | 0o4000
}
