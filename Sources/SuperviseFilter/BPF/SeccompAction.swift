/// What a seccomp filter answers to a system call.
///
/// The values are those of `<linux/seccomp.h>`, `seccomp(2)`: the action in the upper 16 bits, data
/// for it in the lower 16.
public enum SeccompAction: Hashable, Sendable {
    /// The call is made.
    case allow
    /// The call is made and logged by the kernel.
    case log
    /// The tracer is told, with data for `PTRACE_GETEVENTMSG`; without a tracer the call fails
    /// with ENOSYS.
    case trace(UInt16)
    /// A process that listens is asked.
    case userNotification
    /// The call fails with this error; the kernel takes numbers above 4095 for 4095.
    case errno(UInt16)
    /// The thread gets SIGSYS with this data as `si_errno`.
    case trap(UInt16)
    /// The thread dies.
    case killThread
    /// The process dies.
    case killProcess

    /// The filter's result that asks for this action.
    public var rawValue: UInt32 {
        switch self {
        case .allow: 0x7fff_0000
        case .log: 0x7ffc_0000
        case .trace(let data): 0x7ff0_0000 | UInt32(data)
        case .userNotification: 0x7fc0_0000
        case .errno(let data): 0x0005_0000 | UInt32(data)
        case .trap(let data): 0x0003_0000 | UInt32(data)
        case .killThread: 0
        case .killProcess: 0x8000_0000
        }
    }

    /// What the kernel does at a filter's result.
    ///
    /// Total, as in `__seccomp_filter`: an action that the kernel does not know kills the process.
    public init(rawValue: UInt32) {
        let data = UInt16(truncatingIfNeeded: rawValue)
        switch rawValue & 0xffff_0000 {
        case 0x7fff_0000: self = .allow
        case 0x7ffc_0000: self = .log
        case 0x7ff0_0000: self = .trace(data)
        case 0x7fc0_0000: self = .userNotification
        case 0x0005_0000: self = .errno(data)
        case 0x0003_0000: self = .trap(data)
        case 0: self = .killThread
        default: self = .killProcess
        }
    }
}
