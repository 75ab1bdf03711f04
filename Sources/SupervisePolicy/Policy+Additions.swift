/// A request that is to be allowed, and the rule that allows it.
public struct WantedRule: Hashable, Sendable {
    /// The request.
    public var request: Request
    /// Its narrowest rule, or one that allows more on purpose.
    public var rule: Rule

    /// Makes a wish for a rule.
    public init(_ request: Request, _ rule: Rule) {
        self.request = request
        self.rule = rule
    }
}

extension Policy {
    /// Few rules that allow, behind the policy's own, what is wanted and nothing else.
    ///
    /// The parts of each are indices of `wanted`. What the other rules allow by themselves, such as the
    /// sockets for what may be connected to, has no rule of its own.
    public func additions(for wanted: [WantedRule]) -> [MergedRule] {
        // A socket may be made for what it may be used for, and who may connect may disconnect.
        func isDerived(_ rule: Rule) -> Bool {
            rule.operations == .create || rule.endpoint == .unspecified
        }
        func merged(_ indices: [Int]) -> [MergedRule] {
            Rule.merged(indices.map { wanted[$0].rule }).map { merged in
                MergedRule(rule: merged.rule, parts: merged.parts.map { indices[$0] })
            }
        }
        var result = merged(wanted.indices.filter { !isDerived(wanted[$0].rule) })
        var policy = self
        policy.rules += result.map(\.rule)
        result += merged(
            wanted.indices.filter {
                isDerived(wanted[$0].rule) && policy.decide(wanted[$0].request).verdict.isDenial
            })
        return result
    }
}
