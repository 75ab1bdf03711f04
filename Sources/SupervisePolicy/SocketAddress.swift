/// A socket address as the kernel reads it, decoded from the bytes of a `struct sockaddr`.
///
/// Decoding is total: every sequence of at least two bytes is one of these.
public enum SocketAddress: Hashable, Sendable {
    /// `AF_UNSPEC`.
    case unspecified
    /// `AF_UNSPEC`, at least 16 bytes long: how an AF_INET socket reads it where it takes it for
    /// AF_INET, as `bind` to any address and sends do.
    case unspecifiedIPv4(IPv4Address, port: UInt16)
    /// `AF_INET`, at least 16 bytes long.
    case ipv4(IPv4Address, port: UInt16)
    /// `AF_INET6`, at least 24 bytes long; the scope is 0 where the address ends before it.
    case ipv6(IPv6Address, port: UInt16, scope: UInt32)
    /// `AF_UNIX`.
    case unix(UnixName)
    /// Another family, or one of the above in a form the kernel finds too short or too long.
    case other(AddressFamily)

    /// The family in the address's first two bytes.
    public var family: AddressFamily {
        switch self {
        case .unspecified, .unspecifiedIPv4: .unspecified
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        case .other(let family): family
        }
    }

    /// The endpoint in the rule grammar, safe to show: `127.0.0.1:80`, `[::1]:80`, `/run/x`, `@name`.
    ///
    /// A relative path begins with `./` or `../`, so that no file named `@name` passes for an
    /// abstract name, nor one named `autobind` for none.
    public var endpoint: String {
        switch self {
        case .unspecified, .unspecifiedIPv4: "unspec"
        case .ipv4(let address, let port): "\(address):\(port)"
        case .ipv6(let address, let port, 0): "[\(address)]:\(port)"
        case .ipv6(let address, let port, let scope): "[\(address)%\(scope)]:\(port)"
        case .unix(.path(let bytes)):
            (Self.isPlainlyPath(bytes) ? "" : "./") + EscapedText.escape(bytes)
        case .unix(.abstract(let bytes)): "@" + EscapedText.escape(bytes)
        case .unix(.unnamed): "autobind"
        case .other(let family): family.name
        }
    }

    /// Whether a path can be nothing else.
    private static func isPlainlyPath(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: "/".utf8) || bytes.starts(with: "./".utf8)
            || bytes.starts(with: "../".utf8)
    }
}

/// The name in an `AF_UNIX` address, `unix(7)`.
public enum UnixName: Hashable, Sendable {
    /// A name in the file system: the bytes before the first NUL, never empty.
    case path([UInt8])
    /// A name in the abstract name space: the bytes after the leading NUL, all of them.
    case abstract([UInt8])
    /// The family alone (length 2): asks `bind(2)` for a name of the kernel's choice.
    case unnamed
}
