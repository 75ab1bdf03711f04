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
///
/// Those that stopped last are asked by their numbers first where that is of use: in a large tree, since it costs
/// the kernel nothing, and to look for any tracee it walks through the list of all, the latest made first; and
/// where the stop before was there already, since then one call finds and takes it.
struct KernelStops: StopSource {
    /// Called when a thread has died and before it is reaped.
    ///
    /// A dead process is visible to nobody but its tracer until that has reaped it, so whoever
    /// else waits for it learns of its end after this only.
    let willReap: (ThreadID) -> Void
    /// Whether to ask those that stopped last takes less than to look through all tracees.
    let isLarge: () -> Bool
    /// What no sleep is shorter than, in nanoseconds: it is two switches between processes.
    private static let shortestSleep: Int64 = 2_000
    /// Whether the last stop that was waited for was there already.
    private var wasThere = false
    private var spinning = Spinning(isOfUse: csupervise_has_several_cores() != 0)
    private var recent = RecentThreads()
    /// What the last look through all tracees took that found none, in nanoseconds.
    private var lookCost: Int64 = 0

    init(willReap: @escaping (ThreadID) -> Void, isLarge: @escaping () -> Bool) {
        self.willReap = willReap
        self.isLarge = isLarge
    }

    mutating func next(waiting: Bool) -> StateChange {
        if waiting {
            if isLarge() || wasThere, let change = recentStop() { return change }
            if spinning.mayBegin() {
                let change = spin()
                spinning.ended(found: change != nil)
                if let change { return change }
            }
        }
        let start = waiting ? monotonicNanoseconds() : nil
        let change = look(waiting: waiting)
        if let start {
            let waited = monotonicNanoseconds() &- start
            spinning.waited(waited)
            wasThere = waited < Self.shortestSleep
        }
        return change
    }

    /// Looks again and again for as long as it may; nil where nothing has happened until then.
    ///
    /// Through all tracees as seldom as makes it half of the time, and not at all where that alone
    /// would take longer than it may.
    private mutating func spin() -> StateChange? {
        let start = monotonicNanoseconds()
        var now = start
        var nextLook = start &+ lookCost
        repeat {
            if let change = recentStop() { return change }
            if now >= nextLook {
                let change = look(waiting: false)
                guard case .none = change else { return change }
                let end = monotonicNanoseconds()
                lookCost = end &- now
                nextLook = end &+ lookCost
            }
            // The kernel looks under a lock that others want, too.
            csupervise_pause()
            now = monotonicNanoseconds()
        } while now &- start < Spinning.longest
        // The tree may have become smaller since.
        if nextLook == start &+ lookCost { lookCost /= 2 }
        return nil
    }

    /// Looks through all tracees, and sleeps until one of them changes if it is to wait.
    private mutating func look(waiting: Bool) -> StateChange {
        while true {
            var thread: Int32 = 0
            var hasEnded: Int32 = 0
            guard unsafe csupervise_wait_peek(waiting ? 1 : 0, &thread, &hasEnded) == 0 else {
                return .finished
            }
            guard thread != 0 else { return .none }
            if hasEnded != 0 { willReap(ThreadID(rawValue: thread)) }
            // A stopped thread that has been killed meanwhile has its death to tell instead.
            if let change = take(thread, hasEnded: hasEnded != 0) { return change }
        }
    }

    /// A stop of one of those that stopped last; their deaths are left to a look through all.
    private mutating func recentStop() -> StateChange? {
        for index in recent.threads.indices where recent.threads[index] != 0 {
            if let change = take(recent.threads[index], hasEnded: false) { return change }
        }
        return nil
    }

    /// Takes the change of this thread from the kernel; nil where there is none, or no such tracee.
    private mutating func take(_ thread: Int32, hasEnded: Bool) -> StateChange? {
        var taken = thread
        var status: Int32 = 0
        guard unsafe csupervise_wait_take(&taken, hasEnded ? 1 : 0, &status) == 0, taken != 0 else {
            return nil
        }
        if hasEnded { recent.forget(thread) } else { recent.note(thread) }
        return .changed(ThreadID(rawValue: thread), WaitStatus(word: UInt32(bitPattern: status)))
    }
}

/// The threads that stopped last, the last first; 0 for none.
struct RecentThreads {
    private(set) var threads: [2 of Int32] = [0, 0]

    /// Puts a thread that stopped to the front.
    mutating func note(_ thread: Int32) {
        guard threads[0] != thread else { return }
        threads[1] = threads[0]
        threads[0] = thread
    }

    /// Takes a thread out that has ended: its number may become another's.
    mutating func forget(_ thread: Int32) {
        if threads[1] == thread { threads[1] = 0 }
        if threads[0] == thread {
            threads[0] = threads[1]
            threads[1] = 0
        }
    }
}
