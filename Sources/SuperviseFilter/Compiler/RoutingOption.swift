public import SupervisePolicy

/// A socket option by which a socket gets addresses, or its packets go elsewhere, without a judged
/// call.
public struct RoutingOption: Hashable, Sendable {
    /// The option's level.
    public let level: UInt32
    /// The option's number.
    public let number: UInt32
    /// Whether it is "read", by `getsockopt(2)`, which does something all the same.
    public let isRead: Bool

    init(level: UInt32, number: UInt32, isRead: Bool = false) {
        self.level = level
        self.number = number
        self.isRead = isRead
    }

    /// `SCTP_SOCKOPT_BINDX_ADD`.
    static let sctpBinding: [RoutingOption] = [.init(level: 132, number: 100)]

    /// `SCTP_SOCKOPT_CONNECTX_OLD`, `SCTP_SOCKOPT_CONNECTX`, and `SCTP_SOCKOPT_CONNECTX3`, which
    /// connects by `getsockopt(2)`.
    static let sctpConnecting: [RoutingOption] = [
        .init(level: 132, number: 107), .init(level: 132, number: 110),
        .init(level: 132, number: 111, isRead: true),
    ]

    /// `TIPC_GROUP_JOIN`: binds the socket to a group's name, whose members it sends to without one.
    static let tipc: [RoutingOption] = [.init(level: 271, number: 135)]

    /// `IP_LOCAL_PORT_RANGE` (Linux 6.3): the ports among which the kernel chooses for this socket, one
    /// alone if need be, on sockets of both versions.
    ///
    /// With it a `bind` to port 0, or a message of a socket without a port, gets the very port whose
    /// `bind` is refused.
    static let ports: [RoutingOption] = [.init(level: 0, number: 51)]

    /// The options that give packets a route.
    ///
    /// `IP_OPTIONS`, `IPV6_2292RTHDR`, `IPV6_2292PKTOPTIONS`, `IPV6_RTHDR`: a source route's first
    /// stop is what the packets are sent to, whatever the peer. `IPV6_FLOWLABEL_MGR`: a flow label
    /// can have a routing header of its own, for whatever is sent with it.
    static let routes: [RoutingOption] =
        [.init(level: 0, number: 4)] + [5, 6, 32, 57].map { .init(level: 41, number: $0) }

    /// The options that choose the interface, past the one that the destination's route has.
    ///
    /// `SO_BINDTODEVICE`, `SO_BINDTOIFINDEX`, `IP_UNICAST_IF`, `IPV6_UNICAST_IF`, and those of
    /// ``sources``: what is sent to 127.0.0.1 by another interface than the loopback one leaves the
    /// machine, and whoever is there can take it.
    static let interfaces: [RoutingOption] =
        [.init(level: 1, number: 25), .init(level: 1, number: 62), .init(level: 0, number: 50)]
        + [.init(level: 41, number: 76)] + sources

    /// `IPV6_2292PKTINFO` and `IPV6_PKTINFO`: another source address for the socket's packets.
    static let sources: [RoutingOption] = [2, 50].map { .init(level: 41, number: $0) }

    /// The options that make a socket a member of a multicast group, or change its sources there.
    ///
    /// `IP_ADD_MEMBERSHIP`, `IP_BLOCK_SOURCE`, `IP_ADD_SOURCE_MEMBERSHIP`, `IP_MSFILTER`,
    /// `IPV6_ADD_MEMBERSHIP`, `IPV6_JOIN_ANYCAST`, and of both versions `MCAST_JOIN_GROUP`,
    /// `MCAST_BLOCK_SOURCE`, `MCAST_JOIN_SOURCE_GROUP`, `MCAST_MSFILTER`, which sockets of every kind
    /// have, TCP ones too.
    static let groups: [RoutingOption] =
        [35, 38, 39, 41, 42, 43, 46, 48].map { .init(level: 0, number: $0) }
        + [20, 27, 42, 43, 46, 48].map { .init(level: 41, number: $0) }

    /// The options that are refused under a policy: what binds or connects where that could be
    /// refused, whoever made the socket, and what leads packets elsewhere where that makes a
    /// difference to the policy.
    public static func refused(by policy: Policy) -> [RoutingOption] {
        var options: [RoutingOption] = []
        if policy.couldRefuse(.bind, of: .udp) || policy.couldRefuse(.bind, of: .tcp) {
            options += ports
        }
        if policy.couldRefuse(.bind, of: .sctp) { options += sctpBinding }
        if policy.couldRefuse(.connect, of: .sctp) { options += sctpConnecting }
        let group: [Operation] = [.bind, .connect, .send]
        if group.contains(where: { policy.couldRefuse($0, of: .family(.tipc)) }) { options += tipc }
        let forbidden = policy.forbiddenSteering
        if forbidden.contains(.routes) { options += routes }
        if forbidden.contains(.groups) { options += groups }
        if forbidden.contains(.interfaces) {
            options += interfaces
        } else if forbidden.contains(.sources) {
            options += sources
        }
        return options
    }
}

extension PartialEvaluation {
    /// Refuses the options that lead past the rules; to take one back (an empty value) is let
    /// through.
    mutating func setsockopt() -> RegisterDecision {
        let value = graph.when(
            .word(.low(.fifth), .equals(0)), then: .allow, else: door)
        return option(of: routingOptions.filter { !$0.isRead }, then: value)
    }

    /// Refuses the options that do something when they are read.
    mutating func getsockopt() -> RegisterDecision {
        option(of: routingOptions.filter(\.isRead), then: door)
    }

    private mutating func option(
        of options: [RoutingOption], then decision: RegisterDecision
    ) -> RegisterDecision {
        let levels = Set(options.map(\.level)).sorted().map { level in
            DecisionGraph.Run(
                first: level,
                decision: graph.select(
                    .low(.third),
                    values: options.filter { $0.level == level }.map {
                        DecisionGraph.Run(first: $0.number, decision: decision)
                    }, else: .allow))
        }
        return graph.select(.low(.second), values: levels, else: .allow)
    }
}
