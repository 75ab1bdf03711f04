import SuperviseFilter

/// A raw system call of the caller's ABI.
struct RawCall {
    var number: UInt32
    var arguments: [UInt64]

    init(_ number: UInt32, _ arguments: UInt64...) {
        self.number = number
        self.arguments = arguments
    }

    /// What the register of an argument holds: 0 for those that are not given.
    subscript(_ argument: Int) -> UInt64 {
        arguments.indices.contains(argument) ? arguments[argument] : 0
    }
}

/// What a thread on an errand does next.
enum ErrandStep {
    /// It makes this call.
    case call(RawCall)
    /// It makes its own call again, from the start: the call traps anew.
    case restart
    /// It goes on behind its own call, with this result.
    case finish(Int64)
    /// It goes on behind its own call as behind one that a signal interrupted: the kernel makes
    /// the call again where no handler runs or its handler asks for that (SA_RESTART), else the
    /// call fails with EINTR.
    case interrupted
    /// It stays where it is until the errand is gone on with.
    case wait
    /// Its process is killed: it must not go on, and was kept from what it had to do.
    case kill
}

/// A series of system calls that a stopped thread makes in the tracer's interest.
///
/// It begins at a seccomp stop: the first call replaces the thread's own, each further one is made
/// by the same instruction again. Between them the tracer serves other threads, so an errand that
/// takes long holds nobody else up. The thread's own registers are put back at the end.
///
/// Between two calls the thread executes one instruction of its program, and another thread may
/// have put a jump there by then. Then it runs the program's code, with what it has for the errand:
/// a connection that nobody is to hear of, a socket that it is to close. Without a call it can do
/// nothing with that. Hence each call is looked at when it enters the kernel, and in the place of one
/// that is not the tracer's comes the tracer's own: whatever the thread executes, it makes no other
/// call until the errand is over. An errand that `steps` has one stop a call instead of two: the
/// instruction is looked at when it has been executed.
///
/// Filters of the program's own see these calls, too, and can answer them in the kernel's stead: with
/// an error, or with 0. So a result of 0 is no proof that a call was made.
class Errand {
    /// SIGTRAP.
    static let trap: Int32 = 5
    /// The registers at the seccomp stop.
    let registers: Registers
    /// The signals that were blocked then.
    let mask: UInt64
    let layouts: MemoryLayouts
    /// Whether the next stop is the entry of the call, not its exit.
    private(set) var expectsEntry = false
    /// The call that is being made.
    private var call: RawCall?
    /// Whether calls are made by PTRACE_SINGLESTEP, but for one at the stop of the thread's own.
    ///
    /// Only 64-bit calls, and only where SIGTRAP is neither blocked meanwhile nor ignored.
    private var steps: Bool
    /// Whether the call is being made so.
    private var isStepping = false
    /// Whether a call was skipped in whose place the errand's could not be put.
    private var wasSkipped = false
    /// Whether it has gone on where its process was being stopped.
    private var hasPassedGroupStop = false

    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, steps: Bool = false
    ) {
        self.registers = registers
        self.mask = mask
        self.layouts = layouts
        self.steps = steps
    }

    /// The signals to block while the errand lasts: all but that of a step.
    var blockedMeanwhile: UInt64 { steps ? ~(1 << UInt64(Self.trap - 1)) : UInt64.max }

    /// Whether the errand goes on where the process is being stopped (SIGSTOP): other threads of the process
    /// wait for its end, and the process has not stopped, for its parent, until they have stopped, too.
    var endsBeforeStopping: Bool { false }

    /// What to do when the last call has given this result; at first, nil.
    func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep { .restart }

    /// What to do where a signal comes between two calls; nil: deliver it and go on.
    func interrupted() -> ErrandStep? { nil }

    /// Lets a call of the errand go on at its seccomp stop.
    func release(_ stopped: consuming StoppedThread, _ stop: SeccompStop) {
        stopped.resumeToSyscallExit()
    }

    /// A call of the errand made this thread.
    func made(_ thread: ThreadID) {}

    /// The errand is over; the thread may be dead.
    func ended() {}

    /// Serves a stop of a thread on this errand.
    ///
    /// - Returns: Whether the errand is over; then the thread has been let go on.
    final func serve(_ stop: consuming Stop) -> Bool {
        switch consume stop {
        case .syscallExit(let stopped):
            if expectsEntry || isStepping || wasSkipped || call == nil { return enter(stopped) }
            guard let now = stopped.registers() else {
                stopped.abandon()
                return false
            }
            let step = next(after: layouts.result(now.result), at: stopped)
            return take(step, stopped, atEntry: false)
        case .seccomp(let stopped):
            // The filter traps the call that the tracer itself has the thread make.
            guard let stop = stopped.seccompStop() else {
                stopped.abandon()
                return false
            }
            guard !expectsEntry, let call, call.is(stop, layouts) else {
                stopped.skipCall(result: -1)
                goOn(stopped)
                return false
            }
            if isStepping { stopped.step() } else { release(stopped, stop) }
        case .signal(let stopped, let signal):
            if isStepping, signal == Self.trap { return stepped(stopped) }
            if let step = interrupted() {
                return take(step, stopped, atEntry: false, signal: signal)
            }
            if isStepping { stopStepping(stopped, for: signal) }
            goOn(stopped, signal: signal)
        case .groupStop(let stopped):
            guard endsBeforeStopping else {
                stopped.listen()
                return false
            }
            hasPassedGroupStop = true
            if call == nil { return begin(stopped, atEntry: false) }
            goOn(stopped)
        case .trap(let stopped):
            // The first stop of a thread that was made for the errand.
            if call == nil { return begin(stopped, atEntry: false) }
            goOn(stopped)
        case .newTracee(let stopped):
            if let message = stopped.eventMessage() {
                made(ThreadID(rawValue: Int32(truncatingIfNeeded: message)))
            }
            goOn(stopped)
        // None of these can come in an errand but for a thread that is being killed.
        case .exec(let stopped): goOn(stopped)
        case .exit(let stopped): goOn(stopped)
        }
        return false
    }

    /// Begins the errand, at the seccomp stop of the thread's own call or outside of any call.
    ///
    /// - Returns: As `serve`.
    final func begin(_ stopped: consuming StoppedThread, atEntry: Bool = true) -> Bool {
        let step = next(after: nil, at: stopped)
        return take(step, stopped, atEntry: atEntry)
    }

    /// Goes on with an errand that waits.
    ///
    /// - Returns: As `serve`.
    final func proceed(_ step: ErrandStep, _ stopped: consuming StoppedThread) -> Bool {
        take(step, stopped, atEntry: false)
    }

    /// A thread enters the kernel, to make the errand's call; another one is replaced by that.
    ///
    /// The kernel asks the filters after this stop, for the call that it finds then.
    private func enter(_ stopped: consuming StoppedThread) -> Bool {
        (expectsEntry, isStepping, wasSkipped) = (false, false, false)
        guard let entry = stopped.entryStop() else {
            // Behind a call: one that was skipped, or none of the errand's.
            guard let call else { return begin(stopped, atEntry: false) }
            return take(.call(call), stopped, atEntry: false)
        }
        guard let call, entry.architecture == layouts.architecture.auditValue else {
            // The errand's call has no number, or another layout, in that ABI.
            wasSkipped = true
            stopped.skipCall(result: -38)
            stopped.resumeToSyscallExit()
            return false
        }
        guard entry.instructionPointer == registers.instructionPointer, call.is(entry, layouts)
        else { return take(.call(call), stopped, atEntry: true) }
        stopped.resumeToSyscallExit()
        return false
    }

    /// The stop for SIGTRAP that follows a step, or that of such a signal which somebody sent.
    ///
    /// That the call was made is read from the registers alone, whatever the signal says: only the
    /// entry into the kernel sets the call's number, and no instruction but one that makes a call
    /// leaves it set. One that entered and had its call sent to itself has had another signal by now.
    private func stepped(_ stopped: consuming StoppedThread) -> Bool {
        guard let call, let now = stopped.registers(),
            let wasSent = stopped.trapWasSent(at: now.instructionPointer)
        else {
            stopped.abandon()
            return false
        }
        // One that was sent is put back to wait, blocked, for the errand's end; the step's own merges
        // with one that waits already. Whoever sends more of them shall not hold the errand up.
        let sent = wasSent ? Self.trap : 0
        let isMade =
            now.callNumber == UInt64(call.number)
            && now.instructionPointer == registers.instructionPointer
        if wasSent || !isMade {
            steps = false
            stopped.setSignalMask(blockedMeanwhile)
        }
        if isMade {
            let step = next(after: layouts.result(now.result), at: stopped)
            return take(step, stopped, atEntry: false, signal: sent)
        }
        // It came before the step, which is still to be made; or another instruction was there.
        isStepping = false
        expectsEntry = true
        stopped.resumeToSyscallExit(signal: sent)
        return false
    }

    /// Makes the rest of the errand with two stops a call, after a signal that the kernel forced on the
    /// thread: all others are blocked.
    ///
    /// A thread that is stepped stops where its handler begins, too, with SIGTRAP, 0 for a result and the
    /// last call's number. A call that the thread has sent to itself (PR_SET_SYSCALL_USER_DISPATCH, SIGSYS)
    /// was not made, and the handler can be right behind it: that would look as if it had been.
    private func stopStepping(_ stopped: borrowing StoppedThread, for signal: Int32) {
        (steps, isStepping, expectsEntry) = (false, false, true)
        // The signal itself would go back into the queue.
        stopped.setSignalMask(blockedMeanwhile & ~(1 << UInt64(signal - 1)))
    }

    /// Lets a thread go on with its errand that stopped for something else.
    private func goOn(_ stopped: consuming StoppedThread, signal: Int32 = 0) {
        if isStepping {
            stopped.step(signal: signal)
        } else {
            stopped.resumeToSyscallExit(signal: signal)
        }
    }

    private func take(
        _ step: ErrandStep, _ stopped: consuming StoppedThread, atEntry: Bool, signal: Int32 = 0
    ) -> Bool {
        var changed = registers
        switch step {
        case .wait:
            stopped.abandon()
            return false
        case .kill:
            // It stands at this stop until it is dead.
            Ptrace.kill(stopped.id)
            stopped.abandon()
            return false
        case .call(let call):
            self.call = call
            isStepping = steps && !atEntry
            // By either instruction, whichever another thread puts there, it has these arguments.
            if isStepping { changed.setEverywhere(call) } else { changed.set(call, layouts) }
            if atEntry {
                // The thread stands in the kernel, about to make the call of this number.
                changed.callNumber = UInt64(call.number)
                changed.result = UInt64(bitPattern: -38)
            } else {
                // Back to the instruction, `syscall` or `int $0x80`, two bytes both.
                changed.instructionPointer = registers.instructionPointer &- 2
                changed.result = UInt64(call.number)
                changed.callNumber = UInt64.max
            }
            expectsEntry = !atEntry && !isStepping
            stopped.setRegisters(changed)
            goOn(stopped, signal: signal)
            return false
        case .restart:
            changed.instructionPointer = registers.instructionPointer &- 2
            changed.result = registers.callNumber
            // No call is under way: nothing is made, and nothing restarted by the kernel.
            changed.callNumber = UInt64.max
        case .finish(let result):
            changed.result = UInt64(bitPattern: result)
            // The thread's own call is to be restarted by the kernel where the result says so,
            // but neither made at its entry nor restarted for a signal that ended the errand.
            if atEntry || signal != 0 { changed.callNumber = UInt64.max }
        case .interrupted:
            // -ERESTARTSYS, which the kernel looks at when it looks for signals: it is made to.
            changed.result = UInt64(bitPattern: -512)
            if signal == 0 { Ptrace.interrupt(stopped.id) }
        }
        stopped.setRegisters(changed)
        stopped.setSignalMask(mask)
        // Where the process is stopped still, that is the stop which follows.
        if hasPassedGroupStop { Ptrace.interrupt(stopped.id) }
        stopped.resume(signal: signal)
        return true
    }
}

extension RawCall {
    /// Whether a stop is that of this call.
    func `is`(_ stop: SeccompStop, _ layouts: MemoryLayouts) -> Bool {
        guard stop.architecture == layouts.architecture.auditValue, stop.number == number else {
            return false
        }
        let made = layouts.word == 8 ? stop.arguments : stop.arguments.narrowed
        let wanted = layouts.word == 8 ? UInt64.max : 0xffff_ffff
        return (0..<6).allSatisfy { made.wide($0) == self[$0] & wanted }
    }
}

extension MemoryLayouts {
    /// Whose layouts they are.
    fileprivate var architecture: Architecture { word == 8 ? .x86_64 : .i386 }

    /// A call's result out of its register: 32-bit calls give 32 bits.
    func result(_ rax: UInt64) -> Int64 {
        word == 8
            ? Int64(bitPattern: rax) : Int64(Int32(truncatingIfNeeded: Int64(bitPattern: rax)))
    }
}
