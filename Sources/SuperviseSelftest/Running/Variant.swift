/// One run of a case: through which ABI, under which profile, held in which way.
public struct Variant: Equatable, Sendable {
    var abi: ABI
    var profile: String
    var way: Way = .plain

    /// How the run is watched and held, which is to make no difference.
    public enum Way: String, CaseIterable, Sendable {
        /// As usual.
        case plain
        /// Every decision is logged, so none is the filter's alone.
        case logged
        /// The page of sealed arguments is guarded by the filter, as on kernels without mseal.
        case guarded
        /// Registers have garbage in the halves that the kernel does not look at.
        case garbage
        /// The program itself gives the network up first, by its limit.
        case limited
        /// The same by its thread's flag.
        case flagged

        /// Options of `supervise`.
        var options: [String] {
            switch self {
            case .plain, .garbage, .limited, .flagged: []
            case .logged: ["--log", "/dev/null", "--log-level", "all"]
            case .guarded: ["--page-guard", "ranges"]
            }
        }

        /// Options of the probe.
        var probe: [String] { self == .garbage ? ["--garbage"] : [] }

        /// The step before all others: no kernel knows it.
        var first: Step? {
            switch self {
            case .plain, .logged, .guarded, .garbage: nil
            case .limited: Step(text: "setrlimit(RLIMIT_NETWORK,0,0)", result: "0")
            case .flagged: Step(text: "prctl(PR_SET_NETWORK,PR_NETWORK_OFF)", result: "0")
            }
        }
    }

    /// The variant's words, after the case's name.
    var name: String {
        ([abi.rawValue, profile] + (way == .plain ? [] : [way.rawValue])).joined(separator: " ")
    }
}

extension SemanticsCase {
    /// The runs of the case, with only that profile where one is named.
    ///
    /// The ways that are to make no difference are tried with one profile only.
    func variants(profile: String?, ways: [Variant.Way]) -> [Variant] {
        let profiles = profiles.filter { profile == nil || profile == $0 }
        return abis.flatMap { abi in
            ways.filter { self.ways.contains($0) && (network == "off" || $0.first == nil) }.flatMap
            {
                way in
                (way == .plain ? profiles : Array(profiles.prefix(1))).map {
                    Variant(abi: abi, profile: $0, way: way)
                }
            }
        }
    }

    /// The case without the steps that have that word.
    func leavingOut(_ word: String) -> SemanticsCase {
        var other = self
        other.steps.removeAll { $0.text.contains(word) }
        return other
    }

    /// The steps of a run.
    func steps(_ variant: Variant) -> [Step] {
        (variant.way.first.map { [$0] } ?? []) + steps
    }

    /// The command of a run.
    ///
    /// - Parameters:
    ///   - variant: Which run.
    ///   - programs: Where the programs are.
    ///   - folder: Where the log and the policy's file are; nil for the native run.
    ///   - more: More options of `supervise`.
    /// - Returns: A program's path and its arguments.
    func command(
        _ variant: Variant, _ programs: Programs, folder: String?, with more: [String] = []
    ) -> [String] {
        var command = holding.isEmpty ? [] : [programs.holding] + holding + ["--"]
        if let folder {
            let network = variant.way.first == nil ? network : "on"
            command += [programs.supervise, "--quiet", "--network", network]
            command += ["--profile", variant.profile] + options
            if policy != nil { command += ["--policy", folder + "/" + Self.policyFile] }
            if variant.way == .plain, events != nil {
                command += ["--log", folder + "/" + Self.logFile, "--log-level", log]
            }
            command += variant.way.options + more + ["--"]
        }
        command += [programs.probe, "--abi", variant.abi.rawValue] + variant.way.probe
        return command + steps(variant).map(\.text)
    }

    static let policyFile = "policy.toml"
    static let logFile = "log.jsonl"
}
