/// A policy made ready to be asked often.
///
/// It answers as ``policy`` does, which is the reference, in less time. Each call may be judged by another
/// one, so it is referred to, not copied.
public final class PreparedPolicy: Evaluator, Sendable {
    /// The policy.
    public let policy: Policy

    private let rules: IndexedRules
    /// As ``Policy/possibleSockets``.
    public let possibleSockets: [SocketKind]
    /// As ``Policy/judgesPaths``.
    public let judgesPaths: Bool
    /// As ``Policy/tellsAddressesApart``.
    public let tellsAddressesApart: Bool
    /// As ``Policy/everySocket``.
    public let everySocket: [SocketKind]
    /// As ``Policy/programPatterns``.
    public let programPatterns: [Glob]
    /// As ``Policy/dependsOnSubject``.
    public let dependsOnSubject: Bool

    /// Whether rules could refuse peers.
    public let refusesPeers: Bool
    /// What the rules want to know of processes.
    public let subjectNeeds: Needs

    /// Prepares a policy.
    public init(_ policy: Policy) {
        self.policy = policy
        let rules = IndexedRules(policy)
        self.rules = rules
        judgesPaths = policy.judgesPaths
        tellsAddressesApart = policy.tellsAddressesApart
        everySocket = policy.everySocket
        programPatterns = policy.programPatterns
        dependsOnSubject = policy.dependsOnSubject
        refusesPeers = policy.couldRefuse(.accept)
        subjectNeeds = rules.all.flatMap(\.qualifiers).reduce(into: []) { $0.formUnion($1.needs) }
        possibleSockets = policy.possibleSockets { rules.outcome(of: $0, by: .unknown, policy) }
    }

    /// As ``Policy/decide(_:by:)``.
    public func decide(_ request: Request, by subject: Subject = .unknown) -> Decision {
        if rules.all.isEmpty, policy.source.isEmpty { return policy.decideWithoutRules(request) }
        return outcome(of: request, by: subject).cautious
    }

    /// As ``Policy/answer(to:by:)``.
    public func answer(to request: Request, by subject: Subject = .unknown) -> Answer {
        outcome(of: request, by: subject).answer
    }

    /// As ``Policy/needsSubject(_:)``.
    public func needsSubject(_ request: Request) -> Needs {
        guard dependsOnSubject else { return [] }
        return outcome(of: request, by: .unknown).needs.intersection(.subject)
    }

    private func outcome(of request: Request, by subject: Subject) -> Outcome {
        rules.outcome(of: request, by: subject, policy)
    }
}

/// A policy's rules, found by what they are about.
private struct IndexedRules {
    let all: [Rule]
    private let index: RuleIndex
    /// What each rule decides when it matches.
    private let decisions: [Decision]

    init(_ policy: Policy) {
        all = policy.allRules
        index = RuleIndex(all)
        decisions = all.enumerated().map { policy.decision(of: $1, $0) }
    }

    func outcome(of request: Request, by subject: Subject, _ policy: Policy) -> Outcome {
        policy.outcome(of: request) { request in
            let question = request.question
            return policy.outcome(
                of: request, question: question, by: subject, rules: all,
                candidates: index.candidates(for: question),
                deciding: { decisions[$1] })
        }
    }
}
