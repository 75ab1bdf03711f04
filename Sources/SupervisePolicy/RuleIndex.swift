/// Finds the rules that could match a question, without looking at the others.
///
/// It leaves out only rules that do not match. Whether the others do is the rules' own business, so
/// a policy means the same with and without it.
struct RuleIndex: Sendable {
    /// The rules of one operation.
    private final class Row: Sendable {
        /// By the networks of IPv4 and of IPv6, and those about every endpoint.
        let ipv4: PrefixTable
        let ipv6: PrefixTable
        /// Those that could match other targets than addresses.
        let named: [Int32]
        /// Those that could match AF_UNSPEC.
        let unspecified: [Int32]
        /// All of them.
        let all: [Int32]

        init(_ rules: [Rule], _ operation: Operation) {
            let own = rules.indices.filter { rules[$0].operations.contains(operation) }
            let all = own.map { Int32($0) }
            self.all = all
            named = all.filter { !rules[Int($0)].isAboutAddresses }
            unspecified = all.filter {
                !rules[Int($0)].isAboutAddresses || rules[Int($0)].action == .allow
            }
            let rows = own.compactMap { number in
                rules[number].networks.map { (number: number, prefixes: $0.0, ports: $0.1) }
            }
            ipv4 = PrefixTable(
                rows.lazy.map { ($0.number, $0.prefixes.filter(\.address.isIPv4), $0.ports) })
            ipv6 = PrefixTable(
                rows.lazy.map { ($0.number, $0.prefixes.filter { !$0.address.isIPv4 }, $0.ports) })
        }
    }

    /// In the order of the operations.
    private let rows: [Row]
    private let creation: [Int32]

    init(_ rules: [Rule]) {
        // Rules are about the same endpoints of most operations, and none about those of a trace.
        rows = Operation.allCases.map { Row($0 == .create ? [] : rules, $0) }
        creation = Self.creation(rules)
    }

    /// The rules that could let a socket be made or not.
    private static func creation(_ rules: [Rule]) -> [Int32] {
        var result: [Int32] = []
        var refusals: Set<Rule> = []
        // What one rule lets be made, no later one needs to that asks for the same or more.
        var settled: Set<Purpose> = []
        for (number, rule) in rules.enumerated() {
            if rule.namesCreation {
                result.append(Int32(number))
            } else if rule.couldAllowLater {
                if !settled.contains(Purpose(rule, [])),
                    !settled.contains(Purpose(rule, rule.qualifiers)),
                    rule.couldAllow(behind: refusals)
                {
                    result.append(Int32(number))
                    settled.insert(Purpose(rule, rule.qualifiers))
                }
            }
            if rule.refusesAll {
                var refusal = rule
                refusal.place = .unknown
                refusals.insert(refusal)
            }
        }
        return result
    }

    /// What a rule looks at when it lets a socket be made.
    private struct Purpose: Hashable {
        var `protocol`: RuleProtocol?
        var endpoint: Int
        var qualifiers: [Qualifier]

        init(_ rule: Rule, _ qualifiers: [Qualifier]) {
            self.qualifiers = qualifiers
            `protocol` = rule.protocol
            endpoint =
                switch rule.endpoint {
                case nil: 0
                case .internet?: 1
                case .path?, .abstractName?, .unnamed?: 2
                case .unspecified?: 3
                }
        }
    }

    /// The numbers of the rules that could match, in order; perhaps more.
    func candidates(for question: Question) -> Candidates {
        guard question.operation != .create else { return Candidates(all: creation) }
        let row = rows[question.operation.index]
        switch question.target {
        case .internet(.v4(let address), port: let port?):
            return row.ipv4.candidates(.v4(address), port: port)
        case .internet(.v6(let address), port: let port?):
            return row.ipv6.candidates(.v6(address), port: port)
        case .unknown, .internet: return Candidates(all: row.all)
        case .unspecified: return Candidates(all: row.unspecified)
        case .nothing, .path, .abstract, .unnamed, .other: return Candidates(all: row.named)
        }
    }
}

extension Rule {
    fileprivate var isAboutAddresses: Bool {
        if case .internet? = endpoint { true } else { false }
    }

    /// The networks and ports that the rule is about; nil where it has another endpoint.
    fileprivate var networks: ([IPPrefix], PortList?)? {
        switch endpoint {
        case nil: (Host.any.prefixes, nil)
        case .internet(let host, let ports)?: (host.prefixes, ports)
        default: nil
        }
    }
}
