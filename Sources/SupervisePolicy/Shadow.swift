/// A rule that can never decide, because an earlier one matches whatever it matches.
public struct Shadow: Hashable, Sendable, CustomStringConvertible {
    /// The rule that never decides.
    public var rule: Rule
    /// The earlier one.
    public var earlier: Rule

    /// Makes a shadow.
    public init(rule: Rule, earlier: Rule) {
        self.rule = rule
        self.earlier = earlier
    }

    /// The warning: which rule, where, and what decides instead.
    public var description: String {
        "\(rule.place): '\(rule)' never decides: "
            + "'\(earlier)' (\(earlier.place)) matches all of it before"
    }
}

extension Policy {
    /// The rules that can never decide, each with the first of the earlier ones that covers it.
    ///
    /// A rule that only several others cover together is not found. One in the shadow of refusals
    /// can still let a socket be made, which is then of no use.
    public var shadows: [Shadow] {
        rules.enumerated().compactMap { number, rule in
            rules[..<number].first { $0.covers(rule) }.map { Shadow(rule: rule, earlier: $0) }
        }
    }
}
