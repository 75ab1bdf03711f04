public import SupervisePolicy

/// The rules that a watched run would have needed, ready to be written down.
public struct LearnedPolicy: Hashable, Sendable {
    /// The rules that the calls of one program need, its most frequent caller.
    public struct Group: Hashable, Sendable {
        /// The program's path, escaped; empty where it is not known.
        public var program: String
        /// Its rules.
        public var rules: [LearnedRule]
    }

    /// Rules by program, in the order of their first calls.
    public var groups: [Group] = []
    /// Rules that look dangerous, which their user should have looked at before they are in force.
    public var dangers: [LearnedRule] = []
    /// Rules that refuse what looks dangerous and would be allowed without.
    public var refusals: [Rule] = []
    /// Calls that are not covered: no rule allows them, or there were too many different ones.
    public var uncovered: UInt64 = 0
    /// Calls that rules refuse which were there before.
    public var refusedByRules: UInt64 = 0

    /// Makes a policy of no rules.
    public init() {}

    /// How many rules there are that are in force.
    public var ruleCount: Int { groups.reduce(0) { $0 + $1.rules.count } }
}

/// A rule with who needed it.
public struct LearnedRule: Hashable, Sendable {
    /// The rule.
    public var rule: Rule
    /// The programs by their base names, escaped, each with its calls; the most frequent first.
    public var callers: [String]
    /// What has to be known of the rule: names of its addresses, why it says more than was seen.
    public var notes: [String]
    /// What is dangerous about it.
    public var danger: Danger?

    /// The line of a comment: `curl 2x, wget 1x; example.org`.
    public var comment: String {
        ([callers.joined(separator: ", ")] + notes).filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

extension LearningSink {
    /// The rules to be put behind a policy's own.
    ///
    /// - Parameters:
    ///   - policy: The policy that was watched.
    ///   - range: The ports that the kernel chooses from, `ip_local_port_range`.
    /// - Returns: The rules to add, and what they leave out.
    public func learned(onto policy: Policy, chosenPorts range: ClosedRange<UInt16>)
        -> LearnedPolicy
    {
        var learned = LearnedPolicy()
        learned.uncovered = others + unlearnable
        learned.refusedByRules = refusedByRules
        let wanted = needs.map { WantedRule($0.request, generalized($0.rule, range)) }
        let safe = wanted.indices.filter { needs[$0].danger == nil }
        let dangerous = wanted.indices.filter { needs[$0].danger != nil }

        var policy = policy
        var placed: [Int] = []
        for (program, indices) in byProgram(safe) {
            // What is derived from other programs' rules needs none here: all but those first.
            let plain = indices.filter { !isDerived(wanted[$0].rule) }
            placed += indices.filter { isDerived(wanted[$0].rule) }
            let rules = policy.additions(for: plain.map { wanted[$0] })
            policy.rules += rules.map(\.rule)
            if rules.isEmpty { continue }
            learned.groups.append(
                .init(
                    program: program,
                    rules: rules.map { learnedRule($0.rule, $0.parts.map { plain[$0] }, range) }))
        }
        let dangers = policy.additions(for: dangerous.map { wanted[$0] })
        learned.dangers = dangers.map {
            learnedRule($0.rule, $0.parts.map { dangerous[$0] }, range)
        }
        learned.refusals = dangerous.filter {
            policy.decide(needs[$0].request).verdict == .allow
        }.map {
            var rule = wanted[$0].rule
            rule.action = .deny(nil)
            return rule
        }
        // Sockets that serve only what is dangerous come with it.
        var all = policy
        all.rules += dangers.map(\.rule)
        let derived = placed.filter { all.decide(needs[$0].request).verdict.isDenial }
        for (program, indices) in byProgram(derived) {
            let rules = policy.additions(for: indices.map { wanted[$0] }).map {
                learnedRule($0.rule, $0.parts.map { indices[$0] }, range)
            }
            policy.rules += rules.map(\.rule)
            if let place = learned.groups.firstIndex(where: { $0.program == program }) {
                learned.groups[place].rules += rules
            } else if !rules.isEmpty {
                learned.groups.append(.init(program: program, rules: rules))
            }
        }
        return learned
    }

    private func isDerived(_ rule: Rule) -> Bool {
        rule.operations == .create || rule.endpoint == .unspecified
    }

    /// The needs by the program that called most often, in the order of their first appearance.
    private func byProgram(_ indices: [Int]) -> [(program: String, indices: [Int])] {
        var groups: [(program: String, indices: [Int])] = []
        for index in indices {
            let path = needs[index].callers.max { $0.count < $1.count }?.path ?? []
            let program = EscapedText.escape(path)
            if let place = groups.firstIndex(where: { $0.program == program }) {
                groups[place].indices.append(index)
            } else {
                groups.append((program, [index]))
            }
        }
        return groups
    }

    /// A rule that fits the next run too, where the kernel will choose other ports.
    private func generalized(_ rule: Rule, _ range: ClosedRange<UInt16>) -> Rule {
        guard isChosen(rule, range), case .internet(let host, _) = rule.endpoint else {
            return rule
        }
        var rule = rule
        rule.endpoint = .internet(host, PortList([range]))
        return rule
    }

    /// Whether a port was the kernel's choice: that of a socket that was bound to port 0, on this
    /// host that of whoever is connected to or answered there, and that of a `bind` where another
    /// one to port 0 has found it.
    private func isChosen(_ rule: Rule, _ range: ClosedRange<UInt16>) -> Bool {
        guard case .internet(let host, let ports?) = rule.endpoint, let `protocol` = rule.protocol,
            let port = ports.ranges.first, ports.ranges.count == 1, port.count == 1,
            range.contains(port.lowerBound)
        else { return false }
        // A client's datagram socket gets its port without a bind.
        let isLocal = host.prefixes.allSatisfy { prefix in
            Host.localhost.prefixes.contains { $0.covers(prefix) }
        }
        if rule.operations == .bind {
            var open = rule
            open.endpoint = .internet(host, PortList([0...0]))
            return openBinds.contains(open)
        }
        if rule.operations == .listen { return chosenPorts.contains(`protocol`) }
        guard rule.operations.isSubset(of: .outgoing), isLocal else { return false }
        return chosenPorts.contains(`protocol`) || `protocol` == .udp
    }

    private func learnedRule(
        _ rule: Rule, _ parts: [Int], _ range: ClosedRange<UInt16>
    ) -> LearnedRule {
        var callers: [(path: [UInt8], count: UInt64)] = []
        var names: [[UInt8]] = []
        for need in parts.map({ needs[$0] }) {
            for caller in need.callers {
                if let place = callers.firstIndex(where: { $0.path == caller.path }) {
                    callers[place].count += caller.count
                } else {
                    callers.append(caller)
                }
            }
            for name in need.names where !names.contains(name) { names.append(name) }
        }
        // A stable order: equals as they came.
        let sorted = callers.enumerated().sorted { left, right in
            left.element.count != right.element.count
                ? left.element.count > right.element.count : left.offset < right.offset
        }.map(\.element)
        var notes: [String] = []
        if !names.isEmpty {
            let shown = names.prefix(4).map { EscapedText.escape($0) }
            notes.append(shown.joined(separator: ", ") + (names.count > 4 ? ", ..." : ""))
        }
        if parts.contains(where: { isChosen(needs[$0].rule, range) }) {
            notes.append("ports of the kernel's choice")
        }
        return LearnedRule(
            rule: rule,
            callers: sorted.prefix(4).map { caller in
                let name =
                    caller.path.isEmpty ? "a program" : EscapedText.escape(baseName(caller.path))
                return "\(name) \(caller.count)x"
            } + (sorted.count > 4 ? ["..."] : []),
            notes: notes, danger: parts.compactMap { needs[$0].danger }.first)
    }
}
