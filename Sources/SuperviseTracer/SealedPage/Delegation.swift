import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// The caller's side of a call that a deputy makes for it.
///
/// Where a verdict depends on the socket, the number that the call gives may stand for another
/// socket by the time the kernel looks: a thread can put one there with `dup2(2)`, and so can a
/// process that shares the descriptors, known to the tracer or not. So the caller makes a thread,
/// its deputy, that has a copy of the descriptors for itself. Nobody else can change that copy; on
/// it the call is judged and made, with the caller's rights, credentials and memory.
///
/// The deputy never waits: it makes its call with an interruption pending, which ends the call
/// where it would begin to wait. Then the caller waits itself, so signals reach it as they would.
final class Delegation: Commission {
    private let call: JudgedCall
    private let arguments: Arguments
    /// Where the page is mapped, nil where the call needs none.
    private let place: UInt32?
    private let path: [UInt8]?
    private var waiting = Waiting.none
    /// What became of the deputy's call, nil where the deputy was killed.
    var outcome: Deputy.Outcome?
    private var pageSlot: UInt16?
    /// What was recorded of the call, and the events that its result is to be recorded for.
    var notes: [Note] = []
    var events: [AuditEvent] = []
    /// When a socket that is tried again gives up (SO_SNDTIMEO).
    private var end: Int64?

    /// What the caller does when its deputy has ended.
    private enum Waiting {
        case none
        /// It waits for the connection that the deputy has begun.
        case connecting(SocketDependence)
        /// It sends over the connection that is there by now.
        case sendingAll
        /// It waits until the socket can be written to; then the call is made again. The number is
        /// the time when a socket with a time limit (SO_SNDTIMEO) gives up.
        case sending(until: Int64?)
        /// It waits a moment, until another deputy tries the call again.
        case tryingAgain
    }

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: JudgedCall,
        arguments: Arguments, place: UInt32?, path: [UInt8]?, sealing: Sealing
    ) {
        self.path = path
        self.call = call
        self.arguments = arguments
        self.place = place
        super.init(registers, mask: mask, caller: caller, sealing: sealing)
    }

    private func finish(_ result: Int64) -> ErrandStep {
        sealing.judge.recorder.finish(events, with: result)
        return .finish(result)
    }

    override var deputyHasOwnDirectory: Bool { path != nil }

    override func makeDeputy() -> Errand {
        Deputy(
            registers, mask: mask, caller: caller, call: call, arguments: arguments, place: place,
            path: path, sealing: sealing, delegation: self)
    }

    override func goOn(after result: Int64, at thread: borrowing StoppedThread) -> ErrandStep {
        switch waiting {
        case .none:
            return refuse(Self.outOfTurn)
        case .connecting(let dependence):
            if result == -512 { return .interrupted }
            if result == 0, dependence.message != nil {
                waiting = .sendingAll
                return send(dependence)
            }
            // EALREADY: the time to send (SO_SNDTIMEO) is over. The call that began the connection
            // has EINPROGRESS for that.
            return finish(result == -114 && !dependence.isConnecting ? -115 : result)
        case .sendingAll:
            return result == -512 ? .interrupted : finish(result)
        case .sending(let end):
            // -EINTR, and what the kernel makes of it.
            if result == -4 || (-516 ... -512).contains(result) { return waitInterrupted(end) }
            if let end, Self.milliseconds() >= end { return finish(-11) }
            return .interrupted
        case .tryingAgain:
            if result == -4 || (-516 ... -512).contains(result) { return waitInterrupted(end) }
            if let end, Self.milliseconds() >= end { return finish(-11) }
            (waiting, outcome) = (.none, nil)
            return commission(at: thread)
        }
    }

    override func interrupted() -> ErrandStep? {
        switch waiting {
        case .none: nil
        case .connecting, .sendingAll: .interrupted
        case .sending(let end): waitInterrupted(end)
        case .tryingAgain: waitInterrupted(end)
        }
    }

    /// A socket with a time limit is not waited for again, as in the kernel (`sock_intr_errno`).
    private func waitInterrupted(_ end: Int64?) -> ErrandStep {
        end == nil ? .interrupted : finish(-4)
    }

    override func ended() {
        if let pageSlot { sealing.page.returnSlot(pageSlot) }
        pageSlot = nil
        super.ended()
    }

    override func conclude(at thread: borrowing StoppedThread) -> ErrandStep {
        switch outcome {
        case nil:
            return refuse(Self.outOfTurn)
        case .result(let result):
            return finish(result)
        case .interrupted(let dependence):
            guard place != nil, let slot = pageSlot ?? sealing.page.takeSlot() else {
                return refuse(Self.noRoom)
            }
            pageSlot = slot
            // From here on signals reach the caller.
            thread.setSignalMask(mask)
            if dependence.path != nil || dependence.isUnix {
                // Nothing tells when a socket that is no peer yet has room: it is tried again.
                waiting = .tryingAgain
                end = end ?? dependence.sendTimeout.map { Self.milliseconds() + Int64($0) }
                let rest = end.map { Int32(clamping: max(0, $0 - Self.milliseconds())) }
                sealing.page.write(calls.pollForWriting(-1), to: slot)
                return .call(calls.poll(address, milliseconds: min(10, rest ?? 10)))
            }
            if dependence.operation == .connect {
                waiting = .connecting(dependence)
                sealing.page.write([0xff, 0xff], to: slot)
                return .call(calls.awaitConnection(dependence.descriptor, address))
            }
            let limit = dependence.sendTimeout
            waiting = .sending(until: limit.map { Self.milliseconds() + Int64($0) })
            sealing.page.write(calls.pollForWriting(dependence.descriptor), to: slot)
            return .call(calls.poll(address, milliseconds: limit ?? -1))
        }
    }

    private var address: UInt64 {
        sealing.page.address(of: pageSlot ?? 0, mappedAt: place ?? 0)
    }

    /// Sends without a destination what a call with MSG_FASTOPEN was to send.
    private func send(_ dependence: SocketDependence) -> ErrandStep {
        switch dependence.message {
        case .buffer(let pointer, let size, let flags):
            return .call(calls.send(dependence.descriptor, pointer, size, flags))
        case .header(var header, let control, let flags):
            guard let place, let pageSlot else { return refuse(Self.noRoom) }
            (header.name, header.nameLength) = (0, 0)
            let registers = sealing.page.write(
                SealedArguments(header: header, name: nil, control: control), to: pageSlot,
                mappedAt: place, layouts)
            return .call(
                calls.send(dependence.descriptor, header: registers.pointer?.value ?? 0, flags))
        case nil:
            return finish(0)
        }
    }
}
