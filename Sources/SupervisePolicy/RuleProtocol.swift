/// The protocol that a rule is about.
///
/// Make one of a number by ``init(number:)``, which gives the named ones their names: two equal
/// protocols are then equal values.
public enum RuleProtocol: Hashable, Sendable {
    /// TCP and what carries the same traffic: MPTCP and SMC.
    case tcp
    /// UDP.
    case udp
    /// ICMP echo sockets, of IPv4 and IPv6.
    case icmp
    /// SCTP.
    case sctp
    /// IP sockets that write their own headers, `SOCK_RAW`.
    case raw
    /// AF_UNIX with names in the file system, or without a name.
    case unix
    /// AF_UNIX with names in the abstract name space.
    case abstract
    /// Every socket of another family: `netlink`, `packet`, `vsock`, ...
    case family(AddressFamily)
    /// An IP protocol by its number.
    case number(Int32)

    /// The IP protocol of that number.
    public init(number: Int32) {
        self =
            switch number {
            case 1, 58: .icmp
            case 6, 256, 262: .tcp
            case 17: .udp
            case 132: .sctp
            default: .number(number)
            }
    }

    /// Whether a socket of this kind speaks the protocol.
    ///
    /// An AF_UNIX socket speaks both `unix` and `abstract`; the name in a call says which.
    public func isSpoken(by kind: SocketKind) -> Bool {
        switch self {
        case .unix, .abstract: kind.family == .unix
        case .family(let family): kind.family == family
        default: kind.isTCP ? self == .tcp : self == RuleProtocol(internet: kind)
        }
    }

    /// The protocol of an IP socket, nil for every other one.
    init?(internet kind: SocketKind) {
        guard kind.family == .ipv4 || kind.family == .ipv6 else { return nil }
        switch (kind.type, kind.protocolNumber) {
        case (.raw, _): self = .raw
        case (.datagram, 0): self = .udp
        case (.sequentialPacket, 0): self = .sctp
        case (_, let number): self.init(number: number)
        }
    }
}

extension SocketKind {
    /// Whether the socket's traffic is TCP: TCP itself, MPTCP, and SMC, which falls back to it.
    var isTCP: Bool {
        if family == AddressFamily(rawValue: 43) { return true }
        guard family == .ipv4 || family == .ipv6, type == .stream else { return false }
        return [0, 6, 256, 262].contains(protocolNumber)
    }

    /// Whether everything that such a socket sends goes where a judged call said.
    ///
    /// True of TCP, UDP, ICMP echo and AF_UNIX sockets. Other sockets choose destinations in socket
    /// options or in headers of their own, so only a rule that names their protocol, or names no
    /// endpoint at all, allows them anything.
    var isPlain: Bool {
        if family == .unix || isTCP { return true }
        guard family == .ipv4 || family == .ipv6 else { return false }
        return switch (type, protocolNumber) {
        case (.datagram, 0), (.datagram, 17), (.datagram, 1), (.datagram, 58): true
        default: false
        }
    }
}
