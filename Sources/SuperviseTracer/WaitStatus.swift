/// The status word of `wait4(2)`, decoded.
///
/// Total: every word is one of these.
enum WaitStatus: Equatable {
    /// The thread ended with this exit status.
    case exited(Int32)
    /// The thread was killed by this signal.
    case killed(signal: Int32)
    /// The thread is stopped.
    case stopped(StopReason)

    init(word: UInt32) {
        let low = word & 0x7f
        let high = word >> 8 & 0xff
        switch low {
        case 0:
            self = .exited(Int32(high))
        case 0x7f where word & 0x80 == 0:
            self = .stopped(StopReason(signal: high, event: word >> 16))
        default:
            self = .killed(signal: Int32(low))
        }
    }
}

/// Why a tracee stopped: "Stopped states" of `ptrace(2)`.
enum StopReason: Equatable {
    /// PTRACE_EVENT_SECCOMP: a filter answered SECCOMP_RET_TRACE.
    case seccomp
    /// The call that PTRACE_SYSCALL waited for has been made.
    case syscallExit
    /// A new thread or process was made; its number is the event's message.
    case newTracee
    /// PTRACE_EVENT_EXEC: a program was executed; the message is the thread's former number.
    case exec
    /// PTRACE_EVENT_EXIT: the thread is about to end.
    case exit
    /// A stopping signal stopped the whole process, which waits for SIGCONT.
    case groupStop
    /// PTRACE_EVENT_STOP without a stopping signal: a tracee's first stop, the end of a
    /// group-stop, or the answer to PTRACE_INTERRUPT.
    case trap
    /// A signal is about to be delivered.
    case signal(Int32)

    init(signal: UInt32, event: UInt32) {
        switch event {
        case 0 where signal == 0x85:  // SIGTRAP | 0x80, PTRACE_O_TRACESYSGOOD
            self = .syscallExit
        case 1, 2, 3:
            self = .newTracee
        case 4:
            self = .exec
        case 6:
            self = .exit
        case 7:
            self = .seccomp
        case 128:
            // SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
            self = [19, 20, 21, 22].contains(signal) ? .groupStop : .trap
        case 0:
            self = .signal(Int32(signal))
        default:
            // An event that was not asked for, PTRACE_EVENT_VFORK_DONE or a later kernel's:
            // nothing is owed but to let the thread go on.
            self = .trap
        }
    }
}
