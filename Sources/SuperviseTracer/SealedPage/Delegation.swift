import CSupervise
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
final class Delegation: Errand {
    private let sealing: Sealing
    private let caller: Caller
    private let call: JudgedCall
    private let arguments: Arguments
    /// Where the page is mapped, nil where the call needs none.
    private let place: UInt32?
    /// The policy that the caller's call was judged by.
    let policy: PreparedPolicy
    private let path: [UInt8]?
    private var step = Step.clone
    private var deputy: ThreadID?
    private var outcome: Deputy.Outcome?
    private var pageSlot: UInt16?
    /// The events that the call's result is to be recorded for.
    var events: [AuditEvent] = []

    private enum Step {
        /// It makes the deputy.
        case clone
        /// It stands behind that call until the deputy has ended.
        case deputized
        /// It waits for the connection that the deputy has begun.
        case connecting(SocketDependence)
        /// It sends over the connection that is there by now.
        case sendingAll
        /// It waits until the socket can be written to; then the call is made again. The number is
        /// the time when a socket with a time limit (SO_SNDTIMEO) gives up.
        case sending(until: Int64?)
        /// Nothing is left to do.
        case over
    }

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: JudgedCall,
        arguments: Arguments, place: UInt32?, path: [UInt8]?, sealing: Sealing
    ) {
        self.path = path
        self.sealing = sealing
        policy = sealing.judge.prepared
        self.caller = caller
        self.call = call
        self.arguments = arguments
        self.place = place
        super.init(registers, mask: mask, caller.layouts)
    }

    private func finish(_ result: Int64) -> ErrandStep {
        sealing.judge.recorder.finish(events, with: result)
        return .finish(result)
    }

    private var refusal: ErrandStep {
        .finish(-Int64(sealing.judge.policy.refusal.rawValue))
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else {
            // The deputy takes no signals that are the process's, and begins with this mask.
            thread.setSignalMask(UInt64.max)
            return .call(calls.cloneDeputy(withOwnDirectory: path != nil))
        }
        switch step {
        case .clone:
            // -ERESTARTNOINTR: the process is being stopped.
            if result == -513 { return .call(calls.cloneDeputy(withOwnDirectory: path != nil)) }
            step = .deputized
            sealing.releaseNewborns(of: caller.slot)
            guard result > 0, deputy != nil else { return refusal }
            return outcome == nil ? .wait : conclude(at: thread)
        case .deputized, .over:
            return refusal
        case .connecting(let dependence):
            if result == -512 { return .interrupted }
            if result == 0, dependence.message != nil {
                step = .sendingAll
                return send(dependence)
            }
            // EALREADY: the time to send (SO_SNDTIMEO) is over. The call that began the connection
            // has EINPROGRESS for that.
            return finish(result == -114 && !dependence.isConnecting ? -115 : result)
        case .sendingAll:
            return result == -512 ? .interrupted : finish(result)
        case .sending(let end):
            if let end, Self.milliseconds() >= end { return finish(-11) }
            return .interrupted
        }
    }

    override func interrupted() -> ErrandStep? {
        switch step {
        case .clone, .deputized, .over: nil
        case .connecting, .sending, .sendingAll: .interrupted
        }
    }

    override func made(_ thread: ThreadID) {
        deputy = thread
        let deputy = Deputy(
            registers, mask: mask, caller: caller, call: call, arguments: arguments, place: place,
            path: path, sealing: sealing, delegation: self)
        if !sealing.start(deputy, thread, for: caller) { deputyEnded(nil) }
        sealing.releaseNewborns(of: caller.slot)
    }

    override func ended() {
        if let pageSlot { sealing.page.returnSlot(pageSlot) }
        pageSlot = nil
        step = .over
        sealing.releaseNewborns(of: caller.slot)
    }

    /// The deputy has ended, with this outcome; nil where it was killed.
    func deputyEnded(_ outcome: Deputy.Outcome?) {
        self.outcome = outcome ?? .result(-Int64(sealing.judge.policy.refusal.rawValue))
        guard case .deputized = step else { return }
        let stopped = StoppedThread(id: caller.thread)
        let next = conclude(at: stopped)
        sealing.proceed(self, next, stopped, caller.slot)
    }

    private func conclude(at thread: borrowing StoppedThread) -> ErrandStep {
        guard let outcome else { return refusal }
        switch outcome {
        case .result(let result):
            return finish(result)
        case .interrupted(let dependence):
            guard place != nil, let slot = sealing.page.takeSlot() else { return refusal }
            pageSlot = slot
            // From here on signals reach the caller.
            thread.setSignalMask(mask)
            if dependence.path != nil {
                // Nothing tells when a socket that is no peer yet has room: it is tried again.
                step = .sending(until: nil)
                sealing.page.write(calls.pollForWriting(-1), to: slot)
                return .call(calls.poll(address, milliseconds: 10))
            }
            if dependence.operation == .connect {
                step = .connecting(dependence)
                sealing.page.write([0xff, 0xff], to: slot)
                return .call(calls.awaitConnection(dependence.descriptor, address))
            }
            let limit = dependence.sendTimeout
            step = .sending(until: limit.map { Self.milliseconds() + Int64($0) })
            sealing.page.write(calls.pollForWriting(dependence.descriptor), to: slot)
            return .call(calls.poll(address, milliseconds: limit ?? -1))
        }
    }

    private var calls: InjectedCalls { InjectedCalls(layouts: layouts) }
    private var address: UInt64 {
        sealing.page.address(of: pageSlot ?? 0, mappedAt: place ?? 0)
    }

    /// Sends without a destination what a call with MSG_FASTOPEN was to send.
    private func send(_ dependence: SocketDependence) -> ErrandStep {
        switch dependence.message {
        case .buffer(let pointer, let size, let flags):
            return .call(calls.send(dependence.descriptor, pointer, size, flags))
        case .header(var header, let flags):
            guard let place, let pageSlot else { return refusal }
            (header.name, header.nameLength) = (0, 0)
            let registers = sealing.page.write(
                SealedArguments(header: header, name: nil), to: pageSlot, mappedAt: place, layouts)
            return .call(
                calls.send(dependence.descriptor, header: registers.pointer?.value ?? 0, flags))
        case nil:
            return finish(0)
        }
    }

    private static func milliseconds() -> Int64 { csupervise_monotonic() / 1_000_000 }
}
