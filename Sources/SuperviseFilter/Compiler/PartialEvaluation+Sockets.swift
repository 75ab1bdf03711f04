import SupervisePolicy

/// The evaluator's answers to new sockets, each class of them asked about once.
struct SocketAnswers: Sendable {
    let classes: SocketClasses
    private let policy: PreparedPolicy
    /// Few, for as few classes are there.
    private var known: [(kind: SocketKind, answer: Answer)] = []

    init(_ policy: Policy) {
        classes = SocketClasses(of: policy)
        self.policy = PreparedPolicy(policy)
    }

    /// The answer to a new socket.
    mutating func answer(_ kind: SocketKind) -> Answer {
        let kind = classes.representative(of: kind)
        if let known = known.first(where: { $0.kind == kind }) { return known.answer }
        let answer = policy.answer(to: .create(kind))
        known.append((kind, answer))
        return answer
    }
}

/// New sockets: decided by family, type and protocol.
extension PartialEvaluation {
    /// The evaluator's answer by family, type and protocol.
    mutating func creation(
        unknownFamily: RegisterDecision, unknownType: RegisterDecision, answersDenied: Bool
    ) -> RegisterDecision {
        // A family is an int; a negative one is a great number here and as unknown as that.
        var families: [DecisionGraph.Run] = []
        families.reserveCapacity(Int(AddressFamily.limit) + 1)
        // Families that are not told apart from one another have the decision of the first.
        var decisions: [(family: AddressFamily, decision: RegisterDecision)] = []
        for number in 0..<AddressFamily.limit {
            let family = AddressFamily(rawValue: number)
            let kind = SocketKind(family: family, type: .stream)
            let representative = creations.classes.representative(of: kind).family
            let decision: RegisterDecision
            if let known = decisions.first(where: { $0.family == representative }) {
                decision = known.decision
            } else {
                decision = self.creation(
                    of: family, unknown: unknownType, answersDenied: answersDenied)
                decisions.append((representative, decision))
            }
            families.append(
                DecisionGraph.Run(
                    first: UInt32(number), decision: decision, meaning: Meaning(.family(family))))
        }
        families.append(
            DecisionGraph.Run(first: UInt32(AddressFamily.limit), decision: unknownFamily))
        return graph.select(.low(.first), families)
    }

    /// The decision on one family's sockets, by type and protocol.
    private mutating func creation(
        of family: AddressFamily, unknown: RegisterDecision, answersDenied: Bool
    ) -> RegisterDecision {
        var types: [DecisionGraph.Run] = []
        for number in 0..<SocketType.limit {
            let type = SocketType(rawValue: number)
            let asked = SocketKind(asked: family, type, 0)
            // A protocol is an int, too.
            var protocols: [DecisionGraph.Run] = []
            for bound in creations.classes.protocols(of: asked.family) {
                let kind = SocketKind(asked: family, type, Int32(bitPattern: bound))
                protocols.append(
                    DecisionGraph.Run(
                        first: bound, decision: decision(on: kind, answersDenied: answersDenied),
                        meaning: bound == 0 ? nil : Meaning(.protocol(kind.protocolName))))
            }
            types.append(
                DecisionGraph.Run(
                    first: UInt32(number), decision: graph.select(.low(.third), protocols)))
        }
        types.append(
            DecisionGraph.Run(first: UInt32(bitPattern: SocketType.limit), decision: unknown))
        return graph.select(.low(.second, mask: SocketType.mask), types)
    }

    /// Whether the tracer has threads make such a socket, to give them its page.
    ///
    /// The filter does not know who asks; the tracer refuses all but its own.
    private func isForErrands(_ kind: SocketKind) -> Bool {
        page != nil && kind.family == .unix && kind.type == .datagram
    }

    /// Whether the tracer makes such a socket deaf to some peers before anybody has it.
    private func guardsPeers(of kind: SocketKind) -> Bool {
        mode == .enforce && couldRefuse.contains(.accept)
            && PeerFilter.guardsNew(kind, under: policy)
    }

    private mutating func decision(
        on kind: SocketKind, answersDenied: Bool
    ) -> RegisterDecision {
        switch creations.answer(kind) {
        // Who asks decides.
        case .needs: .trace
        case .decided(let decision):
            switch decision.verdict {
            case .allow: watching == .everything || guardsPeers(of: kind) ? .trace : .allow
            case .deny(let error):
                if isForErrands(kind) {
                    .trace
                } else {
                    answersDenied ? graph.failure(error) : .trace
                }
            }
        }
    }
}
