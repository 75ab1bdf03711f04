extension Policy {
    /// Whether the verdict on a call differs between the sockets that its descriptor could name.
    ///
    /// Those are the kinds of sockets that the policy lets some process make, and the inherited ones
    /// that the caller knows of. Where it is false, the address alone decides, and another thread
    /// gains nothing by putting another socket in the descriptor's place.
    ///
    /// - Parameters:
    ///   - operation: `bind`, `connect` or `send`; what `listen` and `accept` do depends on the
    ///     socket always, what the others do never.
    ///   - address: The address in the call.
    ///   - subject: Who makes it.
    ///   - inherited: Kinds of sockets that came into the tree in other ways.
    /// - Returns: Whether the socket has to be known, and to stay the same.
    public func verdictDependsOnSocket(
        _ operation: Operation, _ address: SocketAddress, by subject: Subject = .unknown,
        inherited: [SocketKind] = []
    ) -> Bool {
        let request: (SocketState) -> Request
        switch operation {
        case .create, .trace: return false
        case .listen, .accept: return true
        case .bind: request = { .bind($0, address) }
        case .connect: request = { .connect($0, address) }
        case .send: request = { .send($0, address) }
        }
        let unknown = request(.unknown)
        if case .decided = answer(to: unknown, by: subject) {
            // But names are another matter to AF_UNIX stream sockets, which do not look at them.
            guard operation == .send else { return false }
        }
        var verdict: Verdict?
        for kind in possibleSockets + inherited where kind.heeds(address, in: operation) {
            guard case .decided(let decision) = answer(to: request(.known(kind)), by: subject)
            else { return true }
            if let verdict, decision.verdict != verdict { return true }
            verdict = decision.verdict
        }
        return false
    }

    /// The kinds of sockets that differ for rules and that the policy lets some process make.
    public var possibleSockets: [SocketKind] {
        (SocketKind.samples + SocketKind.samples(of: allRules)).filter { kind in
            let outcome = outcome(of: .create(kind), by: .unknown)
            return !outcome.needs.isEmpty || outcome.decision.verdict == .allow
        }
    }
}

extension SocketKind {
    /// A socket of each kind that rules tell apart.
    static let samples: [SocketKind] =
        [.ipv4, .ipv6].flatMap { family in
            [
                (.stream, 6), (.stream, 262), (.datagram, 17), (.datagram, 1), (.stream, 132),
                (.raw, 255),
            ]
            .map { (type: SocketType, number: Int32) in
                SocketKind(family: family, type: type, protocolNumber: number)
            }
        }
        + (0..<AddressFamily.limit).map(AddressFamily.init(rawValue:))
        .filter { $0 != .ipv4 && $0 != .ipv6 }
        .flatMap { family in
            [SocketType.stream, .datagram].map { SocketKind(family: family, type: $0) }
        }

    /// A socket of each protocol that rules name by its number.
    static func samples(of rules: [Rule]) -> [SocketKind] {
        rules.flatMap { rule in
            guard case .number(let number)? = rule.protocol else { return [SocketKind]() }
            return [AddressFamily.ipv4, .ipv6].flatMap { family in
                [SocketType.stream, .datagram].map {
                    SocketKind(family: family, type: $0, protocolNumber: number)
                }
            }
        }
    }

    /// Whether the kernel does something with such an address on such a socket.
    ///
    /// Otherwise its error stands, whatever the verdict.
    func heeds(_ address: SocketAddress, in operation: Operation) -> Bool {
        switch (family, address) {
        case (.unix, .unix): operation != .send || type == .datagram || type == .raw
        case (.unix, .unspecified), (.unix, .unspecifiedIPv4): operation == .connect
        case (.unix, _): false
        case (_, .unix): operation == .send && family != .ipv4 && family != .ipv6
        case (.ipv4, .ipv6): false
        default: true
        }
    }
}
