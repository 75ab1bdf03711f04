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

/// The kernel's own stops: `waitid(2)`, with `__WALL`.
struct KernelStops: StopSource {
    /// Called when a thread has died and before it is reaped.
    ///
    /// A dead process is visible to nobody but its tracer until that has reaped it, so whoever
    /// else waits for it learns of its end after this only.
    let willReap: (ThreadID) -> Void
    private var spinning = Spinning()

    init(willReap: @escaping (ThreadID) -> Void) {
        self.willReap = willReap
    }

    mutating func next(waiting: Bool) -> StateChange {
        while true {
            var thread: Int32 = 0
            var hasEnded: Int32 = 0
            if waiting, spinning.mayBegin() {
                guard
                    unsafe csupervise_wait_spin(Spinning.longest, &thread, &hasEnded) == 0
                else { return .finished }
                spinning.ended(found: thread != 0)
            }
            if thread == 0 {
                let start = waiting ? monotonicNanoseconds() : nil
                guard unsafe csupervise_wait_peek(waiting ? 1 : 0, &thread, &hasEnded) == 0 else {
                    return .finished
                }
                if let start { spinning.waited(monotonicNanoseconds() &- start) }
            }
            guard thread != 0 else { return .none }
            if hasEnded != 0 { willReap(ThreadID(rawValue: thread)) }
            var status: Int32 = 0
            let result = unsafe csupervise_wait_take(&thread, hasEnded, &status)
            // A stopped thread that has been killed meanwhile has its death to tell instead.
            guard result == 0, thread != 0 else { continue }
            return .changed(
                ThreadID(rawValue: thread), WaitStatus(word: UInt32(bitPattern: status)))
        }
    }
}
