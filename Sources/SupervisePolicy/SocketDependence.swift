extension Policy: Evaluator {
    /// The kinds of sockets that differ for rules and that the policy lets some process make.
    public var possibleSockets: [SocketKind] {
        possibleSockets { outcome(of: $0, by: .unknown) }
    }

    /// A socket of each kind that the rules tell apart.
    public var everySocket: [SocketKind] { SocketKind.samples(for: allRules) }

    func possibleSockets(asking: (Request) -> Outcome) -> [SocketKind] {
        everySocket.filter { kind in
            let outcome = asking(.create(kind))
            return !outcome.needs.isEmpty || outcome.decision.verdict == .allow
        }
    }
}

/// Whether verdicts differ between the sockets that a descriptor could name.
struct SocketDependence {
    let isGiven: Bool

    init(
        _ operation: Operation, _ address: SocketAddress, among kinds: [SocketKind],
        asking: (Request) -> Answer
    ) {
        func request(_ socket: SocketState) -> Request? {
            switch operation {
            case .bind: .bind(socket, address)
            case .connect: .connect(socket, address)
            case .send: .send(socket, address)
            case .create, .listen, .accept, .trace: nil
            }
        }
        guard let unknown = request(.unknown) else {
            isGiven = operation == .listen || operation == .accept
            return
        }
        if case .decided = asking(unknown) {
            isGiven = false
            return
        }
        var first: Decision?
        for kind in kinds where kind.heeds(address, in: operation) {
            guard let known = request(.known(kind)), case .decided(let decision) = asking(known),
                first.map({ $0.hasEffect(of: decision) }) ?? true
            else {
                isGiven = true
                return
            }
            first = decision
        }
        isGiven = false
    }
}

extension SocketKind {
    /// A socket of each kind that the rules tell apart.
    static func samples(for rules: [Rule]) -> [SocketKind] {
        var internet: [(SocketType, Int32)] = [
            (.stream, 6), (.stream, 262), (.datagram, 17), (.datagram, 1), (.stream, 132),
            (.raw, 255),
        ]
        var families: Set<AddressFamily> = []
        for rule in rules {
            switch rule.protocol {
            case .number(let number)?: internet += [(.stream, number), (.datagram, number)]
            case .family(let family)?: families.insert(family)
            default: break
            }
        }
        // One for all that no rule names.
        let other = (0..<AddressFamily.limit).map(AddressFamily.init(rawValue:)).last {
            !families.contains($0) && $0 != .unix && $0 != .ipv4 && $0 != .ipv6
        }
        if let other { families.insert(other) }
        return [AddressFamily.ipv4, .ipv6].flatMap { family in
            internet.map { SocketKind(family: family, type: $0, protocolNumber: $1) }
        }
            + [SocketType.stream, .datagram].map { SocketKind(family: .unix, type: $0) }
            + families.map { SocketKind(family: $0, type: .datagram) }
    }

    /// Whether the kernel does something with such an address on such a socket.
    ///
    /// Otherwise its error stands, whatever the verdict.
    func heeds(_ address: SocketAddress, in operation: Operation) -> Bool {
        switch (family, address) {
        case (.unix, .unix): operation != .send || type == .datagram || type == .raw
        case (.unix, .unspecified), (.unix, .unspecifiedIPv4): operation == .connect
        case (.unix, _): false
        case (_, .unix) where operation == .bind: bindsAnyFamily
        case (_, .unix): operation == .send && family != .ipv4 && family != .ipv6
        case (.ipv4, .ipv6): false
        case (.ipv4, .other), (.ipv6, .other): operation != .bind
        default: true
        }
    }
}
