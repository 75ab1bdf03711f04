/// How the boolean `network off` is read: what stays allowed although the network is off.
///
/// A profile is data. Each re-creates one of the kernel proposals of the project's decision
/// tables; the evaluator has no branch that knows a profile's name.
public struct Profile: Hashable, Sendable {
    /// The name on the command line and in logs.
    public let name: String
    /// The AF_UNIX names that `bind`, `connect` and `send` may use.
    public let exemptNames: UnixNameKinds
    /// When a process may reach into another.
    public let tracing: TracingRule
    /// The protocols of sockets that may do anything, by their names in the rule grammar.
    public let exemptProtocols: Set<String>
    /// AF_UNIX paths that are refused although paths are exempt.
    public let refusedPaths: Set<[UInt8]>

    /// Makes a profile.
    public init(
        name: String, exemptNames: UnixNameKinds, tracing: TracingRule,
        exemptProtocols: Set<String> = [], refusedPaths: Set<[UInt8]> = []
    ) {
        self.refusedPaths = refusedPaths
        self.name = name
        self.exemptNames = exemptNames
        self.tracing = tracing
        self.exemptProtocols = exemptProtocols
    }

    /// RLIMIT_NETWORK, the first version of the patch: the default.
    public static let rlimitNetwork = Profile(
        name: "rlimit-network", exemptNames: [.path, .unnamed], tracing: .never)
    /// PR_SET_NETWORK, the second version: tracing is allowed among equally restricted processes.
    public static let prctlNetwork = Profile(
        name: "prctl-network", exemptNames: [.path, .unnamed], tracing: .equallyRestricted)
    /// PR_SET_NETWORK as a security module, the third version: abstract names are exempt too.
    public static let prctlNetworkLSM = Profile(
        name: "prctl-network-lsm", exemptNames: [.path, .unnamed, .abstract],
        tracing: .equallyRestricted)

    /// Every profile, the default first.
    public static let all: [Profile] = [rlimitNetwork, prctlNetwork, prctlNetworkLSM]

    /// The profile of that name.
    public static func named(_ name: String) -> Profile? {
        all.first { $0.name == name }
    }
}

/// Kinds of AF_UNIX names, `unix(7)`.
public struct UnixNameKinds: OptionSet, Hashable, Sendable {
    /// One bit a kind.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Names in the file system.
    public static let path = UnixNameKinds(rawValue: 1)
    /// No name: autobind, where the kernel chooses an abstract one.
    public static let unnamed = UnixNameKinds(rawValue: 2)
    /// Names in the abstract name space.
    public static let abstract = UnixNameKinds(rawValue: 4)
}

/// When a restricted process may reach into another one.
public enum TracingRule: Hashable, Sendable {
    /// Never.
    case never
    /// When the other has every restriction that the caller has.
    case equallyRestricted
}
