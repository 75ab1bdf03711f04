/// What a policy says to a request.
public struct Decision: Hashable, Sendable {
    /// Whether the call goes on.
    public var verdict: Verdict
    /// What decided it.
    public var reason: Reason
    /// The number of the policy's rule that decided, nil where none did.
    ///
    /// The policy's own rules come first, then its profile's: ``Policy/allRules``.
    public var rule: Int?
    /// What is done before a call that goes on, so that its socket has the right local address.
    public var source: SourceStep?

    /// Makes a decision.
    public init(
        _ verdict: Verdict, _ reason: Reason, rule: Int? = nil, source: SourceStep? = nil
    ) {
        self.source = source
        self.verdict = verdict
        self.reason = reason
        self.rule = rule
    }

    /// Whether the same becomes of the call.
    func hasEffect(of other: Decision) -> Bool {
        verdict == other.verdict && source == other.source
    }
}

/// Whether a call goes on.
public enum Verdict: Hashable, Sendable {
    /// The kernel makes the call; its result, success or error, is the result.
    case allow
    /// The call is not made and fails with this error.
    case deny(ErrorNumber)

    /// Whether the call is not made.
    public var isDenial: Bool { self != .allow }
}

/// The words that decided a request, and where they stand.
public struct Reason: Hashable, Sendable {
    /// The rule in normal form, or the part of the profile that decided.
    public var text: String
    /// Where it stands: `profile`, `--allow 2`, `policy.toml rules[3]`.
    public var place: String

    /// Makes a reason.
    public init(text: String, place: String) {
        self.text = text
        self.place = place
    }
}
