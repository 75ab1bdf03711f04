/// The started process: the one that the user waits for, in whose place the command runs.
///
/// The end of the run is told when the process is dead and not yet reaped, so that nothing appears
/// after the shell's prompt, however it died and whichever of its threads was the last.
final class Root {
    private let leader: ThreadID
    private let tellEnd: () -> Void
    /// Whether the tracer is the process's parent and ends with it.
    private let isParent: Bool
    private var hasTold = false
    /// How the process ended, where that is known.
    private(set) var end: WaitStatus?

    init(leader: ThreadID, isParent: Bool, tellEnd: @escaping () -> Void) {
        self.leader = leader
        self.isParent = isParent
        self.tellEnd = tellEnd
    }

    /// Whether the tracer is to end although processes of the tree may be left.
    var endsTheRun: Bool { isParent && end != nil }

    /// Whether processes that are no tracees may have to be reaped.
    var hasOrphans: Bool { isParent }

    /// A thread is dead and will be reaped next.
    ///
    /// The kernel reports a process's first thread as dead when it is the last one.
    func willReap(_ thread: ThreadID) {
        guard thread == leader, !hasTold else { return }
        hasTold = true
        tellEnd()
    }

    /// A thread was reaped.
    func ended(_ thread: ThreadID, _ status: WaitStatus) {
        // Its number may be used again by another process, once.
        guard thread == leader, end == nil else { return }
        end = status
    }
}
