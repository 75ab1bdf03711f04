public import SupervisePolicy

/// A socket option by which a socket's packets go elsewhere than a judged call said.
public struct RoutingOption: Hashable, Sendable {
    /// The option's level.
    public let level: UInt32
    /// The option's number.
    public let number: UInt32

    /// The options that make an SCTP socket use further addresses.
    ///
    /// `SCTP_SOCKOPT_BINDX_ADD`, `SCTP_SOCKOPT_CONNECTX_OLD`, `SCTP_SOCKOPT_CONNECTX`.
    static let sctp: [RoutingOption] = [100, 107, 110].map { .init(level: 132, number: $0) }

    /// The options that give packets a route.
    ///
    /// `IP_OPTIONS`, `IPV6_2292RTHDR`, `IPV6_2292PKTOPTIONS`, `IPV6_RTHDR`: a source route's first
    /// stop is what the packets are sent to, whatever the peer.
    static let routes: [RoutingOption] =
        [.init(level: 0, number: 4)] + [5, 6, 57].map { .init(level: 41, number: $0) }

    /// `IPV6_2292PKTINFO` and `IPV6_PKTINFO`: another source address for the socket's packets.
    static let sources: [RoutingOption] = [2, 50].map { .init(level: 41, number: $0) }

    /// The options that are refused under a policy that tells addresses apart.
    public static func refused(by policy: Policy) -> [RoutingOption] {
        let tellsAddresses = policy.allRules.contains { rule in
            if case .internet? = rule.endpoint { true } else { false }
        }
        let route = tellsAddresses ? sctp + routes : []
        guard !policy.source.isEmpty else { return route }
        return (tellsAddresses ? route : sctp) + sources
    }
}

extension PartialEvaluation {
    /// Refuses the options that lead packets past the rules; to take one back (an empty value) is
    /// let through.
    mutating func setsockopt(_ options: [RoutingOption]) -> RegisterDecision {
        let value = graph.when(
            .word(.low(.fifth), .equals(0)), then: .allow, else: .refuse)
        let levels = Set(options.map(\.level)).sorted().map { level in
            DecisionGraph.Run(
                first: level,
                decision: graph.select(
                    .low(.third),
                    values: options.filter { $0.level == level }.map {
                        DecisionGraph.Run(first: $0.number, decision: value)
                    }, else: .allow))
        }
        return graph.select(.low(.second), values: levels, else: .allow)
    }
}
