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
        /// By AF_UNIX names, and those that could match other targets than addresses.
        let named: NameTable
        /// Those that could match AF_UNSPEC.
        let unspecified: [Int32]
        /// All of them.
        let all: [Int32]

        init(_ rules: [Rule], _ operation: Operation, kinds: [Int32]) {
            let own = rules.indices.filter { rules[$0].operations.contains(operation) }
            let all = own.map { Int32($0) }
            self.all = all
            named = NameTable(
                all.lazy.filter { !rules[Int($0)].isAboutAddresses }
                    .map { ($0, rules[Int($0)].endpoint) })
            unspecified = all.filter {
                !rules[Int($0)].isAboutAddresses || rules[Int($0)].action == .allow
            }
            func table(_ isIncluded: (IPPrefix) -> Bool) -> PrefixTable {
                PrefixTable(
                    own.compactMap { number in
                        rules[number].networks.map { prefixes, ports in
                            PrefixTable.Row(
                                number: Int32(number), prefixes: prefixes.filter(isIncluded),
                                ports: ports, kind: kinds[number])
                        }
                    })
            }
            ipv4 = table(\.address.isIPv4)
            ipv6 = table { !$0.address.isIPv4 }
        }
    }

    /// In the order of the operations.
    private let rows: [Row]
    private let creation: [Int32]

    init(_ rules: [Rule]) {
        // Rules are about the same endpoints of most operations, and none about those of a trace.
        let kinds = Self.kinds(rules)
        rows = Operation.allCases.map { Row($0 == .create ? [] : rules, $0, kinds: kinds) }
        creation = Self.creation(rules)
    }

    /// A number for each rule, the same for those that differ in operations, hosts and ports only.
    ///
    /// What else a rule that is about a call's address makes of the call is the same then, so that
    /// only the first of them matters.
    private static func kinds(_ rules: [Rule]) -> [Int32] {
        struct Kind: Hashable {
            var action: RuleAction
            var `protocol`: RuleProtocol?
            var hasEndpoint: Bool
            var namesAddresses: Bool
            var qualifiers: [Qualifier]
        }
        var numbers: [Kind: Int32] = [:]
        return rules.map { rule in
            let kind = Kind(
                action: rule.action, protocol: rule.protocol, hasEndpoint: rule.endpoint != nil,
                namesAddresses: rule.namesAddresses, qualifiers: rule.qualifiers)
            let new = Int32(numbers.count)
            if let known = numbers[kind] { return known }
            numbers[kind] = new
            return new
        }
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
        case .path(let name): return row.named.candidates(.path(name))
        case .abstract(let name): return row.named.candidates(.abstract(name))
        case .nothing, .unnamed, .other: return row.named.candidates(nil)
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
