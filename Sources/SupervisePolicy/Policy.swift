/// What a tree of processes may do with the network.
///
/// A value, complete in itself: two equal policies give equal decisions to equal requests.
public struct Policy: Hashable, Sendable {
    /// The rules, of which the first that matches decides.
    public var rules: [Rule]
    /// Whether the network is on, where nothing more particular decides.
    public var network: NetworkSwitch
    /// What stays allowed when it is off.
    public var profile: Profile
    /// The error of a refused call.
    public var refusal: ErrorNumber
    /// The addresses that sockets are bound to.
    public var source: SourceAddresses
    /// Whether it is what is left to whoever has given the network up: see ``givenUp``.
    public internal(set) var isGivenUp = false

    /// Makes a policy.
    public init(
        rules: [Rule] = [],
        network: NetworkSwitch = .off,
        profile: Profile = .rlimitNetwork,
        refusal: ErrorNumber = .notPermitted,
        source: SourceAddresses = SourceAddresses()
    ) {
        self.rules = rules
        self.network = network
        self.profile = profile
        self.refusal = refusal
        self.source = source
    }

    /// Whether some request could be refused.
    ///
    /// Where none could, no door needs to be held.
    public var restricts: Bool {
        network == .off || !source.isEmpty || rules.contains { $0.action != .allow }
    }

    /// The rules, and behind them the profile's where the network is off.
    public var allRules: [Rule] {
        network == .off ? rules + profile.rules : rules
    }

    /// Whether rules ask for the programs that a process descends from.
    public var namesAncestors: Bool {
        allRules.contains { rule in
            rule.qualifiers.contains { if case .ancestor = $0 { true } else { false } }
        }
    }

    /// The patterns that programs are looked up by: see ``Subject/Program/names``.
    public var programPatterns: [Glob] {
        allRules.flatMap(\.qualifiers).compactMap { qualifier in
            switch qualifier {
            case .program(.named(let glob)), .ancestor(.named(let glob)): glob
            default: nil
            }
        }
    }
}

/// The boolean of a policy.
public enum NetworkSwitch: String, CaseIterable, Hashable, Sendable {
    /// Restricted.
    case off
    /// Not restricted.
    case on
}
