/// What a tree of processes may do with the network.
///
/// A value, complete in itself: two equal policies give equal decisions to equal requests.
public struct Policy: Hashable, Sendable {
    /// Whether the network is on, where nothing more particular decides.
    public var network: NetworkSwitch
    /// What stays allowed when it is off.
    public var profile: Profile
    /// The error of a refused call.
    public var refusal: ErrorNumber

    /// Makes a policy.
    public init(
        network: NetworkSwitch = .off,
        profile: Profile = .rlimitNetwork,
        refusal: ErrorNumber = .notPermitted
    ) {
        self.network = network
        self.profile = profile
        self.refusal = refusal
    }

    /// Whether some request could be refused.
    ///
    /// Where none could, no door needs to be held.
    public var restricts: Bool { network == .off }
}

/// The boolean of a policy.
public enum NetworkSwitch: String, CaseIterable, Hashable, Sendable {
    /// Restricted.
    case off
    /// Not restricted.
    case on
}
