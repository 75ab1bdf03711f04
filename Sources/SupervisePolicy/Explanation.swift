/// Why a policy decides a request as it does.
public struct Explanation: Hashable, Sendable {
    /// The decision; its reason has the rule's text and place.
    public var decision: Decision
    /// The rule that decided, nil where the boolean did.
    public var rule: Rule?
    /// The rule that came nearest to deciding otherwise.
    public var nearest: NearMiss?
    /// What was not known and could change the verdict.
    public var needs: Needs

    /// A rule that did not match.
    public struct NearMiss: Hashable, Sendable {
        /// The rule.
        public var rule: Rule
        /// The first of its parts that does not fit.
        public var part: RulePart
        /// Why that does not fit: `port 80 is not in 443`.
        public var why: String
    }
}

extension Policy {
    /// Explains a decision: what decided, and which rule would have decided otherwise but for what.
    ///
    /// Of the rules that would, the nearest is the one of which the fewest parts do not fit; of
    /// equals the one that fits further, then the first.
    public func explain(_ request: Request, by subject: Subject = .unknown) -> Explanation {
        let outcome = outcome(of: request, by: subject)
        let (decision, rules) = (outcome.cautious, allRules)
        // What refuses a listen may be the bind in it.
        let questions = [request.question] + request.earlierRequests.map(\.question)
        var nearest: (miss: Explanation.NearMiss, distance: (Int, Int))?
        for rule in rules[..<(decision.rule ?? rules.count)] {
            guard (rule.action == .allow) == decision.verdict.isDenial else { continue }
            for question in questions {
                guard case .no(let part) = rule.match(question, by: subject), part != .operations
                else { continue }
                let distance = (rule.misses(question, by: subject), -part.rank)
                if let nearest, nearest.distance <= distance { continue }
                let why = rule.complaint(part, question, subject)
                nearest = (Explanation.NearMiss(rule: rule, part: part, why: why), distance)
            }
        }
        return Explanation(
            decision: decision, rule: decision.rule.map { rules[$0] }, nearest: nearest?.miss,
            needs: outcome.needs)
    }
}

extension RulePart {
    /// How much of a rule fits when this is the first part that does not.
    fileprivate var rank: Int {
        switch self {
        case .operations: 0
        case .protocol: 1
        case .endpoint: 2
        case .host: 3
        case .ports, .name: 4
        case .qualifier(let index): 5 + index
        }
    }
}

extension Rule {
    /// How far the rule is from matching: a wrong protocol or kind of endpoint is as far as two
    /// other parts.
    fileprivate func misses(_ question: Question, by subject: Subject) -> Int {
        var count = qualifiers.count { $0.holds(of: subject) != true }
        if case .no = matchProtocol(question) { count += 2 }
        switch (endpoint, question.target) {
        case (.internet(let host, let ports)?, .internet(let address, let port)):
            if !host.contains(address) { count += 1 }
            if let ports, let port, !ports.contains(port) { count += 1 }
        default:
            if case .no(let part) = matchEndpoint(question) { count += part == .name ? 1 : 2 }
        }
        return count
    }

    /// Why a part does not fit.
    fileprivate func complaint(
        _ part: RulePart, _ question: Question, _ subject: Subject
    ) -> String {
        switch (part, endpoint, question.target) {
        case (.operations, _, _): return "\(question.operation.rawValue) is not in \(operations)"
        case (.protocol, _, _):
            let spoken = question.target.protocolName ?? question.kind?.protocolName
            guard let `protocol` else {
                return "\(spoken ?? "the protocol") has to be named by a rule that allows it"
            }
            return "\(spoken ?? "the call") is not \(`protocol`)"
        case (.host, .internet(let host, _)?, .internet(let address, _)):
            return "\(address) is not in \(host)"
        case (.ports, .internet(_, let ports?)?, .internet(_, let port?)):
            return "port \(port) is not in \(ports)"
        case (.name, let endpoint?, let target): return "\(target) does not fit \(endpoint)"
        case (.qualifier(let index), _, _): return qualifiers[index].complaint(subject)
        case (_, let endpoint?, let target): return "\(target) is not \(endpoint)"
        default: return "it does not fit"
        }
    }
}

extension Target: CustomStringConvertible {
    /// The target in the words of rules.
    var description: String {
        switch self {
        case .nothing: "a call without an endpoint"
        case .unknown: "an unknown endpoint"
        case .internet(let address, nil): address.description
        case .internet(let address, let port?): "\(address):\(port)"
        case .path(let name): Glob(literal: name).description
        case .abstract(let name): "@" + Glob(literal: name).description
        case .unnamed: "autobind"
        case .unspecified: "unspec"
        case .other(let family): "an address of \(family.name)"
        }
    }

    /// The protocol that the name alone tells.
    fileprivate var protocolName: String? {
        switch self {
        case .path, .unnamed: "unix"
        case .abstract: "abstract"
        default: nil
        }
    }
}

extension Qualifier {
    fileprivate func complaint(_ subject: Subject) -> String {
        switch self {
        case .program(let pattern):
            let name = subject.program?.names.first.map { Glob(literal: $0).description }
            return "the program\(name.map { " \($0)" } ?? "") is not \(pattern)"
        case .ancestor(let pattern): return "no ancestor is \(pattern)"
        case .cgroup(let hierarchy, let glob):
            let own = subject.cgroups?.first { $0.hierarchy == hierarchy }
            let path = own.map { " \(Glob(literal: $0.path))" } ?? ""
            return "the control group\(path) does not fit \(glob)"
        case .user(let account):
            return "user \(subject.user.map(String.init) ?? "") is not \(account)"
        case .group(let account): return "no group of the process is \(account)"
        }
    }
}
