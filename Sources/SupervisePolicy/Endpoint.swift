/// What a rule is about on the far or the near side of a socket.
public enum Endpoint: Hashable, Sendable {
    /// IP addresses, and the ports there; nil is every port.
    case internet(Host, PortList?)
    /// AF_UNIX names in the file system.
    case path(Glob)
    /// AF_UNIX names in the abstract name space, without the leading NUL.
    case abstractName(Glob)
    /// AF_UNIX without a name: autobind.
    case unnamed
    /// AF_UNSPEC: a `connect` that dissolves an association, or a `bind` that means nothing.
    case unspecified
}

extension Endpoint {
    /// Whether calls with the protocol have such endpoints.
    func belongs(to protocol: RuleProtocol) -> Bool {
        switch self {
        case .internet: ![.unix, .abstract].contains(`protocol`)
        case .path, .unnamed: `protocol` == .unix
        case .abstractName: `protocol` == .abstract
        case .unspecified: true
        }
    }
}

/// The IP addresses that a rule is about.
public enum Host: Hashable, Sendable {
    /// Every address.
    case any
    /// The host itself: 127.0.0.0/8 and ::1.
    case localhost
    /// Networks without a way to the internet: RFC 1918, RFC 6598 (100.64.0.0/10) and RFC 4193.
    case privateNetworks
    /// 169.254.0.0/16 and fe80::/10, where clouds keep their metadata.
    case linkLocal
    /// 224.0.0.0/4 and ff00::/8.
    case multicast
    /// An address or a network.
    case prefix(IPPrefix)
    /// A set of the policy file, by its name and with its addresses.
    case set(String, NetworkSet)

    /// The addresses.
    public var prefixes: [IPPrefix] {
        switch self {
        case .any: Self.anyPrefixes
        case .localhost: Self.localhostPrefixes
        case .privateNetworks: Self.privatePrefixes
        case .linkLocal: Self.linkLocalPrefixes
        case .multicast: Self.multicastPrefixes
        case .prefix(let prefix): [prefix]
        case .set(_, let set): set.prefixes
        }
    }

    /// Whether the address is one of them.
    public func contains(_ address: IPAddress) -> Bool {
        switch self {
        case .any: true
        case .prefix(let prefix): prefix.contains(address)
        case .set(_, let set): set.contains(address)
        default: prefixes.contains { $0.contains(address) }
        }
    }

    /// The hosts with a name of their own, by that name.
    public static let named: [(name: String, host: Host)] = [
        ("any", .any), ("localhost", .localhost), ("private", .privateNetworks),
        ("link-local", .linkLocal), ("multicast", .multicast),
    ]

    private static let anyPrefixes: [IPPrefix] = [.v4(0, 0), .v6(0, 0)]
    private static let localhostPrefixes: [IPPrefix] = [.v4(0x7f00_0000, 8), .v6(0, 128, low: 1)]
    private static let privatePrefixes: [IPPrefix] = [
        .v4(0x0a00_0000, 8), .v4(0xac10_0000, 12), .v4(0xc0a8_0000, 16), .v4(0x6440_0000, 10),
        .v6(0xfc00 << 48, 7),
    ]
    private static let linkLocalPrefixes: [IPPrefix] = [
        .v4(0xa9fe_0000, 16), .v6(0xfe80 << 48, 10),
    ]
    private static let multicastPrefixes: [IPPrefix] = [.v4(0xe000_0000, 4), .v6(0xff00 << 48, 8)]
}
