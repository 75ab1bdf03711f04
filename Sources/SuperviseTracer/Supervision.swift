import SuperviseFilter
import SupervisePolicy

/// Gives every stop of the supervised tree what it is owed.
final class Supervision: StopHandler {
    private let tree: ProcessTree
    private let judge: Judge
    private let recorder: Recorder
    private let root: Root
    private let x86_64 = Architecture.x86_64.table
    private let i386 = Architecture.i386.table

    init(tree: ProcessTree, policy: Policy, recorder: Recorder, root: Root) {
        self.tree = tree
        self.recorder = recorder
        self.root = root
        judge = Judge(policy: policy, recorder: recorder, tree: tree)
    }

    /// Whether no call may go on any more, or the started process's end is the run's.
    var isFinished: Bool { recorder.failure != nil || root.endsTheRun }

    func handle(_ stop: consuming Stop, of thread: ThreadID) {
        let slot: Int
        if let known = tree.slot(of: thread) {
            slot = known
        } else {
            // Its first stop came before its maker's event.
            slot = tree.adopt(thread)
        }
        switch consume stop {
        case .seccomp(let stopped):
            handleSeccomp(stopped, slot)
        case .syscallExit(let stopped):
            handleSyscallExit(stopped, slot)
        case .newTracee(let stopped):
            if let message = stopped.eventMessage() {
                tree.announce(ThreadID(rawValue: Int32(truncatingIfNeeded: message)), by: thread)
            }
            stopped.resume()
        case .exec(let stopped):
            handleExec(stopped, thread)
        case .exit(let stopped):
            stopped.resume()
        case .groupStop(let stopped):
            stopped.listen()
        case .trap(let stopped):
            resume(stopped, slot)
        case .signal(let stopped, let number):
            stopped.resume(signal: number)
        }
    }

    func ended(_ thread: ThreadID, _ status: WaitStatus) {
        tree.remove(thread)
        root.ended(thread, status)
    }

    /// A call that a filter trapped.
    private func handleSeccomp(_ stopped: consuming StoppedThread, _ slot: Int) {
        guard let stop = stopped.seccompStop() else { return stopped.abandon() }
        guard let call = call(of: stop) else {
            // A filter of the tracee's own answered RET_TRACE, which natively, without a tracer
            // that listens, is ENOSYS. Its data are the tracee's to choose: were a call let go on
            // the strength of them, a program could have any call passed unjudged.
            return Release.fail(stopped, .noFunction)
        }
        guard let process = tree.tracees[slot]?.process,
            let leader = tree.processes[process]?.leader
        else { return Release.fail(stopped, .noSuchProcess) }
        let isWide = stop.architecture == Architecture.x86_64.auditValue
        let caller = Caller(
            thread: stopped.id, slot: slot, layouts: isWide ? .x86_64 : .i386, process: leader,
            callName: call.name)
        Release.carryOut(judge.judge(call, stop.arguments, caller), stopped, slot: slot, in: tree)
    }

    /// The judged call at a stop; nil where the stop is not our filter's.
    private func call(of stop: SeccompStop) -> JudgedCall? {
        guard stop.data == UInt32(FilterCompiler.traceData),
            let architecture = Architecture(auditValue: stop.architecture)
        else { return nil }
        switch architecture {
        case .x86_64: return x86_64.call(numbered: stop.number)
        case .i386: return i386.call(numbered: stop.number)
        }
    }

    /// A changed call was made: its register gets its value back.
    private func handleSyscallExit(_ stopped: consuming StoppedThread, _ slot: Int) {
        if case .inCall(let former)? = tree.tracees[slot]?.phase {
            for value in former { stopped.write(value.value, to: value.register) }
            tree.update(slot) { $0.phase = .running }
        }
        stopped.resume()
    }

    private func handleExec(_ stopped: consuming StoppedThread, _ thread: ThreadID) {
        if let former = stopped.eventMessage() {
            tree.executed(thread, former: ThreadID(rawValue: Int32(truncatingIfNeeded: former)))
        }
        stopped.resume()
    }

    /// Goes on from a stop that may have come in the middle of a changed call.
    private func resume(_ stopped: consuming StoppedThread, _ slot: Int) {
        if case .inCall? = tree.tracees[slot]?.phase {
            stopped.resumeToSyscallExit()
        } else {
            stopped.resume()
        }
    }
}
