/// The supervised processes and their threads.
///
/// A thread is in the tree from the moment its maker's event or its own first stop tells of it,
/// whichever comes first, until `wait4(2)` has reaped it.
final class ProcessTree {
    private(set) var tracees = SlotTable<Tracee>()
    private(set) var processes = SlotTable<Process>()
    private let index: ThreadIndex
    /// How many address spaces have a number.
    private var addressSpaces: UInt64 = 0
    /// What the started process has given up from the start.
    private let start: ProcessNetwork
    /// Whether some process or thread has given something up, or could not any more.
    var hasGivenUp = false
    /// Whether some process has made an io_uring, or was handed one.
    var hasRings = false
    /// Whether it is remembered which programs led to a process.
    let keepsLineage: Bool
    /// Whether it is remembered who made a process, and when, for the log.
    let keepsBiographies: Bool
    /// The device of the kernel's shared memory, to tell it from files; nil: files are not told.
    var sharedMemory: UInt64?
    /// Whether pidfds of single threads are used where the kernel has them (Linux 6.9).
    var usesThreadPidfds = true
    /// Whether some memory of the tree may be such that children do not get it (MADV_DONTFORK).
    var mayHaveDontFork = true
    /// Whether some process of the tree may ignore SIGTRAP.
    var mayIgnoreTrap = true
    /// Whether a number is that of a thread which the tracer traces.
    var isTraced: (ThreadID) -> Bool = exists
    /// What could not be looked at when a call was last judged.
    var wanted: Hidden?
    /// The memory that was looked at last at the stop that is being served.
    var look: MemoryLook?
    /// Threads that stand at a stop until their maker's event has come.
    private(set) var awaitingMaker: [ThreadID] = []

    /// nil: no memory.
    init?(
        start: ProcessNetwork = ProcessNetwork(), keepsLineage: Bool = false,
        keepsBiographies: Bool = false
    ) {
        guard let index = ThreadIndex() else { return nil }
        self.index = index
        self.start = start
        self.keepsLineage = keepsLineage
        self.keepsBiographies = keepsBiographies
    }

    /// The slot of a thread.
    func slot(of thread: ThreadID) -> Int? { index[thread] }

    /// Changes a tracee in its place.
    func update(_ slot: Int, _ change: (inout Tracee) -> Void) {
        tracees.update(slot, change)
    }

    /// Changes a process in its place.
    func updateProcess(_ slot: Int, _ change: (inout Process) -> Void) {
        processes.update(slot, change)
    }

    /// A call was judged: forgets what its thread showed for it.
    func forgetShown(_ slot: Int) {
        guard let tracee = tracees[slot], tracee.shown != nil || tracee.isReadDirectly
        else { return }
        update(slot) {
            $0.shown = nil
            $0.isReadDirectly = false
        }
    }

    /// The slots of a process's threads.
    func threads(of process: Int) -> [Int] {
        tracees.slots.filter { tracees[$0]?.process == process }
    }

    /// Adds the started process.
    @discardableResult
    func addRoot(_ thread: ThreadID) -> Int {
        let slot = add(thread, leader: thread)
        update(slot) {
            $0.network.maker = .known
            $0.isAnnounced = true
        }
        noteIdentity(slot)
        guard let process = tracees[slot]?.process else { return slot }
        updateProcess(process) {
            $0.isAnnounced = true
            $0.hasOwnFilters = false
        }
        if keepsLineage { updateProcess(process) { $0.lineage = LineageState(above: thread) } }
        return slot
    }

    /// Leaves a thread at its stop until its maker's event has come.
    func awaitMaker(_ slot: Int) {
        guard let thread = tracees[slot]?.thread else { return }
        update(slot) { $0.phase = .awaitingMaker }
        awaitingMaker.append(thread)
    }

    /// Who waited for a maker's event, none of which wait any more.
    ///
    /// To be asked when an event has come, or a thread has died that could have been the maker;
    /// in the latter case all count as announced, since the event may never come, as copies of
    /// a process that hid itself.
    func endWaiting(isMakerGone: Bool) -> [(slot: Int, thread: ThreadID)] {
        guard !awaitingMaker.isEmpty else { return [] }
        let all = awaitingMaker
        awaitingMaker.removeAll()
        return all.compactMap { thread in
            guard let slot = index[thread], let tracee = tracees[slot],
                case .awaitingMaker = tracee.phase
            else { return nil }
            if isMakerGone { assumeWorst(tracee.process) }
            update(slot) { $0.phase = .running }
            return (slot, thread)
        }
    }

    /// Adds a thread that its maker's event tells of.
    ///
    /// The event can come long after the thread has ended, and another has its number: the maker
    /// may be given no time to tell. What has ended without its maker's event leaves a count; as long as
    /// there is one, an event may be about either, and what it tells is nothing to rely on.
    ///
    /// Who had the number and is gone without a word is to be taken out before.
    ///
    /// - Parameters:
    ///   - thread: The new thread.
    ///   - maker: The thread that made it.
    func announce(_ thread: ThreadID, by maker: ThreadID) {
        let isDoubtful = index.settle(thread)
        if let slot = index[thread], let tracee = tracees[slot] {
            if tracee.isAnnounced {
                // Of one that has begun, all was told: this is about a former one. Of two words
                // before the first stop either may be.
                if tracee.identity == nil { doubt(slot) }
                return
            }
            update(slot) { $0.isAnnounced = true }
            return isDoubtful ? doubt(slot) : inheritAll(slot, from: maker)
        }
        // Dead and reaped, its end was told. One without a tracer (CLONE_UNTRACED) can have its number, whose end
        // nobody would tell: as a thread too many of its process it would hide a lost exec.
        guard isTraced(thread) else { return }
        if let slot = index[maker], let former = lostExec(of: slot) {
            executed(maker, former: former)
        }
        // The event's kind does not tell a thread from a process: CLONE_THREAD can be given with
        // any exit signal. The kernel is asked instead.
        let leader = index[maker].flatMap { tracees[$0] }.flatMap { processes[$0.process]?.leader }
        let isThread = leader.map { SuperviseTracer.isThread(thread, of: $0) } == true
        let slot = add(thread, leader: isThread ? leader ?? thread : thread)
        update(slot) { $0.isAnnounced = true }
        if isThread, let process = tracees[slot]?.process,
            case .mapped? = processes[process]?.page
        {
            update(slot) { $0.hasSeenPage = true }
        }
        if isDoubtful { doubt(slot) } else { inheritAll(slot, from: maker) }
    }

    /// Nobody will tell of a thread that has a tracer: it is not to wait for that.
    func expectNoWord(_ slot: Int) {
        update(slot) { $0.isAnnounced = true }
        doubt(slot)
    }

    /// Whether the event of a thread's maker has come.
    func isAnnounced(_ slot: Int) -> Bool { tracees[slot]?.isAnnounced == true }

    /// What a thread has of its maker, or a process that was made.
    private func inheritAll(_ slot: Int, from maker: ThreadID) {
        if let makerSlot = index[maker] { inheritNetwork(slot, from: makerSlot) }
        if keepsLineage { passLineage(to: slot, from: maker) }
        if keepsBiographies { noteMaker(maker, of: slot) }
        inherit(slot, from: maker)
    }

    /// Who made a thread is not known, and will not be: what depends on it counts as the worst.
    private func doubt(_ slot: Int) {
        assumeStrictest(slot)
        guard let tracee = tracees[slot], let process = processes[tracee.process],
            process.leader == tracee.thread
        else { return }
        assumeWorst(tracee.process)
        guard !process.hasExecuted else { return }
        update(slot) { $0.hasSeenPage = false }
        updateProcess(tracee.process) {
            // It is mapped again, or found to be there.
            if case .mapped = $0.page { $0.page = .none }
            $0.lineage = .unknown
        }
    }

    /// A process whose maker's event has not come, or may be another's: it may be a copy of one that
    /// hid itself, under filters of its own.
    private func assumeWorst(_ process: Int) {
        updateProcess(process) {
            $0.isAnnounced = true
            $0.hasOwnFilters = true
            if !$0.hasExecuted { $0.hidItself = true }
        }
    }

    /// What a process that was made has of its maker's, once; after it executed a program, what it
    /// keeps then.
    private func inherit(_ slot: Int, from maker: ThreadID) {
        guard let child = tracees[slot], let known = processes[child.process],
            !known.isAnnounced, known.leader == child.thread, let makerSlot = index[maker],
            let tracee = tracees[makerSlot], tracee.process != child.process,
            let process = processes[tracee.process]
        else { return }
        updateProcess(child.process) {
            $0.isAnnounced = true
            // It may have installed one itself before this event was served.
            if $0.hasOwnFilters != true { $0.hasOwnFilters = process.hasOwnFilters }
            if !process.mayInject { $0.mayInject = false }
        }
        guard !known.hasExecuted else { return }
        updateProcess(child.process) {
            $0.hidItself = process.hidItself
            if case .known = process.program { $0.program = process.program }
        }
        // A copy of the maker's address space has the page where the maker had seen it before it
        // began to copy. Mapped by a sister meanwhile, it may have come too late for the copy.
        if tracee.hasSeenPage, known.page == .none {
            updateProcess(child.process) { $0.page = process.page }
            update(slot) { $0.hasSeenPage = true }
        }
    }

    /// A new process descends from its maker, whose program it runs.
    private func passLineage(to slot: Int, from maker: ThreadID) {
        guard let child = tracees[slot]?.process, let makerSlot = index[maker],
            let process = tracees[makerSlot]?.process, process != child,
            case .unknown? = processes[child]?.lineage, let former = processes[process]
        else { return }
        let lineage = former.lineage.adding(lookUpProgram(of: process, maker))
        updateProcess(child) { $0.lineage = lineage }
    }

    /// Finds out whether a process executed a program without its exec stop being seen.
    ///
    /// A tracee that is told to go on may be killed at that moment by a sister that executes a
    /// program and takes over its number; then it is the exec stop that goes on, unreported. All
    /// other threads are dead by then, and reported so, but for that sister, whose number is gone
    /// without a word. What was known of the address space, the sealed page above all, is void.
    ///
    /// To be asked before that knowledge is used for a process of more than one thread.
    ///
    /// - Returns: The number of that sister; then `executed` is to be told.
    func lostExec(of slot: Int) -> ThreadID? {
        guard let tracee = tracees[slot], let process = processes[tracee.process],
            process.threads == 2, tracee.thread == process.leader
        else { return nil }
        let other = ThreadID(rawValue: process.combinedThreads ^ tracee.thread.rawValue)
        return isThread(other, of: process.leader) ? nil : other
    }

    /// Adds a thread whose first stop comes before its maker's event.
    func adopt(_ thread: ThreadID) -> Int {
        // Most are first threads, which one call tells; /proc takes some 20 us.
        let leads = isThread(thread, of: thread)
        let slot = add(thread, leader: leads ? thread : leader(of: thread) ?? thread)
        noteIdentity(slot)
        return slot
    }

    /// The leader of a thread's group; nil where it is none of the tree.
    private func leader(of thread: ThreadID) -> ThreadID? {
        if let leader = SuperviseTracer.leader(of: thread) { return leader }
        // The tracer has no descriptor left.
        return processes.slots.lazy.compactMap { self.processes[$0]?.leader }
            .first { isThread(thread, of: $0) }
    }

    private func add(_ thread: ThreadID, leader: ThreadID) -> Int {
        let process: Int
        if leader != thread, let slot = index[leader], let known = tracees[slot]?.process {
            process = known
        } else {
            process = processes.insert(Process(leader: leader, network: start))
            if keepsBiographies {
                updateProcess(process) { $0.biography = Biography(of: leader) }
            }
        }
        updateProcess(process) {
            $0.threads += 1
            $0.combinedThreads ^= thread.rawValue
        }
        let slot = tracees.insert(Tracee(thread: thread, process: process))
        index[thread] = slot
        return slot
    }

    /// Takes a thread out that `wait4(2)` has reaped.
    func remove(_ thread: ThreadID) {
        guard let slot = index[thread] else { return index.owe(thread) }
        takeOut(slot)
    }

    /// The other threads of a process whose leader `wait4(2)` has reaped: gone without a word.
    ///
    /// The kernel keeps a leader until all others are reaped (`delay_group_leader`). But a thread
    /// that executes a program takes over the leader's number; where it is killed before its exec
    /// stop was seen, its end is told under that number alone.
    func lostSisters(of leader: ThreadID) -> [Int] {
        guard let slot = index[leader], let number = tracees[slot]?.process,
            let process = processes[number], process.leader == leader, process.threads > 1
        else { return [] }
        return threads(of: number).filter { $0 != slot }
    }

    /// Takes out what is at a slot, whatever has its number by now.
    func takeOut(_ slot: Int) {
        guard let tracee = tracees.remove(at: slot) else { return }
        if index[tracee.thread] == slot { index[tracee.thread] = nil }
        if !tracee.isAnnounced { index.owe(tracee.thread) }
        tracee.pidfd?.close()
        updateProcess(tracee.process) {
            $0.threads -= 1
            $0.combinedThreads ^= tracee.thread.rawValue
            if $0.mapsReader == tracee.thread, !$0.isMemoryKept {
                $0.maps?.close()
                $0.maps = nil
                // Whoever keeps a copy under this number could not read it any more either.
                $0.addressSpace = nil
            }
        }
        if processes[tracee.process]?.threads == 0 {
            forgetProgram(of: tracee.process)
            _ = processes.remove(at: tracee.process)
        }
    }

    /// Whether two numbers are of the same process, or it is the same number.
    ///
    /// A thread's former number is free as soon as it executes a program: before that is told it can be
    /// another process's.
    func isSister(_ thread: ThreadID, of other: ThreadID) -> Bool {
        guard let slot = index[thread], let own = index[other] else { return false }
        return tracees[slot]?.process == tracees[own]?.process
    }

    /// Follows `execve(2)`: the thread is its process's only one, under the process's number.
    ///
    /// - Parameters:
    ///   - thread: The number of the process, and the thread's from now on.
    ///   - former: The thread's number before, the message of the exec stop.
    func executed(_ thread: ThreadID, former: ThreadID) {
        let own = isSister(former, of: thread) ? index[former] : nil
        let network = own.flatMap { tracees[$0]?.network }
        // The thread that was the leader is gone without a word; its slot is taken over.
        if former != thread, let own { takeOut(own) }
        guard let slot = index[thread], let process = tracees[slot]?.process else { return }
        update(slot) {
            $0.phase = .running
            $0.hasSeenPage = false
            // The descriptor table is no longer shared, and the thread may be another one.
            $0.pidfd?.close()
            $0.pidfd = nil
            $0.shown = nil
        }
        keepNetwork(slot, former: network)
        let former = processes[process]?.program ?? .unknown
        forgetProgram(of: process)
        processes[process]?.biography?.image = nil
        updateProcess(process) { $0.hasExecuted = true }
        guard keepsLineage else { return }
        // What it ran before led to this program. One that nobody looked at is its maker's, which
        // is in the lineage already.
        if !former.isUnknown {
            updateProcess(process) { $0.lineage = $0.lineage.adding(former) }
        }
        lookUpProgram(of: process, thread)
    }

    /// Drops what is known of a process's memory and program.
    private func forgetProgram(of process: Int) {
        updateProcess(process) {
            $0.memory?.close()
            $0.maps?.close()
            $0.memory = nil
            $0.maps = nil
            $0.addressSpace = nil
            $0.program = .unknown
            $0.page = .none
            $0.hidItself = false
            $0.isMemoryKept = false
        }
    }

    /// The number of a process's address space.
    func addressSpace(of process: Int) -> UInt64 {
        if let known = processes[process]?.addressSpace { return known }
        addressSpaces += 1
        updateProcess(process) { $0.addressSpace = addressSpaces }
        return addressSpaces
    }

    /// Closes what is held open for other threads and processes than this one.
    ///
    /// For the moment when the tracer's own descriptors run out; what is needed again is opened
    /// again.
    func releaseDescriptors(but thread: ThreadID) {
        let kept = index[thread]
        for slot in tracees.slots where slot != kept {
            update(slot) {
                $0.pidfd?.close()
                $0.pidfd = nil
            }
        }
        let keptProcess = kept.flatMap { tracees[$0]?.process }
        for slot in processes.slots
        where slot != keptProcess && processes[slot]?.isMemoryKept == false {
            updateProcess(slot) {
                $0.memory?.close()
                $0.maps?.close()
                $0.memory = nil
                $0.maps = nil
            }
        }
    }
}
