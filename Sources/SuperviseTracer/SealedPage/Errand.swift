/// A raw system call of the caller's ABI.
struct RawCall {
    var number: UInt32
    var arguments: [UInt64]

    init(_ number: UInt32, _ arguments: UInt64...) {
        self.number = number
        self.arguments = arguments
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
}

/// A series of system calls that a stopped thread makes in the tracer's interest.
///
/// It begins at a seccomp stop: the first call replaces the thread's own, each further one is made
/// by the same instruction again. Between them the tracer serves other threads, so an errand that
/// takes long holds nobody else up. The thread's own registers are put back at the end.
class Errand {
    /// The registers at the seccomp stop.
    let registers: Registers
    /// The signals that were blocked then.
    let mask: UInt64
    let layouts: MemoryLayouts
    /// Whether the next stop is the entry of the call, not its exit.
    private(set) var expectsEntry = false

    init(_ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts) {
        self.registers = registers
        self.mask = mask
        self.layouts = layouts
    }

    /// What to do when the last call has given this result; at first, nil.
    func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep { .restart }

    /// What to do where a signal comes between two calls; nil: deliver it and go on.
    func interrupted() -> ErrandStep? { nil }

    /// The errand is over; the thread may be dead.
    func ended() {}

    /// Serves a stop of a thread on this errand.
    ///
    /// - Returns: Whether the errand is over; then the thread has been let go on.
    final func serve(_ stop: consuming Stop) -> Bool {
        switch consume stop {
        case .syscallExit(let stopped):
            if expectsEntry {
                expectsEntry = false
                stopped.resumeToSyscallExit()
                return false
            }
            guard let now = stopped.registers() else {
                stopped.abandon()
                return false
            }
            let step = next(after: layouts.result(now.result), at: stopped)
            return take(step, stopped, atEntry: false)
        case .seccomp(let stopped):
            // The filter traps the call that the tracer itself has the thread make.
            stopped.resumeToSyscallExit()
        case .signal(let stopped, let signal):
            if let step = interrupted() {
                return take(step, stopped, atEntry: false, signal: signal)
            }
            stopped.resumeToSyscallExit(signal: signal)
        case .groupStop(let stopped):
            stopped.listen()
        case .trap(let stopped):
            stopped.resumeToSyscallExit()
        // None of these can come in an errand but for a thread that is being killed.
        case .newTracee(let stopped): stopped.resumeToSyscallExit()
        case .exec(let stopped): stopped.resumeToSyscallExit()
        case .exit(let stopped): stopped.resumeToSyscallExit()
        }
        return false
    }

    /// Begins the errand at the seccomp stop of the thread's own call.
    ///
    /// - Returns: As `serve`.
    final func begin(_ stopped: consuming StoppedThread) -> Bool {
        let step = next(after: nil, at: stopped)
        return take(step, stopped, atEntry: true)
    }

    private func take(
        _ step: ErrandStep, _ stopped: consuming StoppedThread, atEntry: Bool, signal: Int32 = 0
    ) -> Bool {
        var changed = registers
        switch step {
        case .call(let call):
            changed.set(call, layouts)
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
            expectsEntry = !atEntry
            stopped.setRegisters(changed)
            stopped.resumeToSyscallExit(signal: signal)
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
        }
        stopped.setRegisters(changed)
        stopped.setSignalMask(mask)
        stopped.resume(signal: signal)
        return true
    }
}

extension MemoryLayouts {
    /// A call's result out of its register: 32-bit calls give 32 bits.
    func result(_ rax: UInt64) -> Int64 {
        word == 8
            ? Int64(bitPattern: rax) : Int64(Int32(truncatingIfNeeded: Int64(bitPattern: rax)))
    }
}
