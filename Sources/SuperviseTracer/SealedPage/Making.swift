import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// A `socket(2)` under rules that refuse peers, the caller's side.
///
/// A raw socket hears of everybody from its first moment, and a datagram socket gets a port by calls
/// that nobody judges (`write(2)`). So a deputy makes it, in descriptors that nobody else has, the
/// filter for its peers is attached there, and then the caller is handed it.
final class Making: Handover {
    private let call: SocketCall
    private var outcome: Maker.Outcome?

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: SocketCall, sealing: Sealing
    ) {
        self.call = call
        super.init(
            registers, mask: mask, caller: caller, sealing: sealing,
            closesOnExec: UInt32(bitPattern: call.type) & AcceptCall.closeOnExec != 0)
        events = sealing.judge.recorder.takeUnfinished()
    }

    override func makeDeputy() -> Errand {
        Maker(registers, mask: mask, caller: caller, call: call, sealing: sealing, making: self)
    }

    /// The deputy is about to end.
    func ends(with outcome: Maker.Outcome?) {
        // A caller that a filter of its own killed takes nothing any more.
        if isOver, case .made(let socket)? = outcome { return socket.closeCopy() }
        self.outcome = outcome
    }

    override func conclude(at thread: borrowing StoppedThread) -> ErrandStep {
        switch outcome {
        case nil: return refuse(Self.outOfTurn)
        case .result(let result):
            sealing.judge.recorder.finish(events, with: result)
            return .finish(result)
        case .made(let socket):
            outcome = nil
            return hand(socket)
        }
    }

    override func ended() {
        if case .made(let socket)? = outcome { socket.closeCopy() }
        outcome = nil
        super.ended()
    }
}

/// The deputy of a `socket(2)`.
///
/// It never runs its program, which could have a socket then that hears of everybody.
final class Maker: Errand {
    /// What became of the call.
    enum Outcome {
        /// The kernel's error, or a refusal.
        case result(Int64)
        /// A socket with its filter; a copy, which whoever has this closes.
        case made(Descriptor)
    }

    private let sealing: Sealing
    private let making: Making
    private let caller: Caller
    private let call: SocketCall
    private var outcome: Outcome?

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: SocketCall, sealing: Sealing,
        making: Making
    ) {
        self.sealing = sealing
        self.making = making
        self.caller = caller
        self.call = call
        super.init(registers, mask: mask, caller.layouts)
    }

    override var endsBeforeStopping: Bool { true }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        let calls = InjectedCalls(layouts: layouts)
        guard let result else { return .call(calls.socket(call)) }
        if outcome != nil { return making.kill() }
        outcome = outcome(of: result, at: thread.id)
        return .call(calls.exit())
    }

    private func outcome(of result: Int64, at thread: ThreadID) -> Outcome {
        guard result >= 0 else { return .result(result) }
        let judge = sealing.judge
        guard let slot = judge.tree.slot(of: thread),
            let socket = judge.sockets.copy(of: Int32(truncatingIfNeeded: result), slot: slot)
        else { return .result(making.refusal(Making.outOfTurn)) }
        judge.prepared = making.policy
        judge.begin(making.name)
        if judge.keepPeersAway(from: socket, socket.kind()?.0, caller) { return .made(socket) }
        socket.closeCopy()
        return .result(making.refusal(Judge.unfiltered))
    }

    override func ended() {
        making.ends(with: outcome)
        making.deputyEnded()
    }
}

/// A `socket(2)` under rules that refuse peers, where nobody can look at what one thread alone has
/// (before Linux 6.9): the caller makes it, and has its filter before it goes on.
///
/// Whoever shares the descriptors could use it a moment before.
final class OwnMaking: Errand {
    private let sealing: Sealing
    private let caller: Caller
    private let call: SocketCall
    private let policy: PreparedPolicy
    private let name: String
    private let events: [AuditEvent]
    private var refusal: Int64?
    private var made: Int64 = -1

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: SocketCall, sealing: Sealing
    ) {
        self.sealing = sealing
        self.caller = caller
        self.call = call
        policy = sealing.judge.prepared
        name = sealing.judge.callName
        events = sealing.judge.recorder.takeUnfinished()
        super.init(registers, mask: mask, caller.layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        let calls = InjectedCalls(layouts: layouts)
        guard let result else { return .call(calls.socket(call)) }
        if let refusal {
            return sealing.judge.areClosed([Int32(truncatingIfNeeded: made)], by: caller)
                ? finish(refusal) : sealing.judge.kill(caller, policy, name)
        }
        guard result >= 0, !isDeaf(result) else { return finish(result) }
        made = result
        refusal = sealing.judge.refusal(Judge.unfiltered, of: name, policy, by: caller)
        return .call(calls.close(result))
    }

    private func isDeaf(_ made: Int64) -> Bool {
        let judge = sealing.judge
        guard
            let socket = judge.sockets.copy(
                of: Int32(truncatingIfNeeded: made), slot: caller.slot)
        else { return false }
        defer { socket.closeCopy() }
        judge.prepared = policy
        judge.begin(name)
        return judge.keepPeersAway(from: socket, socket.kind()?.0, caller)
    }

    private func finish(_ result: Int64) -> ErrandStep {
        sealing.judge.recorder.finish(events, with: result)
        return .finish(result)
    }
}
