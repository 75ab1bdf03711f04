import CSupervise
import SystemPackage

/// What a tracee reports to its tracer: `PTRACE_O_...` in `ptrace(2)`.
struct TraceOptions: OptionSet {
    let rawValue: UInt32

    /// What every tracee has: its children are followed, and it dies with its tracer.
    static let everywhere = TraceOptions(
        rawValue: UInt32(
            CSUPERVISE_O_SYSGOOD | CSUPERVISE_O_FORK
                | CSUPERVISE_O_VFORK | CSUPERVISE_O_CLONE
                | CSUPERVISE_O_EXEC | CSUPERVISE_O_SECCOMP
                | CSUPERVISE_O_EXITKILL))
}

/// The requests of `ptrace(2)` that need no stopped thread.
enum Ptrace {
    /// PTRACE_SEIZE: attaches to a thread without stopping it.
    static func seize(_ thread: ThreadID, _ options: TraceOptions) throws(Errno) {
        try check(csupervise_ptrace_seize(thread.rawValue, options.rawValue))
    }

    /// PTRACE_INTERRUPT: makes a running tracee stop; it reports a trap.
    ///
    /// An error means that it is no tracee any more, which its end will tell.
    static func interrupt(_ thread: ThreadID) {
        _ = csupervise_ptrace_interrupt(thread.rawValue)
    }

    /// Kills the process of a tracee, which as such keeps its number: kill(2) with SIGKILL.
    static func kill(_ thread: ThreadID) {
        _ = csupervise_kill(thread.rawValue, 9)
    }
}

/// Turns the errno value of a C function into a thrown error.
func check(_ result: Int32) throws(Errno) {
    if result != 0 { throw Errno(rawValue: result) }
}

/// A tracee that is stopped, until it is told to go on.
///
/// It must be spent, by `resume` or one of its sisters, and can be spent only once. A tracee can
/// die at any moment while it is stopped (SIGKILL): every request may then fail with ESRCH, which
/// is a result and no failure, since the death is reported by `wait4(2)` in its turn.
struct StoppedThread: ~Copyable {
    let id: ThreadID

    /// The system call at a seccomp stop, as the kernel would make it.
    ///
    /// nil when the thread is in no such stop any more: it was killed, or another thread of its
    /// process executed a program and took over its number.
    func seccompStop() -> SeccompStop? { callStop(3) }

    /// The system call at the stop before it is made, which comes before any filter is asked.
    ///
    /// nil as for `seccompStop`, and at the stop behind a call.
    func entryStop() -> SeccompStop? { callStop(1) }

    /// PTRACE_GET_SYSCALL_INFO, where the stop is of this kind: PTRACE_SYSCALL_INFO_ENTRY (1) or
    /// PTRACE_SYSCALL_INFO_SECCOMP (3), whose arguments are at the same place.
    private func callStop(_ kind: UInt8) -> SeccompStop? {
        var info = csupervise_syscall_info()
        guard unsafe csupervise_ptrace_syscall_info(id.rawValue, &info) == 0, info.op == kind else {
            return nil
        }
        return SeccompStop(
            architecture: info.arch,
            instructionPointer: info.instruction_pointer,
            number: UInt32(truncatingIfNeeded: info.number),
            arguments: Arguments(
                info.argument0, info.argument1, info.argument2,
                info.argument3, info.argument4, info.argument5),
            data: info.data)
    }

    /// PTRACE_GETEVENTMSG: the number that comes with an event.
    func eventMessage() -> UInt? {
        var message: UInt = 0
        return unsafe csupervise_ptrace_event_message(id.rawValue, &message) == 0 ? message : nil
    }

    /// PTRACE_SETOPTIONS.
    func setOptions(_ options: TraceOptions) {
        _ = csupervise_ptrace_set_options(id.rawValue, options.rawValue)
    }

    /// The blocked signals.
    func signalMask() -> UInt64? {
        var mask: UInt64 = 0
        return unsafe csupervise_ptrace_get_signal_mask(id.rawValue, &mask) == 0 ? mask : nil
    }

    /// Blocks these signals, in place of those that were.
    func setSignalMask(_ mask: UInt64) {
        _ = csupervise_ptrace_set_signal_mask(id.rawValue, mask)
    }

    /// Whether the SIGTRAP at whose stop the thread is was sent, by what it says, and not raised by
    /// an instruction; nil where the thread is at none any more.
    ///
    /// The kernel sends one of any number at the end of a child that was made so. Its codes
    /// (`CLD_EXITED`) are a step's, too; but where that has the instruction's address, it has the
    /// child's number and user.
    func trapWasSent(at instructionPointer: UInt64) -> Bool? {
        var isFault: Int32 = 0
        var address: UInt64 = 0
        guard unsafe csupervise_ptrace_trap(id.rawValue, &isFault, &address) == 0 else {
            return nil
        }
        return isFault == 0 || address != instructionPointer
    }

    /// Overwrites one register.
    func write(_ value: UInt64, to register: Register) {
        _ = csupervise_ptrace_poke_register(id.rawValue, register.offset, value)
    }

    /// Makes the kernel skip the call that the thread is about to make, and give this result.
    ///
    /// The number is written first: a thread that dies in between has made no call.
    func skipCall(result: Int64) {
        write(UInt64(bitPattern: -1), to: .originalRax)
        write(UInt64(bitPattern: result), to: .rax)
    }

    /// Lets the thread run on, with `signal` delivered to it if it is not 0.
    consuming func resume(signal: Int32 = 0) {
        _ = csupervise_ptrace_continue(id.rawValue, signal)
    }

    /// Lets the thread make its call and stop again when it has been made.
    consuming func resumeToSyscallExit(signal: Int32 = 0) {
        _ = csupervise_ptrace_continue_to_exit(id.rawValue, signal)
    }

    /// Lets the thread make one instruction, or the call that is under way, and stop with SIGTRAP.
    ///
    /// The signal must be neither blocked nor ignored: the kernel would take it for unhandled.
    consuming func step(signal: Int32 = 0) {
        _ = csupervise_ptrace_step(id.rawValue, signal)
    }

    /// Leaves the thread in its group-stop, from which SIGCONT brings it back.
    consuming func listen() {
        _ = csupervise_ptrace_listen(id.rawValue)
    }

    /// Lets nothing happen: the stop was already over.
    ///
    /// For a thread that is dead, or that is in another stop than the one reported: that one is
    /// reported too, and resuming here would skip it.
    consuming func abandon() {}
}

/// A seccomp stop: what the tracee asked for, from the registers, and who made it stop.
struct SeccompStop {
    /// `AUDIT_ARCH_...` of this very call; a 64-bit program can make 32-bit calls.
    let architecture: UInt32
    let instructionPointer: UInt64
    /// The number's low half, all that the kernel looks at.
    let number: UInt32
    let arguments: Arguments
    /// The 16 bits that the filter gave with its answer.
    ///
    /// A tracee's own filter can give any.
    let data: UInt32

    /// What tells whether a call is the same one, made again.
    var stamp: [UInt64] {
        [UInt64(architecture), UInt64(number), instructionPointer]
            + (0..<6).map { arguments.wide($0) }
    }
}

/// The six arguments of a system call, as wide as registers are.
struct Arguments {
    private let a, b, c, d, e, f: UInt64

    init(
        _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64 = 0, _ e: UInt64 = 0, _ f: UInt64 = 0
    ) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    /// The arguments of an i386 call: the low halves, all that the kernel looks at.
    ///
    /// A 64-bit program that makes such a call can leave anything in the upper halves.
    var narrowed: Arguments {
        Arguments(
            a & 0xffff_ffff, b & 0xffff_ffff, c & 0xffff_ffff, d & 0xffff_ffff, e & 0xffff_ffff,
            f & 0xffff_ffff)
    }

    /// A pointer or a size: all 64 bits count.
    func wide(_ index: Int) -> UInt64 {
        switch index {
        case 0: a
        case 1: b
        case 2: c
        case 3: d
        case 4: e
        default: f
        }
    }

    /// An `int`: the kernel looks at the low 32 bits only, whatever stands above them.
    func int(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: wide(index)) }

    /// An `unsigned int`.
    func unsigned(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: wide(index)) }
}
