public import SupervisePolicy

/// Compiles a policy to the seccomp filter that holds it.
///
/// The filter answers what registers decide and leaves the rest to the tracer
/// (`SECCOMP_RET_TRACE`); every call that is not judged passes by its number alone. Filter and
/// evaluator are two forms of one meaning: what the filter answers is what ``Policy/decide(_:)``
/// says.
public struct FilterCompiler: Sendable {
    /// The data of every TRACE answer, for those who look at a listing.
    ///
    /// A process's own filter can forge it: only the registers say which call a stop is about.
    public static let traceData: UInt16 = 0x5356

    /// What is done about a denied call.
    public enum Mode: Hashable, Sendable, CaseIterable {
        /// It fails.
        case enforce
        /// It is recorded and goes on.
        case audit
    }

    /// Which judged calls a log wants to see.
    public enum Watching: Hashable, Sendable, CaseIterable {
        /// None.
        case nothing
        /// The denied ones.
        case denied
        /// All of them.
        case everything
    }

    /// What keeps the tracer's page where it is.
    public enum PageGuard: Hashable, Sendable, CaseIterable {
        /// The kernel: the mapping is sealed (`mseal`, Linux 6.10).
        case sealed
        /// The filter: calls that could touch it are the tracer's, ``JudgedCall/isPageGuard``.
        case ranges
    }

    /// What a filter has to do with the network being given up by the program itself.
    public enum Limits: Hashable, Sendable, CaseIterable {
        /// Nothing: RLIMIT_NETWORK and PR_SET_NETWORK do not exist.
        case none
        /// They exist: their calls are the tracer's.
        ///
        /// Where the policy needs no filter otherwise, it holds nothing else, but for what could be
        /// made now and used later, once the network is given up: a ring, a filter's listener.
        case offered
        /// The filter of those who have given the network up, put on top of the first one.
        ///
        /// It answers nothing by itself that could have to be allowed again, since no filter can
        /// be taken off.
        case givenUp
    }

    /// Whether a filter judges calls from the first instruction of a program on.
    ///
    /// Else it waits for the network to be given up, and all that guards calls is let pass until then.
    public static func judges(_ policy: Policy, watching: Watching) -> Bool {
        policy.restricts || watching == .everything
    }

    private let evaluation: PartialEvaluation

    /// Makes a compiler; the page is where the tracer maps its sealed arguments, if anywhere.
    ///
    /// With a page, the tracer can also ask to see filters of the process's own before they are
    /// installed (`tracesOwnFilters`): a later one could forbid the calls that map the page. And it
    /// can ask to see a process that is about to hide its memory (`tracesHiding`), which afterwards
    /// only a tracer with CAP_SYS_PTRACE could look into. And it can ask to see calls that may receive
    /// a DNS answer (`tracesNames`).
    public init(
        policy: Policy, mode: Mode, watching: Watching, page: AddressWindow? = nil,
        guarding: PageGuard = .sealed, tracesOwnFilters: Bool = false, tracesHiding: Bool = false,
        tracesNames: Bool = false, limits: Limits = .none
    ) {
        evaluation = PartialEvaluation(
            policy: policy, mode: mode, watching: watching, page: page, guarding: guarding,
            tracesOwnFilters: tracesOwnFilters, tracesHiding: tracesHiding,
            tracesNames: tracesNames, limits: limits)
    }

    /// The filter, nil where none is needed: nothing can be denied nor given up, and not everything
    /// is watched.
    ///
    /// Where there is one, it holds the doors around the judged calls (io_uring, listeners, the
    /// sealed page) in every mode: a log that is complete must not be walked around either.
    public func compile() throws(AssemblyError) -> Program? {
        guard evaluation.judges || evaluation.limits == .offered else { return nil }
        var dispatch = Dispatch(evaluation: evaluation)
        let decision = dispatch.decision()
        return try DecisionEmitter.program(for: decision, in: dispatch.evaluation.graph)
    }
}
