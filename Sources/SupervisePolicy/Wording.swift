/// How the address in a request has to be written, so that the kernel takes it for what was judged.
///
/// A socket can change while a call on it is under way, the very one that was judged: whoever shares
/// it can bind it, connect it, bind it to an interface, and make one of IPv6 one of IPv4
/// (`IPV6_ADDRFORM`). What an address means must then not depend on what it is by now.
public enum Wording: Hashable, Sendable {
    /// As it is.
    case same
    /// Nothing but its family, AF_UNSPEC: a socket of IPv6 takes both for no destination, one of
    /// IPv4 refuses it.
    case familyOnly
    /// Of a family that no socket takes, as this one does not take AF_UNSPEC.
    case noFamily
    /// With this address in the place of "any address".
    case reached(IPAddress)
}

extension Request {
    /// How the request's address has to be written.
    ///
    /// - Parameter tellsAddressesApart: ``Policy/tellsAddressesApart``. Where rules do not ask for
    ///   the address, "any address" stays what it is.
    /// - Returns: The wording, for a request that is allowed.
    public func wording(tellsAddressesApart: Bool) -> Wording {
        switch self {
        case .bind(let socket, .unspecifiedIPv4(let address, _)) where address.bits == 0:
            return socket.kind?.mayBecomeIPv4 == true ? .noFamily : .same
        case .send(let socket, .unspecifiedIPv4) where socket.kind?.mayBecomeIPv4 == true:
            return .familyOnly
        case .connect(let socket, let address):
            guard tellsAddressesApart else { return .same }
            return Target(naming: address, socket, reading: { _ in false }).wording(socket)
        case .send(let socket, let address):
            guard tellsAddressesApart else { return .same }
            return Target(naming: address, socket, reading: { _ in true }).wording(socket)
        case .create, .bind, .listen, .accept, .trace: return .same
        }
    }
}

extension Target {
    /// How "any address" is written as a destination: as the one that was judged.
    fileprivate func wording(_ socket: SocketState) -> Wording {
        guard case .internet(let own, _) = self, own.isAny,
            case .internet(let address, _) = reached(socket)
        else { return .same }
        return .reached(address)
    }
}

extension SocketKind {
    /// Whether `IPV6_ADDRFORM` makes a socket of IPv4 of it: TCP, UDP and UDP-Lite.
    fileprivate var mayBecomeIPv4: Bool {
        family == .ipv6 && type != .raw && [0, 6, 17, 136].contains(protocolNumber)
    }

    /// Whether a destination of AF_UNSPEC is one of AF_INET6 to it: `rawv6_sendmsg` and
    /// `l2tp_ip6_sendmsg` refuse only other families than these two.
    public var takesUnspecifiedForIPv6: Bool {
        family == .ipv6 && (type == .raw || protocolNumber == 115)
    }
}

extension Policy {
    /// Whether rules are about some addresses of the internet and not about others.
    public var tellsAddressesApart: Bool { allRules.contains { $0.namesAddresses } }
}
