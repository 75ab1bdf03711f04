// What programs say of themselves: the limit of RLIMIT_NETWORK and the flags of PR_SET_NETWORK.
// Both only add to a policy: what a program has given up, no rule gives back.

/// The soft and the hard value of RLIMIT_NETWORK, which a process's threads share.
///
/// `struct rlimit64` in `getrlimit(2)`.
public struct NetworkLimit: Hashable, Sendable {
    /// 0: the network is off; anything else: it is on.
    public var soft: UInt64
    /// The most that `soft` can be raised to.
    public var hard: UInt64

    /// Makes a limit.
    public init(soft: UInt64, hard: UInt64) {
        self.soft = soft
        self.hard = hard
    }

    /// RLIM_INFINITY.
    public static let infinity = UInt64.max
    /// Nothing is given up.
    public static let on = NetworkLimit(soft: infinity, hard: infinity)
    /// The network is given up for good.
    public static let off = NetworkLimit(soft: 0, hard: 0)

    /// Whether the network is off.
    public var isOff: Bool { soft == 0 }

    /// Why this limit cannot be replaced by another, in the kernel's order.
    ///
    /// - Parameters:
    ///   - new: The limit that is asked for.
    ///   - mayRaise: Whether the caller may raise the hard value: CAP_SYS_RESOURCE.
    /// - Returns: The error, nil where there is none.
    public func refusal(of new: NetworkLimit, mayRaise: Bool) -> ErrorNumber? {
        if new.soft > new.hard { return .invalidArgument }
        return new.hard > hard && !mayRaise ? .notPermitted : nil
    }

    /// The stricter of two limits, value by value.
    public func stricter(_ other: NetworkLimit) -> NetworkLimit {
        NetworkLimit(soft: min(soft, other.soft), hard: min(hard, other.hard))
    }
}

/// The flags of PR_SET_NETWORK, which each thread has for itself.
///
/// They are copied to the threads and processes that it makes, and kept when it executes a program.
public struct NetworkFlags: OptionSet, Hashable, Sendable {
    /// One bit for each.
    public let rawValue: UInt64

    /// Makes flags of their bits.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// PR_NETWORK_OFF: the network is off.
    public static let off = NetworkFlags(rawValue: 1)
    /// All that are defined.
    public static let all: NetworkFlags = [.off]

    /// Why these flags cannot be replaced by others, in the order of the seed's patch; nil where
    /// they can.
    public func refusal(of new: NetworkFlags) -> ErrorNumber? {
        // Only to give something up is permitted.
        if !isSubset(of: new) { return .notPermitted }
        return new.isSubset(of: .all) ? nil : .invalidArgument
    }
}

extension Policy {
    /// The policy for whoever has given the network up: what this one refuses, and what the profile
    /// refuses with the network off.
    public var givenUp: Policy {
        var policy = self
        policy.network = .off
        policy.isGivenUp = true
        policy.rules.removeAll(where: isGivenUp)
        return policy
    }

    /// Whether there is something to give up: the network, or what rules allow of it.
    public var hasNetwork: Bool { network == .on || rules.contains(where: isGivenUp) }

    /// Whether a rule is given up with the network: one that allows it.
    ///
    /// A rule for what the profile exempts is an exception to rules that refuse.
    private func isGivenUp(_ rule: Rule) -> Bool {
        guard rule.action == .allow else { return false }
        return switch rule.protocol {
        case .unix?: !profile.exemptNames.contains(.path)
        case .abstract?: !profile.exemptNames.contains(.abstract)
        default: true
        }
    }
}
