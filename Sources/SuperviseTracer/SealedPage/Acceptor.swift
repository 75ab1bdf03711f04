import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// The deputy of an `accept(2)`: it accepts until somebody has connected who may be heard.
///
/// What it accepts is in its own descriptors, which nobody else can use, until it has ended. It never
/// runs its program: until then it makes no call but these (`Errand`), and where a filter of the
/// program's own keeps it from ending, its process is killed. A connection that nobody is to hear of
/// is reset by the tracer, and does not depend on being closed.
final class Acceptor: Errand {
    /// What became of the call.
    enum Outcome {
        /// The kernel's error.
        case result(Int64)
        /// A connection from a peer that may be heard; a copy, which whoever has this closes.
        case accepted(Descriptor)
        /// Nobody has connected yet, or so many who are refused that it is time to look for
        /// signals; SO_RCVTIMEO in milliseconds.
        case waits(Int32?)
    }

    private enum Step {
        case reserve, accept, tell, close, exit
    }

    private let sealing: Sealing
    private let acceptance: Acceptance
    private let caller: Caller
    private let call: AcceptCall
    /// Whether the caller needs a number more than this call does, and may have no other.
    private let reserves: Bool
    private var step = Step.reserve
    private var accepted: Int64 = -1
    private var connection: Descriptor?
    private var refused = 0
    private var outcome: Outcome?
    private var events: [AuditEvent] = []

    /// So many refused connections are closed before the caller's signals get a chance.
    private static let mostRefused = 16

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: AcceptCall,
        reserves: Bool, sealing: Sealing,
        acceptance: Acceptance
    ) {
        self.sealing = sealing
        self.acceptance = acceptance
        self.caller = caller
        self.call = call
        self.reserves = reserves
        super.init(registers, mask: mask, caller.layouts)
    }

    private var calls: InjectedCalls { InjectedCalls(layouts: layouts) }

    override var endsBeforeStopping: Bool { true }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else {
            if reserves { return .call(calls.duplicate(call.descriptor)) }
            return accept()
        }
        switch step {
        case .reserve: return result == -24 ? exit(.result(result)) : accept()
        case .accept: return accepted(result, at: thread)
        case .tell:
            if result == 0, let connection {
                self.connection = nil
                return exit(.accepted(connection))
            }
            // ENOTCONN: it has been reset by now.
            return result == -107 ? close() : exit(.result(result))
        case .close: return refused < Self.mostRefused ? accept() : exit(.waits(nil))
        case .exit: return acceptance.kill()
        }
    }

    /// Its own call traps, too: it is the one that it was given.
    override func release(_ stopped: consuming StoppedThread, _ stop: SeccompStop) {
        // Ends the call where it would begin to wait.
        Ptrace.interrupt(stopped.id)
        stopped.resumeToSyscallExit()
    }

    override func ended() {
        connection?.closeCopy()
        connection = nil
        acceptance.ends(with: outcome, events)
        acceptance.deputyEnded()
    }

    private func accept() -> ErrandStep {
        step = .accept
        return .call(calls.accept(call))
    }

    private func accepted(_ result: Int64, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let slot = sealing.judge.tree.slot(of: thread.id) else {
            return exit(.result(acceptance.refusal(Acceptance.outOfTurn)))
        }
        // -ERESTARTSYS; -EINTR where the socket has a time limit.
        if result == -4 || (-514 ... -512).contains(result) {
            return exit(
                .waits(
                    sealing.judge.sockets.timeout(
                        of: call.descriptor, ofSending: false, slot)))
        }
        guard result >= 0 else { return exit(.result(result)) }
        accepted = result
        connection = sealing.judge.sockets.copy(
            of: Int32(truncatingIfNeeded: result), slot: slot)
        // The caller's in the log, with the deputy's descriptors.
        let caller = Caller(
            thread: caller.thread, slot: slot, layouts: layouts, process: caller.process)
        sealing.judge.prepared = acceptance.policy
        guard sealing.judge.hears(connection, on: call.descriptor, acceptance.name, caller),
            let connection
        else {
            guard sealing.judge.recorder.failure == nil else { return .wait }
            return close()
        }
        events = sealing.judge.recorder.takeUnfinished()
        guard call.address == 0 else {
            step = .tell
            return .call(calls.tellPeer(of: result, for: call))
        }
        self.connection = nil
        return exit(.accepted(connection))
    }

    /// Closes a connection that nobody is to hear of.
    private func close() -> ErrandStep {
        connection?.reset()
        connection?.close()
        connection = nil
        refused += 1
        step = .close
        return .call(calls.close(accepted))
    }

    private func exit(_ outcome: Outcome) -> ErrandStep {
        self.outcome = outcome
        step = .exit
        return .call(calls.exit())
    }
}
