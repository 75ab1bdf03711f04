import SupervisePolicy

/// The numbers that RLIMIT_NETWORK and its sisters have under `supervise`; the kernel has none.
///
/// `Sources/CSupervise/include/supervise.h` has the same for programs.
public enum NetworkNumber {
    /// RLIMIT_NETWORK, as in the patch: the first one that the kernel does not use.
    public static let limit: UInt32 = 16
    /// PR_SET_NETWORK: "SN" and 1; the numbers of the patch are other options today.
    public static let setFlags: UInt32 = 0x534e_0001
    /// PR_GET_NETWORK.
    public static let getFlags: UInt32 = 0x534e_0002
}

/// What lets a program give the network up by itself.
extension PartialEvaluation {
    /// Whether the filter has calls to judge, beside those that give the network up.
    var judges: Bool { FilterCompiler.judges(policy, watching: watching) }

    /// What a door answers that stays shut.
    ///
    /// For whoever has given the network up, it may have to be opened again.
    var door: RegisterDecision { limits == .givenUp ? .trace : .refuse }

    /// What the filter answers while nothing is judged.
    mutating func waitingDecision(
        for call: JudgedCall, in architecture: Architecture
    ) -> RegisterDecision {
        switch call {
        case .getrlimit, .oldGetrlimit, .setrlimit, .prlimit64:
            limitDecision(for: call)
        case .prctl:
            // Who hides now may give the network up later, which takes the page.
            graph.named(
                call.name,
                graph.select(.low(.first), values: preparations() + networkOptions, else: .allow))
        case .ioUringSetup:
            // A thread of the kernel's can work for its ring without a call of the program.
            .trace
        case .seccomp:
            // A listener would answer before the tracer is asked, also later.
            graph.named(call.name, listener())
        case _ where call.isPageGuard:
            // Only a guard that holds from the start is one.
            guardDecision(for: call, in: architecture)
        default:
            .allow
        }
    }

    /// The calls that read and change limits are the tracer's for this one limit.
    ///
    /// Its number is an `unsigned int`.
    mutating func limitDecision(for call: JudgedCall) -> RegisterDecision {
        guard limits == .offered else { return .allow }
        let resource: SeccompData.Argument = call == .prlimit64 ? .second : .first
        return graph.named(
            call == .prlimit64 ? "prlimit64" : "rlimit",
            graph.when(
                .word(
                    .low(resource), .equals(NetworkNumber.limit), note: Note(.networkLimit)),
                then: .trace, else: .allow))
    }

    /// The options of `prctl(2)`: an `int`.
    var networkOptions: [DecisionGraph.Run] {
        guard limits == .offered else { return [] }
        return [
            .init(NetworkNumber.setFlags, .trace, .setNetwork),
            .init(NetworkNumber.getFlags, .trace, .getNetwork),
        ]
    }

    private mutating func listener() -> RegisterDecision {
        let own = tracesOwnFilters ? RegisterDecision.trace : .allow
        let filter = graph.when(
            .word(.low(.second), .anySet(8), note: Note(.newListener)), then: .trace, else: own)
        return graph.select(
            .low(.first),
            values: [.init(0, own, .setModeStrict), .init(1, filter, .setModeFilter)], else: .allow)
    }
}
