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
    /// Rules that stand behind those of the policy.
    public let rules: [Rule]
    /// Whether what no rule and none of the exemptions allows is refused.
    public let otherwise: NetworkSwitch

    /// Makes a profile.
    public init(
        name: String, exemptNames: UnixNameKinds, tracing: TracingRule, rules: [Rule] = [],
        otherwise: NetworkSwitch = .off
    ) {
        self.name = name
        self.exemptNames = exemptNames
        self.tracing = tracing
        self.rules = rules
        self.otherwise = otherwise
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

    /// Landlock's rules for TCP with no port allowed: rules before it name those that are.
    public static let landlockTCP = landlockTCP(bind: [], connect: [])

    /// Landlock's rules for TCP: ports that may be bound, and ports that may be connected to.
    ///
    /// Everything else is not restricted. Dissolving an association (`connect` with AF_UNSPEC) is,
    /// as Landlock has it, no connection, but can be refused.
    public static func landlockTCP(
        bind: [ClosedRange<UInt16>], connect: [ClosedRange<UInt16>], disconnect: Bool = true
    ) -> Profile {
        // EACCES.
        let refusal = RuleAction.deny(ErrorNumber(rawValue: 13))
        var rules: [Rule] = []
        for (operation, ports) in [(OperationSet.bind, bind), (.connect, connect)] {
            if !ports.isEmpty {
                rules.append(Rule(.allow, operation, .tcp, .internet(.any, PortList(ports))))
            }
            // What is no address of the network, the kernel refuses itself.
            rules.append(Rule(refusal, operation, .tcp, .internet(.any, nil)))
        }
        if !disconnect { rules.append(Rule(refusal, .connect, .tcp, .unspecified)) }
        for index in rules.indices { rules[index].place = .profile }
        return Profile(
            name: "landlock-tcp", exemptNames: [.path, .unnamed, .abstract],
            tracing: .equallyRestricted, rules: rules, otherwise: .on)
    }

    /// One address per group of processes, the ipaddr control group: nothing is refused but what
    /// the policy's source addresses do not allow.
    public static let sourceAddress = Profile(
        name: "source-address", exemptNames: [.path, .unnamed, .abstract],
        tracing: .equallyRestricted, otherwise: .on)

    /// Every profile, the default first.
    public static let all: [Profile] = [
        rlimitNetwork, prctlNetwork, prctlNetworkLSM, landlockTCP, sourceAddress,
    ]

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
