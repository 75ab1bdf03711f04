import SuperviseFilter
import SupervisePolicy

/// Gives every stop of the supervised tree what it is owed.
final class Supervision: StopHandler {
    private let tree: ProcessTree
    let judge: Judge
    private let recorder: Recorder
    private let root: Root
    let sealing: Sealing?
    private let limits: NetworkLimits
    /// Those that stand at their first stop until their makers are known.
    private var awaitingOrigin: [ThreadID] = []
    private let x86_64 = Architecture.x86_64.table
    private let i386 = Architecture.i386.table

    /// Makes the handler of a tree; without a page, calls that need it are refused.
    init(
        tree: ProcessTree, policy: Policy, recorder: Recorder, root: Root, page: SealedPage?,
        inheritsAnyFamily: Bool, launcher: Descriptor,
        filterOfGivenUp: @escaping () -> Program?, landlockABI: Int32
    ) {
        self.tree = tree
        self.recorder = recorder
        self.root = root
        tree.sharedMemory = page?.memory.device
        let judge = Judge(
            policy: policy, recorder: recorder, tree: tree,
            inheritsAnyFamily: inheritsAnyFamily)
        self.judge = judge
        sealing = page.map { Sealing(page: $0, judge: judge, launcher: launcher) }
        limits = NetworkLimits(
            judge: judge, sealing: sealing, filter: filterOfGivenUp, landlockABI: landlockABI)
    }

    /// Whether no call may go on any more, or the started process's end is the run's.
    var isFinished: Bool { recorder.failure != nil || root.endsTheRun }

    /// A sixteenth of the tree, so that a look costs each stop as much as sixteen tracees do.
    ///
    /// An errand is served in its thread's turns, but not without end: signals that are sent to it stop it,
    /// too. A program that is one process need never be looked beside: a child that is not known yet is
    /// served after its maker.
    func turns(of thread: ThreadID) -> Int {
        let count = tree.tracees.count
        if let slot = tree.slot(of: thread), case .errand? = tree.tracees[slot]?.phase {
            return max(16, count / 16)
        }
        guard count == 1, !root.hasOrphans, tree.slot(of: thread) != nil else { return count / 16 }
        return .max
    }

    func handle(_ stop: consuming Stop, of thread: ThreadID) {
        // Since then its memory may have become another.
        tree.look = nil
        // Every new thread begins with such a stop, and few others have one.
        if stop.mayBeFirst { sealing?.takeOutFormer(thread) }
        let slot: Int
        if let known = tree.slot(of: thread) {
            slot = known
            if stop.mayBeFirst { tree.noteIdentity(slot) }
        } else {
            // Its first stop came before its maker's event.
            slot = tree.adopt(thread)
            if stop.mayBeFirst, Ptrace.isUntold(thread) { tree.expectNoWord(slot) }
            sealing?.holdIfDeputy(slot)
        }
        // What a thread is owed is void where it runs another program by now. To go on with an
        // errand there would let a call pass unjudged that is taken for the tracer's own.
        if let sealing, tree.tracees[slot]?.isRunning == false,
            let former = tree.lostExec(of: slot), !stop.isExec
        {
            sealing.executed(slot, former: former)
        }
        if case .errand(let errand)? = tree.tracees[slot]?.phase, !stop.isExec {
            if errand.serve(stop) { endErrand(errand, slot) }
            return
        }
        switch consume stop {
        case .seccomp(let stopped):
            handleSeccomp(stopped, slot)
        case .syscallExit(let stopped):
            handleSyscallExit(stopped, slot)
        case .newTracee(let stopped):
            if let sealing, let former = tree.lostExec(of: slot) {
                sealing.executed(slot, former: former)
            }
            if let message = stopped.eventMessage() {
                let new = ThreadID(rawValue: Int32(truncatingIfNeeded: message))
                if tree.slot(of: new).map(tree.isAnnounced) == true {
                    sealing?.takeOutFormer(new)
                }
                tree.announce(new, by: thread)
                if let place = awaitingOrigin.firstIndex(of: new) {
                    awaitingOrigin.remove(at: place)
                    begin(new)
                }
            }
            stopped.resume()
            wakeWhoAwaitsMaker(isMakerGone: false)
        case .exec(let stopped):
            handleExec(stopped, thread)
        case .exit(let stopped):
            stopped.resume()
        case .groupStop(let stopped):
            // A deputy that is made while its process is being stopped begins so.
            if case .newborn? = tree.tracees[slot]?.phase {
                tree.update(slot) { $0.phase = .newborn(isHeld: true, inGroupStop: true) }
                return stopped.abandon()
            }
            stopped.listen()
        case .trap(let stopped):
            guard !tree.mustAwaitOrigin(slot) else {
                awaitingOrigin.append(thread)
                tree.update(slot) { $0.phase = .awaitingOrigin }
                return stopped.abandon()
            }
            if case .newborn? = tree.tracees[slot]?.phase {
                tree.update(slot) { $0.phase = .newborn(isHeld: true, inGroupStop: false) }
                return stopped.abandon()
            }
            resume(stopped, slot)
        case .signal(let stopped, let number):
            // Its first call is not to pass by.
            if case .shedding? = tree.tracees[slot]?.phase {
                return stopped.resumeToSyscallExit(signal: number)
            }
            stopped.resume(signal: number)
        }
    }

    /// A thread is dead and will be reaped next.
    ///
    /// Whose end this is can be told only now: it may be a new process's, killed before its first stop.
    func willReap(_ thread: ThreadID) {
        sealing?.takeOutFormer(thread)
        root.willReap(thread)
    }

    func ended(_ thread: ThreadID, _ status: WaitStatus) {
        for lost in tree.lostSisters(of: thread) {
            abandon(lost)
            tree.takeOut(lost)
        }
        let process = tree.slot(of: thread).flatMap { tree.tracees[$0]?.process }
        let hasSisters = (process.flatMap { tree.processes[$0]?.threads } ?? 0) > 1
        if let slot = tree.slot(of: thread) { abandon(slot) }
        if let process, !hasSisters { recorder.ended(process, status) }
        tree.remove(thread)
        // Killed, by a signal or by a sister, it can have made a child and not told of it.
        let mayHaveMade = hasSisters || status == .killed(signal: 9)
        if mayHaveMade { wakeWhoAwaitsMaker(isMakerGone: true) }
        root.ended(thread, status)
        guard !awaitingOrigin.isEmpty else { return }
        awaitingOrigin.removeAll { $0 == thread }
        if mayHaveMade {
            for child in awaitingOrigin {
                if let slot = tree.slot(of: child),
                    case .awaitingOrigin? = tree.tracees[slot]?.phase
                {
                    tree.assumeStrictest(slot)
                }
                begin(child)
            }
            awaitingOrigin.removeAll()
        }
    }

    /// Lets a thread begin whose first stop lasted until it was known what it may do; unless it
    /// turned out to be a deputy, which has begun.
    private func begin(_ thread: ThreadID) {
        guard let slot = tree.slot(of: thread), case .awaitingOrigin? = tree.tracees[slot]?.phase
        else { return }
        tree.update(slot) { $0.phase = .running }
        StoppedThread(id: thread).resume()
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
            thread: stopped.id, slot: slot, layouts: isWide ? .x86_64 : .i386, process: leader)
        if call.receives {
            guard let names = recorder.names else { return Release.fail(stopped, .noFunction) }
            names.look(at: stop.arguments.int(0), of: slot)
            return resume(stopped, slot)
        }
        if call.isPageGuard {
            return PageGuard.carryOut(call, stop.arguments, stopped, caller, sealing)
        }
        if call == .madvise {
            tree.mayHaveDontFork = true
            return resume(stopped, slot)
        }
        if call.setsHandler {
            noteIgnoring(call, stop.arguments, caller)
            return resume(stopped, slot)
        }
        if let limit = LimitCall(call, stop.arguments, caller.layouts) {
            return limits.serve(limit, stopped, caller)
        }
        // Whatever becomes of the call, it is no less than what is noted.
        if call == .seccomp || call == .prctl && stop.arguments.unsigned(0) == 22 {
            tree.updateProcess(process) { $0.hasOwnFilters = true }
        }
        if limits.isDoor(call, stop.arguments) {
            return limits.serveDoor(call, stop.arguments, stopped, slot)
        }
        if call == .prctl || call == .seccomp {
            guard let preparation = Preparation(call, stop.arguments, caller.layouts) else {
                return Release.fail(stopped, .noFunction)
            }
            guard let sealing else { return stopped.resume() }
            return sealing.prepare(preparation, stopped, caller)
        }
        judge.prepared = limits.policy(for: slot)
        // Given up once, and on again.
        if !judge.policy.restricts, !recorder.wants(denial: false) { return stopped.resume() }
        if let shown = tree.tracees[slot]?.shown, shown.call != stop.stamp {
            tree.update(slot) { $0.shown = nil }
        }
        tree.wanted = nil
        let hold = judge.judge(call, stop.arguments, caller)
        if let wanted = tree.wanted, let sealing {
            switch sealing.showing(slot) {
            case .fetch(let place, let courier):
                return sealing.beginFetch(
                    wanted, stopped, caller, stop.stamp, place: place, courier)
            case .inject: return sealing.beginInjection(stopped, slot, caller.layouts)
            case .underWay:
                sealing.awaitPage(slot)
                return stopped.abandon()
            case .awaitMaker:
                tree.awaitMaker(slot)
                return stopped.abandon()
            case .impossible where judge.memory.canReadDirectly(slot):
                tree.update(slot) { $0.isReadDirectly = true }
                return handleSeccomp(stopped, slot)
            case .impossible: break
            }
        }
        // What is to be made on the socket that was judged is judged again for the deputy.
        let isDelegated = judge.dependence != nil && !hold.isFailure
        if isDelegated, !hold.needsPage {
            guard let sealing else { return refuse(stopped, caller) }
            // The deputy of a process that hides sends from the page what it shows.
            let place = tree.tracees[slot]?.shown == nil ? nil : sealing.place(for: slot)
            tree.forgetShown(slot)
            return sealing.delegate(call, stop.arguments, stopped, caller, place: place)
        }
        if !hold.needsPage { tree.forgetShown(slot) }
        if hold.needsPage {
            guard let sealing else { return refuse(stopped, caller) }
            switch sealing.readiness(of: slot) {
            case .ready(let place) where isDelegated:
                tree.forgetShown(slot)
                sealing.delegate(call, stop.arguments, stopped, caller, place: place)
            case .ready(let place):
                guard record(caller) else { return stopped.abandon() }
                tree.forgetShown(slot)
                Release.carryOut(hold, stopped, caller, stop.arguments, sealing, place: place)
            case .needed:
                sealing.beginInjection(stopped, slot, caller.layouts)
            case .underWay:
                sealing.awaitPage(slot)
                stopped.abandon()
            case .impossible:
                refuse(stopped, caller)
            }
            return
        }
        guard record(caller) else { return stopped.abandon() }
        if case .runOther(let other) = hold, let sealing {
            return sealing.run(other, stopped, caller)
        }
        if case .make(let call) = hold, let sealing {
            return sealing.make(call, stopped, caller)
        }
        Release.carryOut(hold, stopped)
    }

    /// SIGTRAP is about to be handled in another way: from now on it may be ignored, if it is not the
    /// address of a handler that is set.
    ///
    /// Who changes that address meanwhile has the signal no longer ignored after the first sealed call
    /// of a program, and nothing else.
    private func noteIgnoring(_ call: JudgedCall, _ arguments: Arguments, _ caller: Caller) {
        guard !tree.mayIgnoreTrap else { return }
        var bytes: [UInt8] = []
        let word = caller.layouts.word
        let pointer = (word == 8 ? arguments : arguments.narrowed).wide(1)
        // struct sigaction, in each ABI, begins with the handler.
        let isHandled =
            call != .signal
            && judge.memory.readBytes(pointer, count: word, of: caller.slot, into: &bytes)
                == .bytes(word)
            && MessageHeaderDecoder(layouts: caller.layouts).word(bytes, at: 0) != 1
        tree.mayIgnoreTrap = !isHandled
    }

    /// Refuses a call whose arguments cannot be kept from changing.
    private func refuse(_ stopped: consuming StoppedThread, _ caller: Caller) {
        let error = judge.refuse("arguments that cannot be sealed")
        guard record(caller) else { return stopped.abandon() }
        Release.fail(stopped, error)
    }

    /// Records what was decided; false where the call must not go on since that failed.
    private func record(_ caller: Caller) -> Bool {
        recorder.record(judge.notes, by: caller)
    }

    /// An errand is over; whoever waited for the page it mapped is judged anew.
    private func endErrand(_ errand: Errand, _ slot: Int) {
        sealing?.end(errand, slot)
        wake(slot)
    }

    private func abandon(_ slot: Int) {
        guard let sealing else { return }
        sealing.abandon(slot)
        wake(slot)
    }

    private func wake(_ slot: Int) {
        guard let sealing, let process = tree.tracees[slot]?.process else { return }
        if case .beingMapped? = tree.processes[process]?.page { return }
        for (other, thread) in sealing.endWaiting(for: process) where other != slot {
            handleSeccomp(StoppedThread(id: thread), other)
        }
    }

    /// Judges the calls of those whose maker's event has come, or may never come.
    private func wakeWhoAwaitsMaker(isMakerGone: Bool) {
        for (slot, thread) in tree.endWaiting(isMakerGone: isMakerGone) {
            handleSeccomp(StoppedThread(id: thread), slot)
        }
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

    /// A sealed call was made.
    private func handleSyscallExit(_ stopped: consuming StoppedThread, _ slot: Int) {
        guard let sealing else { return stopped.resume() }
        switch tree.tracees[slot]?.phase {
        case .sealed(let call)?: sealing.finish(call, stopped, slot)
        case .shedding(let shedding)?:
            sealing.shed(shedding, stopped, slot, policy: limits.policy(for: slot))
        default: stopped.resume()
        }
    }

    private func handleExec(_ stopped: consuming StoppedThread, _ thread: ThreadID) {
        sealing?.takeCourier()
        if let former = stopped.eventMessage() {
            let former = ThreadID(rawValue: Int32(truncatingIfNeeded: former))
            for gone in [thread, former] where tree.isSister(gone, of: thread) {
                if let slot = tree.slot(of: gone) { sealing?.abandon(slot) }
            }
            tree.executed(thread, former: former)
            if let slot = tree.slot(of: thread), let process = tree.tracees[slot]?.process {
                guard recorder.executed(process) else { return stopped.abandon() }
            }
        }
        if sealing != nil, judge.asksForPrograms, let slot = tree.slot(of: thread),
            let process = tree.tracees[slot]?.process, let leader = tree.processes[process]?.leader
        {
            judge.prepared = limits.policy(for: slot)
            let caller = Caller(thread: thread, slot: slot, layouts: .x86_64, process: leader)
            if let shedding = judge.uselessSockets(caller) {
                guard record(caller) else { return stopped.abandon() }
                tree.update(slot) { $0.phase = .shedding(shedding) }
                return stopped.resumeToSyscallExit()
            }
        }
        stopped.resume()
    }

    /// Goes on from a stop that may have come in the middle of a sealed call.
    private func resume(_ stopped: consuming StoppedThread, _ slot: Int) {
        switch tree.tracees[slot]?.phase {
        case .sealed?, .shedding?: stopped.resumeToSyscallExit()
        default: stopped.resume()
        }
    }
}
