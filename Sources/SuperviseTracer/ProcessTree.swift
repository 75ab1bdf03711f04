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

    /// nil: no memory.
    init?() {
        guard let index = ThreadIndex() else { return nil }
        self.index = index
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

    /// The slots of a process's threads.
    func threads(of process: Int) -> [Int] {
        tracees.slots.filter { tracees[$0]?.process == process }
    }

    /// Adds the started process.
    @discardableResult
    func addRoot(_ thread: ThreadID) -> Int {
        add(thread, leader: thread)
    }

    /// Adds a thread that its maker's event tells of.
    ///
    /// - Parameters:
    ///   - thread: The new thread.
    ///   - maker: The thread that made it.
    func announce(_ thread: ThreadID, by maker: ThreadID) {
        guard index[thread] == nil else { return }
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
            return
        }
        let slot = add(thread, leader: thread)
        // A copy of the maker's address space has the page where the maker had seen it before it
        // began to copy. Mapped by a sister meanwhile, it may have come too late for the copy.
        if tracee.hasSeenPage, let child = tracees[slot]?.process {
            updateProcess(child) { $0.page = process.page }
            update(slot) { $0.hasSeenPage = true }
        }
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
            process = processes.insert(Process(leader: leader))
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
        index[thread] = nil
        guard let tracee = tracees.remove(at: slot) else { return }
        tracee.pidfd?.close()
        updateProcess(tracee.process) {
            $0.threads -= 1
            $0.combinedThreads ^= thread.rawValue
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
        }
        forgetProgram(of: process)
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
        for slot in processes.slots where slot != keptProcess {
            updateProcess(slot) {
                $0.memory?.close()
                $0.maps?.close()
                $0.memory = nil
                $0.maps = nil
            }
        }
    }
}
