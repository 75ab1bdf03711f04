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
    /// Threads that were reaped before their maker's event told of them.
    private var endedEarly: [ThreadID] = []
    /// What the started process has given up from the start.
    private let start: ProcessNetwork
    /// Whether some process or thread has given something up, or could not any more.
    var hasGivenUp = false
    /// Whether it is remembered which programs led to a process.
    let keepsLineage: Bool
    /// Whether it is remembered who made a process, and when, for the log.
    let keepsBiographies: Bool
    /// The device of the kernel's shared memory, to tell it from files; nil: files are not told.
    var sharedMemory: UInt64?
    /// Whether pidfds of single threads are used where the kernel has them (Linux 6.9).
    var usesThreadPidfds = true
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
        if var tracee = tracees[slot] {
            change(&tracee)
            tracees[slot] = tracee
        }
    }

    /// Changes a process in its place.
    func updateProcess(_ slot: Int, _ change: (inout Process) -> Void) {
        if var process = processes[slot] {
            change(&process)
            processes[slot] = process
        }
    }

    /// A call was judged: forgets what its thread showed for it.
    func forgetShown(_ slot: Int) {
        guard let tracee = tracees[slot],
            tracee.shown != nil || tracee.isReadDirectly || tracee.wasAskedForCourier
        else { return }
        update(slot) {
            $0.shown = nil
            $0.isReadDirectly = false
            $0.wasAskedForCourier = false
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
        update(slot) { $0.network.maker = .known }
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
    /// in the latter case all count as announced, since the event may never come.
    func endWaiting(isMakerGone: Bool) -> [(slot: Int, thread: ThreadID)] {
        guard !awaitingMaker.isEmpty else { return [] }
        let all = awaitingMaker
        awaitingMaker.removeAll()
        return all.compactMap { thread in
            guard let slot = index[thread], let tracee = tracees[slot],
                case .awaitingMaker = tracee.phase
            else { return nil }
            if isMakerGone { updateProcess(tracee.process) { $0.isAnnounced = true } }
            update(slot) { $0.phase = .running }
            return (slot, thread)
        }
    }

    /// Adds a thread that its maker's event tells of.
    ///
    /// - Parameters:
    ///   - thread: The new thread.
    ///   - maker: The thread that made it.
    func announce(_ thread: ThreadID, by maker: ThreadID) {
        if let slot = index[thread] {
            if let makerSlot = index[maker] { inheritNetwork(slot, from: makerSlot) }
            if keepsLineage { passLineage(to: slot, from: maker) }
            if keepsBiographies { noteMaker(maker, of: slot) }
            inherit(slot, from: maker)
            return
        }
        if let slot = index[maker], let former = lostExec(of: slot) {
            executed(maker, former: former)
        }
        if let early = endedEarly.firstIndex(of: thread) {
            endedEarly.remove(at: early)
            return
        }
        // The event's kind does not tell a thread from a process: CLONE_THREAD can be given with
        // any exit signal. The kernel is asked instead.
        guard let makerSlot = index[maker], let tracee = tracees[makerSlot],
            let process = processes[tracee.process]
        else {
            _ = add(thread, leader: thread)
            return
        }
        if isThread(thread, of: process.leader) {
            let slot = add(thread, leader: process.leader)
            if case .mapped = process.page { update(slot) { $0.hasSeenPage = true } }
            inheritNetwork(slot, from: makerSlot)
            return
        }
        let slot = add(thread, leader: thread)
        inheritNetwork(slot, from: makerSlot)
        if keepsLineage { passLineage(to: slot, from: maker) }
        if keepsBiographies { noteMaker(maker, of: slot) }
        inherit(slot, from: maker)
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
            updateProcess(child.process) {
                $0.page = process.page
                $0.courier = process.courier
            }
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
        endedEarly.removeAll { $0 == thread }
        // Most are first threads, which one call tells; /proc takes some 20 us.
        let leads = isThread(thread, of: thread)
        return add(thread, leader: leads ? thread : leader(of: thread) ?? thread)
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
        guard let slot = index[thread] else {
            endedEarly.append(thread)
            // What is never announced, since its maker died too, must not pile up.
            if endedEarly.count > 64 { endedEarly.removeFirst() }
            return
        }
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

    /// Follows `execve(2)`: the thread is its process's only one, under the process's number.
    ///
    /// - Parameters:
    ///   - thread: The number of the process, and the thread's from now on.
    ///   - former: The thread's number before, the message of the exec stop.
    func executed(_ thread: ThreadID, former: ThreadID) {
        let network = index[former].flatMap { tracees[$0]?.network }
        if former != thread, index[former] != nil {
            // The thread that was the leader is gone without a word; its slot is taken over.
            remove(former)
        }
        guard let slot = index[thread], let process = tracees[slot]?.process else { return }
        update(slot) {
            $0.phase = .running
            $0.hasSeenPage = false
            // The descriptor table is no longer shared, and the thread may be another one.
            $0.pidfd?.close()
            $0.pidfd = nil
            $0.shown = nil
            $0.wasAskedForCourier = false
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
            $0.courier = nil
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
