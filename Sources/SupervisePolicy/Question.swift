/// A request in normal form: what rules are compared with.
struct Question: Hashable {
    var operation: Operation
    /// The socket's kind, nil where it is not known.
    var kind: SocketKind?
    var target: Target
}

/// What a call names, as the kernel would take it.
enum Target: Hashable {
    /// Nothing that an endpoint could fit: a new socket, another process, a name that the socket
    /// does not look at.
    case nothing
    /// It is not known.
    case unknown
    /// An address, and a port where it is known.
    case internet(IPAddress, port: UInt16?)
    /// A name in the file system.
    case path([UInt8])
    /// A name in the abstract name space.
    case abstract([UInt8])
    /// The AF_UNIX family alone.
    case unnamed
    /// AF_UNSPEC, where the kernel does not take it for AF_INET.
    case unspecified
    /// An address of another family.
    case other(AddressFamily)
}

extension Request {
    /// The question that the request puts to rules.
    var question: Question {
        switch self {
        case .create(let kind): Question(operation: .create, kind: kind, target: .nothing)
        case .bind(let socket, let address):
            Question(
                operation: .bind, kind: socket.kind,
                target: Target(naming: address, socket, reading: { $0.bits == 0 }))
        case .connect(let socket, let address):
            Question(
                operation: .connect, kind: socket.kind,
                target: Target(naming: address, socket, reading: { _ in false }).reached(socket))
        case .send(let socket, let address):
            Question(operation: .send, kind: socket.kind, target: Target(sending: socket, address))
        case .accept(let socket, let peer):
            Question(
                operation: .accept, kind: socket.kind,
                target: Target(naming: peer, socket, reading: { _ in false })
                    .at(Target(local: socket).port))
        case .listen(let socket):
            Question(operation: .listen, kind: socket.kind, target: Target(local: socket))
        case .trace: Question(operation: .trace, kind: nil, target: .nothing)
        }
    }

    /// What the kernel would do before: a `listen` on an IP socket that has no port binds it to
    /// one of the kernel's choice.
    ///
    /// There is none where the socket is known to have a port, or takes connections already. Of a
    /// socket that is not known there are those of both versions.
    var earlierRequests: [Request] {
        guard case .listen(let socket) = self else { return [] }
        let ipv4 = SocketAddress.ipv4(IPv4Address(bits: 0), port: 0)
        let ipv6 = SocketAddress.ipv6(IPv6Address(high: 0, low: 0), port: 0, scope: 0)
        switch socket {
        case .unknown: return [.bind(.unknown, ipv4), .bind(.unknown, ipv6)]
        case .known(_, true, _): return []
        case .known(let kind, _, _) where kind.family == .unix: return []
        // It has an address, and still no port (IP_BIND_ADDRESS_NO_PORT).
        case .known(let kind, _, .bound(.ipv4(let own, port: 0))):
            return [.bind(.known(kind, local: .unbound), .ipv4(own, port: 0))]
        case .known(let kind, _, .bound(.ipv6(let own, port: 0, let scope))):
            return [.bind(.known(kind, local: .unbound), .ipv6(own, port: 0, scope: scope))]
        case .known(_, _, .bound): return []
        case .known(let kind, _, _):
            return [.bind(.known(kind, local: .unbound), kind.family == .ipv6 ? ipv6 : ipv4)]
        }
    }
}

extension Target {
    /// An address as `bind` and `connect` take it.
    ///
    /// `reading` says whether an AF_INET socket takes AF_UNSPEC with that address for AF_INET.
    init(naming address: SocketAddress, _ socket: SocketState, reading: (IPv4Address) -> Bool) {
        self =
            switch address {
            case .unspecified: .unspecified
            case .unspecifiedIPv4(let address, let port):
                if !reading(address) {
                    .unspecified
                } else if let kind = socket.kind {
                    kind.family == .ipv4 ? .internet(.v4(address), port: port) : .unspecified
                } else {
                    .unknown
                }
            case .ipv4(let address, let port): .internet(.v4(address), port: port)
            case .ipv6(let address, let port, _): .internet(IPAddress(address), port: port)
            case .unix(.path(let name)): .path(name)
            case .unix(.abstract(let name)): .abstract(name)
            case .unix(.unnamed): .unnamed
            case .other(let family): .other(family)
            }
    }

    /// A destination, which the socket may not look at.
    init(sending socket: SocketState, _ address: SocketAddress) {
        if let kind = socket.kind, kind.family == .unix, kind.type != .datagram, kind.type != .raw {
            self = .nothing
            return
        }
        // What it says is known to who reads it as AF_INET6.
        if socket.kind?.takesUnspecifiedForIPv6 == true, address.family == .unspecified {
            self = .unknown
            return
        }
        self = Target(naming: address, socket, reading: { _ in true }).reached(socket)
    }

    /// A socket's own address.
    init(local socket: SocketState) {
        guard let kind = socket.kind else {
            self = .unknown
            return
        }
        self = Target(local: socket.local, kind)
    }

    init(local: LocalName, _ kind: SocketKind) {
        switch local {
        case .unknown: self = .unknown
        case .bound(let address):
            self = Target(naming: address, .known(kind), reading: { _ in true })
        case .unbound:
            self =
                switch kind.family {
                case .unix: .unnamed
                case .ipv6: .internet(.v6(IPv6Address(high: 0, low: 0)), port: 0)
                default: .internet(.v4(IPv4Address(bits: 0)), port: 0)
                }
        }
    }

    /// The target where the kernel takes "any address" for this host.
    ///
    /// IPv4 takes the address that the socket is bound to, else 127.0.0.1; IPv6 takes ::1, but
    /// 127.0.0.1 where the socket is bound to an IPv4-mapped address. A socket that is bound to a
    /// multicast address has that to receive only. Where the kernel would take another one (that of
    /// an interface, `SO_BINDTODEVICE` or `IP_PKTINFO`), it is given this one: ``Wording``.
    func reached(_ socket: SocketState) -> Target {
        guard case .internet(let address, let port) = self, address.isAny else { return self }
        let localhost = IPAddress.v4(IPv4Address(bits: 0x7f00_0001))
        switch (address, Target(local: socket)) {
        case (_, .unknown): return .unknown
        case (.v4, .internet(.v4(let own), _)) where own.isSource:
            return .internet(.v4(own), port: port)
        case (.v4, _), (_, .internet(.v4, _)): return .internet(localhost, port: port)
        default: return .internet(.v6(IPv6Address(high: 0, low: 1)), port: port)
        }
    }

    /// The same address with another port.
    func at(_ port: UInt16?) -> Target {
        guard case .internet(let address, _) = self else { return self }
        return .internet(address, port: port)
    }

    var port: UInt16? {
        if case .internet(_, let port) = self { port } else { nil }
    }
}

extension IPv4Address {
    /// Whether a socket that is bound to it sends from it: `inet_bind` takes none of the others for
    /// more than what is received.
    fileprivate var isSource: Bool {
        bits != 0 && bits != .max && !Host.multicast.contains(.v4(self))
    }
}
