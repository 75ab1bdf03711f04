/// Ways to have a socket's packets go elsewhere, or come from elsewhere, than its addresses say.
public struct Steering: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A route of the program's own: source routes, addresses that are translated, tunnels.
    public static let routes = Steering(rawValue: 1)
    /// The interface: bound to another one, what is sent to 127.0.0.1 leaves the machine.
    public static let interfaces = Steering(rawValue: 2)
    /// Another source address than the socket's own.
    public static let sources = Steering(rawValue: 4)
    /// Addresses that a message adds to the association that it begins (SCTP).
    public static let associations = Steering(rawValue: 8)
    /// Membership of multicast groups, which the kernel reports to the whole link: the groups and
    /// sources that a program chooses are bytes that leave the machine, and what is sent to them comes.
    public static let groups = Steering(rawValue: 16)
    /// An address with a scope, which binds a socket to the interface too: of link-local hosts, or of
    /// groups.
    public static let scopes = Steering(rawValue: 32)
}

extension Policy {
    /// What would lead past the rules.
    public var forbiddenSteering: Steering {
        var result: Steering = []
        let namesHosts = allRules.contains { rule in
            if case .internet? = rule.endpoint { true } else { false }
        }
        if namesHosts || leavesNoHost { result.insert(.routes) }
        if leavesNoHost || allRules.contains(where: \.allowsSomeHosts) {
            result.insert(.interfaces)
            if !allRules.contains(where: \.allowsGroups) { result.insert(.groups) }
            let scoped = Host.linkLocal.prefixes + Host.multicast.prefixes
            if !allRules.contains(where: { $0.allowsSome(of: scoped) }) { result.insert(.scopes) }
        }
        if !source.isEmpty { result.insert(.sources) }
        if couldRefuse(.connect, of: .sctp) || couldRefuse(.send, of: .sctp) {
            result.insert(.associations)
        }
        return result
    }

    /// Whether nobody may be sent to but by sockets that were connected before.
    private var leavesNoHost: Bool {
        guard network == .off, profile.otherwise == .off else { return false }
        return !allRules.contains { rule in
            guard rule.action == .allow, rule.qualifiers.isEmpty,
                rule.operations.contains(.connect) || rule.operations.contains(.send)
            else { return false }
            switch rule.protocol {
            case nil, .tcp?, .udp?, .raw?: break
            default: return false
            }
            return switch rule.endpoint {
            case nil, .internet(.any, _)?: true
            default: false
            }
        }
    }
}

extension Rule {
    /// Whether it allows something because of the host that it is about.
    fileprivate var allowsSomeHosts: Bool {
        guard action == .allow, case .internet(let host, _)? = endpoint else { return false }
        return host != .any
    }

    /// Whether it allows to send to groups, or names some.
    fileprivate var allowsGroups: Bool {
        if allowsSome(of: Host.multicast.prefixes) { return true }
        guard action == .allow, !operations.isDisjoint(with: .outgoing) else { return false }
        switch self.protocol {
        case .unix?, .abstract?, .family?: return false
        default: break
        }
        return switch endpoint {
        case nil, .internet(.any, _)?: true
        default: false
        }
    }

    /// Whether it allows something because of hosts some of which are among these.
    fileprivate func allowsSome(of prefixes: [IPPrefix]) -> Bool {
        guard allowsSomeHosts, case .internet(let host, _)? = endpoint else { return false }
        return host.prefixes.contains { prefix in
            prefixes.contains { $0.covers(prefix) || prefix.covers($0) }
        }
    }
}

extension SourceAddresses {
    /// Whether a message may not name that source: another one than the socket is to have.
    ///
    /// - Parameter source: Its bytes in network order, 4 or 16.
    /// - Returns: Whether it may not; neither may what is no address.
    public func forbidsSending(from source: [UInt8]) -> Bool {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        let address: IPAddress
        switch source.count {
        case 4: address = .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: number(source[...]))))
        case 16:
            address = IPAddress(
                IPv6Address(high: number(source.prefix(8)), low: number(source.suffix(8))))
        default: return true
        }
        if address.isAny || Host.localhost.contains(address) { return false }
        return switch address {
        case .v4(let address): ipv4 != nil && address != ipv4
        case .v6(let address): ipv6 != nil && address != ipv6
        }
    }
}
