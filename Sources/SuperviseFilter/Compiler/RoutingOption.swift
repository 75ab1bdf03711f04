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

    /// The options that give packets a route.
    ///
    /// `IP_OPTIONS`, `IPV6_2292RTHDR`, `IPV6_2292PKTOPTIONS`, `IPV6_RTHDR`: a source route's first
    /// stop is what the packets are sent to, whatever the peer.
    static let routes: [RoutingOption] =
        [.init(level: 0, number: 4)] + [5, 6, 57].map { .init(level: 41, number: $0) }

    /// `IPV6_2292PKTINFO` and `IPV6_PKTINFO`: another source address for the socket's packets.
    static let sources: [RoutingOption] = [2, 50].map { .init(level: 41, number: $0) }

    /// The options that are refused under a policy: what binds or connects where that could be
    /// refused, whoever made the socket, and what leads packets elsewhere where addresses are told
    /// apart.
    public static func refused(by policy: Policy) -> [RoutingOption] {
        var options: [RoutingOption] = []
        if policy.couldRefuse(.bind, of: .sctp) { options += sctpBinding }
        if policy.couldRefuse(.connect, of: .sctp) { options += sctpConnecting }
        let group: [Operation] = [.bind, .connect, .send]
        if group.contains(where: { policy.couldRefuse($0, of: .family(.tipc)) }) { options += tipc }
        let tellsAddresses = policy.allRules.contains { rule in
            if case .internet? = rule.endpoint { true } else { false }
        }
        if tellsAddresses { options += routes }
        return policy.source.isEmpty ? options : options + sources
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
