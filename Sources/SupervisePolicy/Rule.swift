/// One rule of a policy: what it is about, and what becomes of that.
///
/// What is nil or empty asks for nothing. The text of a rule is its ``description``.
public struct Rule: Hashable, Sendable {
    /// What becomes of a call that the rule matches.
    public var action: RuleAction
    /// The operations that it is about.
    public var operations: OperationSet
    /// The protocol.
    public var `protocol`: RuleProtocol?
    /// The local address of `bind` and `listen`, the remote one of the others.
    ///
    /// An `accept` is judged by the peer's host and the local port.
    public var endpoint: Endpoint?
    /// What the process must be; all of it.
    public var qualifiers: [Qualifier]
    /// Where the rule stands.
    public var place: RulePlace

    /// Makes a rule.
    public init(
        _ action: RuleAction, _ operations: OperationSet, _ protocol: RuleProtocol? = nil,
        _ endpoint: Endpoint? = nil, _ qualifiers: [Qualifier] = [], place: RulePlace = .unknown
    ) {
        self.action = action
        self.operations = operations
        self.protocol = `protocol`
        self.endpoint = endpoint
        self.qualifiers = qualifiers.sorted { $0.rank < $1.rank }
        self.place = place
    }
}

/// What a rule says.
public enum RuleAction: Hashable, Sendable {
    /// The call goes on.
    case allow
    /// The call fails with this error, nil for the policy's.
    case deny(ErrorNumber?)
}

/// Where a rule stands.
public enum RulePlace: Hashable, Sendable, CustomStringConvertible {
    /// Nobody said.
    case unknown
    /// An option of the command line, by its name without dashes and its count from 1.
    case option(String, Int)
    /// A policy file, by its name, and the rule's index in `rules`, from 0.
    case file(String, Int)
    /// The profile.
    case profile

    /// The place as logs have it: `--allow 2`, `policy.toml rules[3]`, `profile`.
    public var description: String {
        switch self {
        case .unknown: "rule"
        case .option(let name, let number): "--\(name) \(number)"
        case .file(let name, let index): "\(name) rules[\(index)]"
        case .profile: "profile"
        }
    }
}
