// What the source addresses add to a policy: which local addresses sockets have. Rules come first;
// what they refuse stays refused, and a rule that allows `bind` to an address by name allows it.

extension Policy {
    /// A decision of a rule, or of the boolean, on a `bind`, with what the source addresses make of
    /// it.
    ///
    /// A rule that names addresses has decided about them; one that does not is about ports and
    /// protocols, and leaves the address open.
    func sourced(_ decision: Decision, _ rule: Rule?, _ request: Request) -> Decision {
        guard !source.isEmpty, case .bind(_, let address) = request,
            decision.verdict == .allow, rule?.namesAddresses != true
        else { return decision }
        var result = decision
        switch source.binding(address) {
        case .allowed(let step): result.source = step
        case .refused(let own): result = refusal(own)
        }
        return result
    }

    /// What the source addresses make of what rules say to a `connect`, a `send` or a `listen`.
    func sourced(
        _ outcome: Outcome, _ request: Request, asking: (Request) -> Outcome
    ) -> Outcome {
        guard !source.isEmpty,
            outcome.decision.verdict == .allow || !outcome.needs.isEmpty
        else { return outcome }
        var result = outcome
        switch source.demand(of: request) {
        case .nothing:
            break
        case .knowledge(let needs):
            result.needs.formUnion(needs)
            if !result.cautious.verdict.isDenial { result.cautious = refusal(nil) }
        case .step(let step):
            if result.decision.verdict == .allow { result.decision.source = step }
            if result.cautious.verdict == .allow { result.cautious.source = step }
        case .leave(let kind, let local):
            // Bound elsewhere already, which a rule may have allowed.
            let binding = asking(.bind(.known(kind, local: .unbound), local))
            result.needs.formUnion(binding.needs)
            let refusal = refusal(local)
            func isNamed(_ decision: Decision) -> Bool {
                decision.verdict == .allow && decision.rule != nil && decision.source == nil
            }
            if !isNamed(binding.decision), result.decision.verdict == .allow {
                result.decision = refusal
            }
            if !isNamed(binding.cautious), result.cautious.verdict == .allow {
                result.cautious = refusal
            }
        }
        return result
    }

    private func refusal(_ local: SocketAddress?) -> Decision {
        let own = [source.ipv4.map { $0.description }, source.ipv6.map { $0.description }]
            .compactMap { $0 }.joined(separator: ", ")
        let found = local.map { ", not \($0.endpoint)" } ?? ""
        return Decision(.deny(refusal), Reason(text: "source \(own)\(found)", place: sourcePlace))
    }
}

/// Where the reasons of refusals stand that are the source addresses'.
private let sourcePlace = "source"

extension Decision {
    /// Whether it is a refusal of the source addresses.
    var isOfSource: Bool { verdict.isDenial && reason.place == sourcePlace }
}

extension Rule {
    /// Whether the rule says which addresses it is about.
    var namesAddresses: Bool {
        guard case .internet(let host, _)? = endpoint else { return false }
        return !host.prefixes.allSatisfy { $0.length == 0 }
    }
}

extension SourceAddresses {
    /// What becomes of a `bind`.
    enum Binding: Hashable {
        case allowed(SourceStep?)
        case refused(SocketAddress)
    }

    /// Looks at the address that a `bind` names.
    ///
    /// Whether an AF_INET socket takes AF_UNSPEC for AF_INET makes no difference to others, which
    /// refuse both.
    func binding(_ address: SocketAddress) -> Binding {
        switch address {
        case .unspecifiedIPv4(let local, _) where local.bits == 0:
            return .allowed(ipv4.map { .replaced(.v4($0)) })
        case .ipv4(let local, _):
            return binding(.v4(local), address)
        case .ipv6(let local, _, _):
            let version = IPAddress(local)
            if version == .v6(IPv6Address(high: 0, low: 0)), ipv6 == nil {
                return .allowed(ipv4 == nil ? nil : .ipv6Only)
            }
            return binding(version, address)
        case .unspecified, .unspecifiedIPv4, .unix, .other:
            return .allowed(nil)
        }
    }

    private func binding(_ local: IPAddress, _ address: SocketAddress) -> Binding {
        guard let own = own(for: local) else { return .allowed(nil) }
        if local.isAny { return .allowed(.replaced(own)) }
        return local == own || Host.localhost.contains(local) ? .allowed(nil) : .refused(address)
    }

    /// The address of the same version.
    private func own(for address: IPAddress) -> IPAddress? {
        address.isIPv4 ? ipv4.map { .v4($0) } : ipv6.map { .v6($0) }
    }

    /// What a call asks for that gives a socket a local address on the way.
    enum Demand: Hashable {
        case nothing
        case knowledge(Needs)
        case step(SourceStep)
        /// That a socket may stay bound to an address that is none of these.
        case leave(SocketKind, SocketAddress)
    }

    /// Looks at the socket, and the peer's address, of a call.
    func demand(of request: Request) -> Demand {
        switch request {
        case .connect(let socket, let peer): demand(of: socket, to: peer, sending: false)
        case .send(let socket, let peer): demand(of: socket, to: peer, sending: true)
        case .listen(let socket): demandOfListening(socket)
        case .create, .bind, .accept, .trace: .nothing
        }
    }

    private func demand(of socket: SocketState, to peer: SocketAddress, sending: Bool) -> Demand {
        let isIPv4: Bool
        switch peer {
        case .ipv4: isIPv4 = true
        // A send takes it for AF_INET, on a socket of that family.
        case .unspecifiedIPv4 where sending:
            if let kind = socket.kind, kind.family != .ipv4 { return .nothing }
            isIPv4 = true
        case .ipv6(let address, _, _): isIPv4 = address.mappedIPv4 != nil
        case .unspecified, .unspecifiedIPv4, .unix, .other: return .nothing
        }
        guard (isIPv4 ? ipv4 != nil : ipv6 != nil) else { return .nothing }
        guard let kind = socket.kind else { return .knowledge([.socket, .local]) }
        // Others refuse such an address, and a stream that is connected does not look at it.
        guard kind.hasSource, kind.family != .ipv4 || peer.family != .ipv6,
            !sending || kind.type != .stream && kind.type != .sequentialPacket
        else { return .nothing }
        return demand(of: socket, kind, isIPv4: isIPv4)
    }

    private func demandOfListening(_ socket: SocketState) -> Demand {
        guard case .known(let kind, let isListening, _) = socket else {
            return .knowledge([.socket, .local])
        }
        guard kind.hasSource, !isListening,
            kind.type == .stream || kind.type == .sequentialPacket
        else { return .nothing }
        if kind.isIPv6, ipv6 == nil {
            switch socket.local {
            case .unknown: return .knowledge(.local)
            case .unbound: return ipv4 == nil ? .nothing : .step(.ipv6Only)
            // It was for IPv4 too when it was bound, if anybody let it.
            case .bound: return .nothing
            }
        }
        guard kind.isIPv6 || ipv4 != nil else { return .nothing }
        return demand(of: socket, kind, isIPv4: !kind.isIPv6)
    }

    /// A call that the kernel would choose a local address for, of this version.
    private func demand(of socket: SocketState, _ kind: SocketKind, isIPv4: Bool) -> Demand {
        let own: IPAddress? = isIPv4 ? ipv4.map { .v4($0) } : ipv6.map { .v6($0) }
        guard let own else { return .nothing }
        let address: SocketAddress
        switch socket.local {
        case .unknown: return .knowledge(.local)
        case .unbound: return .step(.bound(own))
        case .bound(let bound): address = bound
        }
        let local: IPAddress
        switch address {
        case .ipv4(let bound, _): local = .v4(bound)
        case .ipv6(let bound, _, _): local = IPAddress(bound)
        default: return .nothing
        }
        // What a raw socket shows as its port is its protocol.
        if kind.type == .raw, local.isAny { return .step(.bound(own)) }
        // One that is for IPv4 by its address stays so, whatever the peer.
        if local == self.own(for: local) || Host.localhost.contains(local) { return .nothing }
        if self.own(for: local) == nil, !local.isAny { return .nothing }
        return .leave(kind, address)
    }
}

extension SocketKind {
    /// Whether it is bound to IP addresses: the two families, and AF_SMC, which is TCP.
    fileprivate var hasSource: Bool { family == .ipv4 || family == .ipv6 || family == .smc }

    /// Whether its own addresses are of IPv6; SMCPROTO_SMC6 is 1.
    public var isIPv6: Bool { family == .ipv6 || family == .smc && protocolNumber == 1 }
}
