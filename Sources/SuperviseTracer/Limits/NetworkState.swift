import SupervisePolicy

/// What a process has given up, and what stands in the way of giving it up.
struct ProcessNetwork: Equatable {
    /// RLIMIT_NETWORK.
    var limit = NetworkLimit.on
    /// The limit before the filter for it was put on all threads of this very process.
    ///
    /// A child that was on its way then came too early for the filter, and has this limit.
    var formerLimit: NetworkLimit?
    /// Whether all its threads have the filter of those who have given the network up.
    var isArmed = false
    /// Whether it made an io_uring, or who made it did, and it runs that program still.
    ///
    /// A thread of the kernel's may work by it without a call, for whoever has its memory: in the
    /// name of its maker, as long as that one lives. What else has come by such a descriptor is seen.
    var hasRing = false
    /// Whether it, or who made it, has a seccomp filter with a listener, which answers first.
    var hasListener = false
}

/// What a thread has given up.
struct ThreadNetwork: Equatable {
    /// PR_SET_NETWORK.
    var flags: NetworkFlags = []
    /// Whether it has the filter of those who have given the network up, its process or not.
    var isArmed = false
    /// Whether it has entered a Landlock domain for what it has given up, or found none.
    var isInDomain = false
    /// Whether no child of its can be on its way that came too early for its process's filter.
    var isSettled = false
    /// Whether its maker is known, of whom it has what is above.
    var maker = Maker.unknown

    enum Maker {
        /// Not yet: it must not go on where that matters.
        case unknown
        /// It died before it could tell, as it seems.
        case lost
        case known
    }
}

extension ProcessTree {
    /// Whether a process, by its slot, has the network off: by its limit, or every thread by itself.
    func isNetworkOff(process: Int) -> Bool {
        guard let network = processes[process]?.network else { return true }
        return network.limit.isOff
            || threads(of: process).allSatisfy {
                tracees[$0]?.network.flags.contains(.off) ?? true
            }
    }

    /// Whether a thread has the network off; one that is not known counts as such.
    func isNetworkOff(thread slot: Int) -> Bool {
        guard let tracee = tracees[slot], let process = processes[tracee.process] else {
            return true
        }
        return process.network.limit.isOff || tracee.network.flags.contains(.off)
    }

    /// Changes what a process has given up; from now on, makers matter.
    func updateNetwork(process: Int, _ change: (inout ProcessNetwork) -> Void) {
        hasGivenUp = true
        updateProcess(process) { change(&$0.network) }
    }

    /// Changes what a thread has given up; from now on, makers matter.
    func updateNetwork(thread slot: Int, _ change: (inout ThreadNetwork) -> Void) {
        hasGivenUp = true
        update(slot) { change(&$0.network) }
    }

    /// Whether a thread's first stop must last until its maker is known.
    ///
    /// As long as nobody has given anything up, all have the same. A thread that goes on then
    /// was made before anything changes.
    func mustAwaitOrigin(_ slot: Int) -> Bool {
        guard tracees[slot]?.network.maker == .unknown else { return false }
        if hasGivenUp { return true }
        update(slot) { $0.network.maker = .known }
        return false
    }

    /// Gives a new thread or process what its maker has.
    func inheritNetwork(_ slot: Int, from maker: Int) {
        guard let tracee = tracees[slot], tracee.network.maker != .known,
            let parent = tracees[maker], let process = processes[parent.process]
        else { return }
        update(slot) {
            $0.network = parent.network
            $0.network.maker = .known
            $0.network.isSettled = false
        }
        guard tracee.process != parent.process else { return }
        var network = process.network
        network.formerLimit = nil
        network.isArmed = network.isArmed || parent.network.isArmed
        if let former = process.network.formerLimit, !parent.network.isSettled {
            // At most one child was on its way when the filter came.
            update(maker) { $0.network.isSettled = true }
            if let theirs = filterCount(of: tracee.thread),
                let own = filterCount(of: parent.thread), theirs < own
            {
                network.limit = former
                network.isArmed = false
                update(slot) { $0.network.isArmed = false }
            }
        }
        updateProcess(tracee.process) { $0.network = network }
    }

    /// What a thread has whose maker died before it could tell of it: the least that anybody has.
    ///
    /// Should its maker tell of it after all, that counts.
    func assumeStrictest(_ slot: Int) {
        guard let own = tracees[slot]?.process else { return }
        var (limit, flags) = (NetworkLimit.on, NetworkFlags())
        var (hasRing, hasListener) = (false, false)
        for other in processes.slots {
            guard let network = processes[other]?.network else { continue }
            limit = limit.stricter(network.limit)
            hasRing = hasRing || network.hasRing
            hasListener = hasListener || network.hasListener
        }
        for other in tracees.slots { flags.formUnion(tracees[other]?.network.flags ?? []) }
        update(slot) {
            $0.network.flags = flags
            $0.network.maker = .lost
        }
        if processes[own]?.leader == tracees[slot]?.thread {
            updateProcess(own) {
                $0.network.limit = limit
                $0.network.hasRing = hasRing
                $0.network.hasListener = hasListener
            }
        }
    }

    /// What is left of it when a thread has executed a program, alone under its process's number.
    ///
    /// - Parameters:
    ///   - slot: The thread, under that number.
    ///   - former: What it had under its former number; nil where that was not known.
    func keepNetwork(_ slot: Int, former: ThreadNetwork?) {
        guard let process = tracees[slot]?.process else { return }
        var network = former ?? tracees[slot]?.network ?? ThreadNetwork()
        if former == nil {
            for other in threads(of: process) {
                network.flags.formUnion(tracees[other]?.network.flags ?? [])
            }
        }
        // No other thread is left that could have a child on its way, nor a ring's memory.
        network.isSettled = true
        update(slot) { $0.network = network }
        updateProcess(process) {
            $0.network.isArmed = $0.network.isArmed || network.isArmed
            $0.network.hasRing = false
        }
    }
}
