/// A protocol family of `socket(2)`, the number that also begins a socket address.
///
/// The kernel keeps it in 16 bits in addresses and in an `int` in `socket(2)`.
public struct AddressFamily: RawRepresentable, Hashable, Sendable {
    /// The number, `AF_...` in `<linux/socket.h>`.
    public let rawValue: UInt16

    /// Makes a family of its number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// `AF_UNSPEC`: no family; `connect(2)` with it dissolves an association.
    public static let unspecified = AddressFamily(rawValue: 0)
    /// `AF_UNIX`.
    public static let unix = AddressFamily(rawValue: 1)
    /// `AF_INET`.
    public static let ipv4 = AddressFamily(rawValue: 2)
    /// `AF_INET6`.
    public static let ipv6 = AddressFamily(rawValue: 10)
    /// `AF_NETLINK`.
    public static let netlink = AddressFamily(rawValue: 16)
    /// `AF_PACKET`.
    public static let packet = AddressFamily(rawValue: 17)
    /// `AF_TIPC`.
    public static let tipc = AddressFamily(rawValue: 30)
    /// `AF_VSOCK`.
    public static let vsock = AddressFamily(rawValue: 40)

    /// `AF_MAX`: the first number that no family has (Linux 5.15 to 6.18).
    ///
    /// Numbers from here on are answered EAFNOSUPPORT, as these kernels do; a later kernel's new
    /// family is so refused rather than let through unknown.
    public static let limit: UInt16 = 46

    /// The families with a name of their own in rules and logs.
    private static let names: [(UInt16, String)] = [
        (0, "unspec"), (1, "unix"), (2, "ipv4"), (3, "ax25"), (4, "ipx"), (5, "appletalk"),
        (6, "netrom"), (9, "x25"), (10, "ipv6"), (11, "rose"), (15, "key"), (16, "netlink"),
        (17, "packet"), (20, "atmsvc"), (21, "rds"), (24, "pppox"), (26, "llc"), (27, "ib"),
        (28, "mpls"), (29, "can"), (30, "tipc"), (31, "bluetooth"), (33, "rxrpc"),
        (35, "phonet"), (36, "ieee802154"), (37, "caif"), (38, "alg"), (39, "nfc"),
        (40, "vsock"), (41, "kcm"), (42, "qipcrtr"), (43, "smc"), (44, "xdp"), (45, "mctp"),
    ]

    /// The family's name in rules and logs, `family-N` where it has none.
    public var name: String {
        for (number, name) in Self.names where number == rawValue {
            return name
        }
        return "family-\(rawValue)"
    }
}
