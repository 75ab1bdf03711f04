import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// An `accept(2)` under rules that refuse peers, the caller's side.
///
/// Who has connected is known only when the connection has a descriptor, and by then any thread
/// could use it. So a deputy accepts, in descriptors that nobody else has. What a refused peer made
/// is closed there, and the deputy goes on; what an allowed one made is handed to the caller.
///
/// The deputy never waits. Where nobody has connected the caller waits itself, in `poll(2)`, so that
/// signals reach it as they would; then a deputy looks again.
final class Acceptance: Handover {
    private let call: AcceptCall
    private let place: UInt32
    /// Whether it waits for somebody to connect.
    private var isWaiting = false
    private var outcome: Acceptor.Outcome?
    /// The page's slot that `poll(2)` has its descriptor in.
    private var pageSlot: UInt16?
    /// When the time to wait is over (SO_RCVTIMEO).
    private var end: Int64?

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: AcceptCall, place: UInt32,
        sealing: Sealing
    ) {
        self.call = call
        self.place = place
        super.init(
            registers, mask: mask, caller: caller, sealing: sealing,
            closesOnExec: call.flags & AcceptCall.closeOnExec != 0)
    }

    override func makeDeputy() -> Errand {
        Acceptor(
            registers, mask: mask, caller: caller, call: call,
            reserves: !DescriptorLimit.mayBeRaised(of: caller.process, by: Self.spare),
            sealing: sealing, acceptance: self)
    }

    /// The deputy is about to end.
    func ends(with outcome: Acceptor.Outcome?, _ events: [AuditEvent]) {
        // A caller that a filter of its own killed takes nothing any more.
        if isOver {
            if case .accepted(let connection)? = outcome { connection.closeCopy() }
            return
        }
        self.outcome = outcome
        self.events = events
    }

    override func conclude(at thread: borrowing StoppedThread) -> ErrandStep {
        switch outcome {
        case nil: return refuse(Self.outOfTurn)
        case .result(let result): return .finish(result)
        case .waits(let limit): return wait(limit, at: thread)
        case .accepted(let connection):
            self.outcome = nil
            return hand(connection)
        }
    }

    /// Waits until somebody has connected, or looks for signals where somebody has already.
    private func wait(_ limit: Int32?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let slot = pageSlot ?? sealing.page.takeSlot() else {
            return refuse(Self.noRoom)
        }
        pageSlot = slot
        end = end ?? limit.map { Self.milliseconds() + Int64($0) }
        isWaiting = true
        thread.setSignalMask(mask)
        sealing.page.write(calls.pollForReading(call.descriptor), to: slot)
        let rest = end.map { Int32(clamping: max(0, $0 - Self.milliseconds())) }
        return .call(
            calls.poll(
                sealing.page.address(of: slot, mappedAt: place), milliseconds: rest ?? -1))
    }

    override func goOn(after result: Int64, at thread: borrowing StoppedThread) -> ErrandStep {
        guard isWaiting else { return super.goOn(after: result, at: thread) }
        isWaiting = false
        // -EINTR, and what the kernel makes of it.
        if result == -4 || (-516 ... -512).contains(result) { return waitInterrupted }
        if let end, Self.milliseconds() >= end { return .finish(-11) }
        return commission(at: thread)
    }

    override func interrupted() -> ErrandStep? {
        isConcluded && isWaiting ? waitInterrupted : nil
    }

    /// A socket with a time limit is not waited for again, as in the kernel (`sock_intr_errno`).
    private var waitInterrupted: ErrandStep { end == nil ? .interrupted : .finish(-4) }

    override func ended() {
        if let pageSlot { sealing.page.returnSlot(pageSlot) }
        pageSlot = nil
        if case .accepted(let connection)? = outcome { connection.closeCopy() }
        outcome = nil
        super.ended()
    }
}
