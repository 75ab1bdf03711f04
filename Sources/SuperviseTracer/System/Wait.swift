import CSupervise
import SystemPackage

/// Where changes of the tracees' states come from: the kernel, or a test.
protocol StopSource {
    /// The next tracee that stopped or ended.
    ///
    /// With `waiting`, blocks until there is one. `.none` without it: nothing has happened.
    mutating func next(waiting: Bool) -> StateChange
}

/// What `wait4(2)` said.
enum StateChange: Equatable {
    /// A thread stopped or ended, with the status word of `wait(2)`.
    case changed(ThreadID, WaitStatus)
    /// Nothing has happened yet.
    case none
    /// No tracee is left (ECHILD).
    case finished
}

/// The kernel's own stops: `wait4(-1, ..., __WALL)`.
struct KernelStops: StopSource {
    mutating func next(waiting: Bool) -> StateChange {
        var thread: Int32 = 0
        var status: Int32 = 0
        guard unsafe csupervise_wait(waiting ? 1 : 0, &thread, &status) == 0 else {
            return .finished
        }
        guard thread != 0 else { return .none }
        return .changed(ThreadID(rawValue: thread), WaitStatus(word: UInt32(bitPattern: status)))
    }
}
