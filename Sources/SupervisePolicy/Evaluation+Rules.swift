/// A decision, or what has to be known for one.
public enum Answer: Hashable, Sendable {
    /// It is decided, whatever is not known.
    case decided(Decision)
    /// The verdict depends on this; at least a part of it is not known yet.
    case needs(Needs)
}

/// What rules make of a request.
struct Outcome: Hashable {
    /// The decision as far as everything that matters is known.
    var decision: Decision
    /// What else the verdict depends on; empty where nothing can change it.
    var needs: Needs = []
    /// The decision if what is not known is as bad as it can be.
    var cautious: Decision

    init(_ decision: Decision) {
        self.decision = decision
        cautious = decision
    }

    /// A decision, with those that rules before it make if they match.
    init(_ decision: Decision, behind possible: [Decision], needs: Needs) {
        self.init(decision)
        guard possible.contains(where: { !$0.hasEffect(of: decision) }) else { return }
        self.needs = needs
        guard !decision.verdict.isDenial else {
            cautious = possible.first { $0.verdict.isDenial } ?? decision
            return
        }
        cautious =
            possible.first { $0.verdict.isDenial } ?? possible.first { $0.source != nil }
            ?? decision
    }

    var answer: Answer { needs.isEmpty ? .decided(decision) : .needs(needs) }
}

extension Policy {
    /// Asks the rules in their order, and where none matches the boolean.
    func outcome(of request: Request, by subject: Subject) -> Outcome {
        let rules = allRules
        return outcome(of: request) { request in
            outcome(
                of: request, question: request.question, by: subject, rules: rules,
                // A socket is of no use for what earlier rules refuse.
                candidates: rules.indices.lazy.filter {
                    request.operation != .create || rules[$0].namesCreation
                        || rules[$0].couldAllow(behind: rules[..<$0])
                }, deciding: decision)
        }
    }

    /// Asks rules in the order of their numbers.
    ///
    /// The candidates are those that could match at least.
    func outcome(
        of request: Request, question: Question, by subject: Subject, rules: [Rule],
        candidates: some Sequence<Int>, deciding: (Rule, Int) -> Decision
    ) -> Outcome {
        var possible: [Decision] = []
        var needs: Needs = []
        for number in candidates {
            let rule = rules[number]
            switch rule.match(question, by: subject) {
            case .no: continue
            case .yes:
                return Outcome(
                    sourced(deciding(rule, number), rule, request), behind: possible, needs: needs)
            case .unknown(let more):
                possible.append(sourced(deciding(rule, number), rule, request))
                needs.formUnion(more)
            }
        }
        let decision = sourced(decideWithoutRules(request), nil, request)
        if needsSocketWithoutRules(request) {
            possible += [Decision(.allow, decision.reason), decision]
            needs.formUnion(.socket)
        }
        return Outcome(decision, behind: possible, needs: needs)
    }

    /// Puts a request to rules, and before it what the kernel would do before; then looks at the
    /// socket's own address.
    func outcome(of request: Request, asking: (Request) -> Outcome) -> Outcome {
        sourced(outcomeOfRules(on: request, asking: asking), request, asking: asking)
    }

    private func outcomeOfRules(on request: Request, asking: (Request) -> Outcome) -> Outcome {
        if case .trace(.itself) = request { return Outcome(decideWithoutRules(request)) }
        guard case .listen = request else { return asking(request) }
        let outcome = asking(request)
        let bindings = request.earlierRequests.map(asking).filter {
            $0.cautious.verdict.isDenial && !$0.cautious.isOfSource
                && ($0.cautious.verdict != outcome.cautious.verdict || !$0.needs.isEmpty)
        }
        guard var binding = bindings.first else { return outcome }
        if case .listen(.known(_, _, .unbound)) = request {
            if !binding.needs.isEmpty { binding.needs.formUnion(outcome.needs) }
            return binding
        }
        // It may have a port already.
        var result = outcome
        if !outcome.cautious.verdict.isDenial { result.cautious = binding.cautious }
        if binding.cautious.verdict != outcome.decision.verdict || !binding.needs.isEmpty {
            result.needs = bindings.reduce(outcome.needs) { $0.union($1.needs) }.union(.local)
            if case .listen(.unknown) = request { result.needs.formUnion(.socket) }
        }
        return result
    }

    /// Whether the boolean's profile looks at a socket that is not known.
    private func needsSocketWithoutRules(_ request: Request) -> Bool {
        guard network == .off, profile.otherwise == .off else { return false }
        switch request {
        case .listen(.unknown), .send(.unknown, _), .bind(.unknown, .unix(.path)): return true
        case .bind(.unknown, .unix(.abstract)): return profile.exemptNames.contains(.abstract)
        default: return false
        }
    }

    /// What a rule says that matches.
    func decision(of rule: Rule, _ number: Int) -> Decision {
        let verdict: Verdict =
            switch rule.action {
            case .allow: .allow
            case .deny(let error): .deny(error ?? refusal)
            }
        return Decision(
            verdict, Reason(text: rule.description, place: rule.place.description), rule: number)
    }

    /// Whether two processes of the tree may be judged differently.
    public var dependsOnSubject: Bool {
        rules.contains { !$0.qualifiers.isEmpty }
            || network == .off && profile.rules.contains { !$0.qualifiers.isEmpty }
    }

    /// Whether rules are about AF_UNIX names in the file system, so that links make a difference.
    ///
    /// Then what is judged is the object that the kernel reaches by a name.
    public var judgesPaths: Bool {
        allRules.contains { if case .path? = $0.endpoint { true } else { false } }
    }

    /// Whether some of these operations could be allowed with the protocol, to anybody.
    ///
    /// Where it is false, something coarser may refuse them all the same.
    public func couldAllow(_ operations: OperationSet, _ protocol: RuleProtocol) -> Bool {
        let isAllowedByRule = allRules.contains { rule in
            rule.action == .allow && !rule.operations.isDisjoint(with: operations)
                && (rule.protocol == nil || rule.protocol == `protocol`)
                && rule.endpoint?.belongs(to: `protocol`) != false
        }
        if isAllowedByRule || network == .on || profile.otherwise == .on { return true }
        return switch `protocol` {
        case .unix: !profile.exemptNames.isDisjoint(with: [.path, .unnamed])
        case .abstract: profile.exemptNames.contains(.abstract)
        default: false
        }
    }

    /// The ports that some of these operations could be allowed with, to anybody; of TCP, or of what
    /// else a stream of an IP family can be.
    ///
    /// With others, something coarser may refuse them all the same.
    public func portsThatCouldBeAllowed(_ operations: OperationSet) -> PortList {
        let everything = PortList([0...UInt16.max])
        let streams: [RuleProtocol] = [.tcp, .sctp]
        guard network == .off, profile.otherwise == .off, source.isEmpty else { return everything }
        var ranges: [ClosedRange<UInt16>] = []
        for rule in allRules
        where rule.action == .allow && !rule.operations.isDisjoint(with: operations) {
            switch rule.protocol {
            case nil, .number?: break
            case let `protocol`?: guard streams.contains(`protocol`) else { continue }
            }
            switch rule.endpoint {
            case .path?, .abstractName?, .unnamed?: continue
            case .internet(_, let ports?)?: ranges += ports.ranges
            case nil, .internet(_, nil)?, .unspecified?: return everything
            }
        }
        return PortList(ranges)
    }

    /// What would have to be known of the process that makes a request.
    ///
    /// It is empty where the verdict is the same for every process, always so of a policy without
    /// qualifiers.
    public func needsSubject(_ request: Request) -> Needs {
        guard dependsOnSubject else { return [] }
        return outcome(of: request, by: .unknown).needs.intersection(.subject)
    }
}
