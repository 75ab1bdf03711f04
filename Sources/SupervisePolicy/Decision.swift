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

    /// Makes a decision.
    public init(_ verdict: Verdict, _ reason: Reason, rule: Int? = nil) {
        self.verdict = verdict
        self.reason = reason
        self.rule = rule
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
