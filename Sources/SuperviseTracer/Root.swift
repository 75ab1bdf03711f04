/// The started process: the one that the user waits for, in whose place the command runs.
///
/// Its end is held at the exit stop until the end of the run has been told, so that nothing
/// appears after the shell's prompt.
final class Root {
    private let leader: ThreadID
    private let tellEnd: () -> Void
    /// Whether the tracer is the process's parent and ends with it.
    private let isParent: Bool
    private var hasTold = false
    /// The first thread ended by itself while others live: one of them will be the last.
    private var leaderIsGone = false
    /// How the process ended, where that is known.
    private(set) var end: WaitStatus?

    init(leader: ThreadID, isParent: Bool, tellEnd: @escaping () -> Void) {
        self.leader = leader
        self.isParent = isParent
        self.tellEnd = tellEnd
    }

    /// Whether the tracer is to end although processes of the tree may be left.
    var endsTheRun: Bool { isParent && end != nil }

    /// The options of the process's first thread, with which it is seized.
    static let options: TraceOptions = [.everywhere, .exitStop]

    /// New tracees have the options of their maker: what is not the started process's first
    /// thread need not stop at its end.
    func adjustOptions(of stopped: borrowing StoppedThread, _ slot: Int, in tree: ProcessTree) {
        guard stopped.id != leader, let tracee = tree.tracees[slot] else { return }
        let isSister = tree.processes[tracee.process]?.leader == leader
        let wanted = leaderIsGone && isSister && !hasTold
        guard tracee.reportsExit != wanted || !tracee.hasOptions else { return }
        stopped.setOptions(wanted ? Self.options : .everywhere)
        tree.update(slot) {
            $0.reportsExit = wanted
            $0.hasOptions = true
        }
    }

    /// A program was executed by whatever thread, which is the process's first one from now on.
    func executed(_ stopped: borrowing StoppedThread) {
        guard stopped.id == leader else { return }
        leaderIsGone = false
        stopped.setOptions(Self.options)
    }

    /// A thread that reports its end is about to.
    func isEnding(_ stopped: borrowing StoppedThread, in tree: ProcessTree) {
        guard !hasTold, let slot = tree.slot(of: stopped.id),
            let process = tree.tracees[slot]?.process,
            tree.processes[process]?.leader == leader
        else { return }
        let others = tree.threads(of: process).filter { $0 != slot }
        // exit(2), number 60, or 1 from 32-bit programs, ends one thread; everything else all.
        let call = stopped.currentCallNumber()
        if !others.isEmpty, call == 60 || call == 1, stopped.id == leader || leaderIsGone {
            leaderIsGone = true
            // The last thread's end is the process's. Which one it will be nobody knows yet.
            for other in others {
                if let thread = tree.tracees[other]?.thread, thread != leader {
                    Ptrace.interrupt(thread)
                }
            }
            if stopped.id == leader || others.contains(where: { isAlive($0, in: tree) }) { return }
        }
        tell()
    }

    /// A thread is gone; for the process itself, whose end may not have been seen coming.
    func ended(_ thread: ThreadID, _ status: WaitStatus) {
        guard thread == leader else { return }
        end = status
        tell()
    }

    private func isAlive(_ slot: Int, in tree: ProcessTree) -> Bool {
        tree.tracees[slot]?.thread != leader
    }

    private func tell() {
        guard !hasTold else { return }
        hasTold = true
        tellEnd()
    }
}
