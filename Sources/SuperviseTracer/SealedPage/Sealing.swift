import SupervisePolicy

/// Lets calls go on with sealed arguments, and cleans up behind them.
final class Sealing {
    let page: SealedPage
    let tree: ProcessTree
    let judge: Judge
    /// The slots of threads that make a deputy whose number is not known yet.
    var makers: Set<Int> = []
    /// New threads that may be their deputies, and are kept from their program meanwhile.
    var newborns: [ThreadID] = []
    /// Where processes that hide send what they show; nil: they cannot.
    private(set) var courier: Courier?
    /// Where it comes from, until it has.
    private var launcher: Descriptor?
    /// Who waits at a stop for the page, by process.
    private var waiters: [Int: [(slot: Int, thread: ThreadID)]] = [:]

    init(page: SealedPage, judge: Judge, launcher: Descriptor) {
        self.page = page
        self.launcher = launcher
        self.judge = judge
        tree = judge.tree
    }

    /// Takes the courier from the launcher; to be asked when that has executed the command.
    func takeCourier() {
        guard let launcher else { return }
        courier = Courier(over: launcher)
        launcher.close()
        self.launcher = nil
    }

    /// Whether a thread's address space has the page.
    enum Readiness {
        /// It has, at this address.
        case ready(UInt32)
        /// It has not; the thread can map it.
        case needed
        /// Another thread is about to map it.
        case underWay
        /// It could not be mapped for this call.
        case impossible
    }

    /// Whether the page can be used for a call of this thread.
    func readiness(of slot: Int) -> Readiness {
        if let former = tree.lostExec(of: slot) { executed(slot, former: former) }
        guard let tracee = tree.tracees[slot] else { return .impossible }
        if tracee.cannotHavePage {
            tree.update(slot) { $0.cannotHavePage = false }
            return .impossible
        }
        guard let process = tree.processes[tracee.process] else { return .impossible }
        switch process.page {
        case .mapped(let place): return .ready(place)
        case .beingMapped: return .underWay
        // What a filter of the process's own answers to the calls of an injection may be its end.
        case .none: return process.mayInject ? .needed : .impossible
        }
    }

    /// Where a thread's address space has the page; nil where it has none that is known.
    func place(for slot: Int) -> UInt32? {
        guard let process = tree.tracees[slot]?.process,
            case .mapped(let place)? = tree.processes[process]?.page
        else { return nil }
        return place
    }

    /// Begins to map the page; the thread's call traps again when that is done.
    func beginInjection(_ stopped: consuming StoppedThread, _ slot: Int, _ layouts: MemoryLayouts) {
        guard let process = tree.tracees[slot]?.process, let registers = stopped.registers(),
            let mask = stopped.signalMask()
        else { return stopped.abandon() }
        let thread = stopped.id
        // A filter of its own could answer for the kernel when it is to be hidden again.
        let isUnreadable =
            tree.processes[process]?.hidItself == false && judge.memory.isHidden(slot)
        let hasOwnFilters = tree.processes[process]?.hasOwnFilters
        if isUnreadable, hasOwnFilters == nil, tree.processes[process]?.isAnnounced == false {
            tree.awaitMaker(slot)
            return stopped.abandon()
        }
        let reveals = isUnreadable && hasOwnFilters == false
        // The signal of a step is forced on the thread, which would undo that it ignores it.
        let steps =
            layouts.word == 8 && !registers.stepsItself
            && (!tree.mayIgnoreTrap || ignores(Errand.trap, thread) == false)
        let injection = Injection(
            registers, mask: mask, layouts, page: page, judge: judge, slot: slot,
            process: process, reveals: reveals,
            room: reveals
                ? nil
                : judge.memory.roomOnStack(
                    at: registers.stackPointer, of: slot, layouts),
            steps: steps)
        stopped.setSignalMask(injection.blockedMeanwhile)
        tree.updateProcess(process) { $0.page = .beingMapped(by: thread) }
        begin(injection, stopped, slot)
    }

    /// Makes the call with the bytes that were judged.
    ///
    /// - Returns: The error that it fails with where there is no slot for it.
    func run(
        _ arguments: SealedArguments, _ stopped: consuming StoppedThread, _ caller: Caller,
        _ original: Arguments, place: UInt32
    ) {
        guard let pageSlot = page.takeSlot() else {
            return Release.fail(stopped, .noBufferSpace)
        }
        let values = page.write(arguments, to: pageSlot, mappedAt: place, caller.layouts)
        guard let pointer = values.pointer else {
            page.returnSlot(pageSlot)
            return stopped.resume()
        }
        func former(_ argument: Int) -> RegisterValue {
            RegisterValue(
                register: .argument(argument, caller.layouts), value: original.wide(argument))
        }
        let call = SealedCall(
            slot: pageSlot, pointer: former(pointer.argument),
            length: values.length.map { former($0.argument) },
            events: judge.recorder.takeUnfinished())
        stopped.write(pointer.value, to: call.pointer.register)
        if let length = values.length, let former = call.length {
            stopped.write(length.value, to: former.register)
        }
        tree.update(caller.slot) {
            $0.phase = .sealed(call)
            $0.hasSeenPage = true
        }
        stopped.resumeToSyscallExit()
    }

    /// Makes another call instead of the thread's own.
    func run(_ call: RawCall, _ stopped: consuming StoppedThread, _ caller: Caller) {
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        begin(
            OtherCall(
                registers, mask: mask, caller.layouts, call: call, recorder: judge.recorder),
            stopped, caller.slot)
    }

    /// Sends messages one after the other.
    func send(
        _ messages: SealedMessages, _ stopped: consuming StoppedThread, _ caller: Caller,
        place: UInt32
    ) {
        guard let pageSlot = page.takeSlot() else {
            return Release.fail(stopped, .noBufferSpace)
        }
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            page.returnSlot(pageSlot)
            return stopped.abandon()
        }
        tree.update(caller.slot) { $0.hasSeenPage = true }
        begin(
            MessageSequence(
                registers, mask: mask, caller.layouts, messages: messages, page: page,
                pageSlot: pageSlot, place: place, judge: judge, slot: caller.slot),
            stopped, caller.slot)
    }

    /// The exit stop of a sealed call: its registers get their values back.
    func finish(_ call: SealedCall, _ stopped: consuming StoppedThread, _ slot: Int) {
        stopped.write(call.pointer.value, to: call.pointer.register)
        if let length = call.length { stopped.write(length.value, to: length.register) }
        page.returnSlot(call.slot)
        tree.update(slot) { $0.phase = .running }
        if !call.events.isEmpty {
            guard let result = stopped.result() else { return stopped.abandon() }
            judge.recorder.finish(call.events, with: result)
        }
        stopped.resume()
    }

    /// Begins an errand at the seccomp stop of the thread's own call.
    func begin(_ errand: Errand, _ stopped: consuming StoppedThread, _ slot: Int) {
        tree.update(slot) { $0.phase = .errand(errand) }
        if errand.begin(stopped) { end(errand, slot) }
    }

    /// The end of an errand whose thread has been let go on.
    func end(_ errand: Errand, _ slot: Int) {
        tree.update(slot) { $0.phase = .running }
        errand.ended()
    }

    /// A thread is gone, or its program replaced: gives back what its call had.
    func abandon(_ slot: Int) {
        guard let phase = tree.tracees[slot]?.phase else { return }
        tree.update(slot) { $0.phase = .running }
        switch phase {
        case .running, .awaitingPage, .newborn, .awaitingOrigin, .awaitingMaker, .shedding: break
        case .sealed(let call): page.returnSlot(call.slot)
        case .errand(let errand): errand.ended()
        }
    }

    /// A program was executed: gives back what the calls of the two threads had, the first one and
    /// the one that took over its number, and forgets what was known of the former program.
    func executed(_ slot: Int, former: ThreadID) {
        guard let thread = tree.tracees[slot]?.thread else { return }
        abandon(slot)
        if tree.isSister(former, of: thread), let other = tree.slot(of: former) { abandon(other) }
        tree.executed(thread, former: former)
    }

    /// Takes out who had a number that is another's by now, and was gone without a word (`Identity`).
    ///
    /// To be asked where a number may be that of a new thread, or of one that has ended.
    func takeOutFormer(_ thread: ThreadID) {
        guard let slot = tree.slot(of: thread), tree.isGone(slot),
            let number = tree.tracees[slot]?.process,
            let leader = tree.processes[number]?.leader
        else { return }
        if leader != thread, let first = tree.slot(of: leader) {
            // It executed a program, and nobody was told.
            return executed(first, former: thread)
        }
        for gone in tree.threads(of: number) {
            abandon(gone)
            tree.takeOut(gone)
        }
    }

    /// Leaves a thread at its stop until another one of its process has the page mapped.
    func awaitPage(_ slot: Int) {
        guard let tracee = tree.tracees[slot] else { return }
        tree.update(slot) { $0.phase = .awaitingPage }
        waiters[tracee.process, default: []].append((slot, tracee.thread))
    }

    /// The threads of a process that wait for another one to map the page, none of which do any
    /// more.
    func endWaiting(for process: Int) -> [(slot: Int, thread: ThreadID)] {
        guard let all = waiters.removeValue(forKey: process) else { return [] }
        return all.filter { slot, thread in
            // Who is dead, or executed a program, waits for nothing; its slot may be another's.
            guard let tracee = tree.tracees[slot], tracee.thread == thread,
                tracee.process == process, case .awaitingPage = tracee.phase
            else { return false }
            tree.update(slot) { $0.phase = .running }
            return true
        }
    }
}
