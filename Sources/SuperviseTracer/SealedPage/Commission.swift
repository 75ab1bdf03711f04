import SupervisePolicy

/// The caller's side of what a deputy does for it: a thread that it makes, with a copy of its
/// descriptors for that thread alone.
///
/// Nobody else can change that copy; what the deputy does has the caller's rights, credentials and
/// memory.
class Commission: Errand {
    let sealing: Sealing
    let caller: Caller
    /// The policy that the caller's call is judged by, and the call's name.
    let policy: PreparedPolicy
    let name: String
    private var stage = Stage.clone
    private var hasDeputy = false
    private var hasEnded = false

    private enum Stage {
        /// It makes the deputy.
        case clone
        /// It stands behind that call until the deputy has ended.
        case deputized
        /// It goes on without the deputy.
        case concluded
        /// Nothing is left to do.
        case over
    }

    init(_ registers: Registers, mask: UInt64, caller: Caller, sealing: Sealing) {
        self.sealing = sealing
        self.caller = caller
        policy = sealing.judge.prepared
        name = sealing.judge.callName
        super.init(registers, mask: mask, caller.layouts)
    }

    /// What the deputy does.
    func makeDeputy() -> Errand { Errand(registers, mask: mask, layouts) }

    /// Whether the deputy has a working directory of its own.
    var deputyHasOwnDirectory: Bool { false }

    /// What to do when the deputy has ended.
    func conclude(at thread: borrowing StoppedThread) -> ErrandStep { .restart }

    /// What to do when a call behind that has given this result.
    func goOn(after result: Int64, at thread: borrowing StoppedThread) -> ErrandStep { .restart }

    final var calls: InjectedCalls { InjectedCalls(layouts: layouts) }

    /// Refuses the call, and records why; the call's result.
    final func refusal(_ why: String) -> Int64 {
        sealing.judge.refusal(why, of: name, policy, by: caller)
    }

    final func refuse(_ why: String) -> ErrandStep { .finish(refusal(why)) }

    /// Whether the deputy has done its part.
    final var isConcluded: Bool {
        if case .concluded = stage { true } else { false }
    }

    /// Other new threads of the process wait, too, until the deputy is known.
    final override var endsBeforeStopping: Bool { !isConcluded }

    /// Whether nothing is left to do.
    final var isOver: Bool {
        if case .over = stage { true } else { false }
    }

    /// Kills the process whose deputy was kept from ending.
    ///
    /// exit(2) has no result but what a filter of the program's own gives. The deputy would go on with
    /// its program, with descriptors that it may not have.
    final func kill() -> ErrandStep {
        _ = refusal("killed: a filter of its own kept a thread from ending")
        return .kill
    }

    /// Has a deputy made.
    final func commission(at thread: borrowing StoppedThread) -> ErrandStep {
        (stage, hasDeputy, hasEnded) = (.clone, false, false)
        sealing.makers.insert(caller.slot)
        // The deputy takes no signals that are the process's, and begins with this mask.
        thread.setSignalMask(UInt64.max)
        return .call(calls.cloneDeputy(withOwnDirectory: deputyHasOwnDirectory))
    }

    final override func next(
        after result: Int64?, at thread: borrowing StoppedThread
    ) -> ErrandStep {
        guard let result else { return commission(at: thread) }
        switch stage {
        case .clone:
            // -ERESTARTNOINTR: the process is being stopped.
            if result == -513 { return commission(at: thread) }
            stage = .deputized
            sealing.releaseNewborns(of: caller.slot)
            guard result > 0, hasDeputy else {
                return refuse("no thread could be made for it")
            }
            return hasEnded ? concluded(at: thread) : .wait
        case .deputized, .over: return refuse(Self.outOfTurn)
        case .concluded: return goOn(after: result, at: thread)
        }
    }

    final override func made(_ thread: ThreadID) {
        hasDeputy = true
        if !sealing.start(makeDeputy(), thread, for: caller) { deputyEnded() }
        sealing.releaseNewborns(of: caller.slot)
    }

    override func ended() {
        stage = .over
        sealing.releaseNewborns(of: caller.slot)
    }

    /// The deputy has ended, or was killed.
    final func deputyEnded() {
        hasEnded = true
        guard case .deputized = stage else { return }
        let stopped = StoppedThread(id: caller.thread)
        let next = concluded(at: stopped)
        sealing.proceed(self, next, stopped, caller.slot)
    }

    private func concluded(at thread: borrowing StoppedThread) -> ErrandStep {
        stage = .concluded
        return conclude(at: thread)
    }

    /// Why a call is refused where its thread is not where it was left.
    static let outOfTurn = "its thread was disturbed"
    /// Why a call is refused where so many are under way that the page is full.
    static let noRoom = "no room for its arguments"

    static func milliseconds() -> Int64 { monotonicNanoseconds() / 1_000_000 }
}
