import SuperviseFilter

/// Deputies: threads that make a call for another one.
extension Sealing {
    /// Has a deputy make a call whose verdict depends on the socket.
    func delegate(
        _ call: JudgedCall, _ arguments: Arguments, _ stopped: consuming StoppedThread,
        _ caller: Caller, place: UInt32?
    ) {
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        if place != nil { judge.tree.update(caller.slot) { $0.hasSeenPage = true } }
        begin(
            Delegation(
                registers, mask: mask, caller: caller, call: call, arguments: arguments,
                place: place, path: judge.dependence?.path, sealing: self),
            stopped, caller.slot)
    }

    /// Has a deputy accept connections until one comes from a peer that may be heard.
    func accept(
        _ call: AcceptCall, _ stopped: consuming StoppedThread, _ caller: Caller, place: UInt32
    ) {
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        judge.tree.update(caller.slot) { $0.hasSeenPage = true }
        begin(
            Acceptance(
                registers, mask: mask, caller: caller, call: call, place: place, sealing: self),
            stopped, caller.slot)
    }

    /// Has a deputy make a socket, and attaches the filter for its peers before anybody has it.
    func make(_ call: SocketCall, _ stopped: consuming StoppedThread, _ caller: Caller) {
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        guard judge.judgesConnections else {
            stopped.setSignalMask(UInt64.max)
            return begin(
                OwnMaking(registers, mask: mask, caller: caller, call: call, sealing: self),
                stopped, caller.slot)
        }
        begin(
            Making(registers, mask: mask, caller: caller, call: call, sealing: self), stopped,
            caller.slot)
    }

    /// Sets a deputy to work that has just been made; false where it is dead.
    func start(_ deputy: Errand, _ thread: ThreadID, for caller: Caller) -> Bool {
        let tree = judge.tree
        if tree.slot(of: thread).map(tree.isAnnounced) == true { takeOutFormer(thread) }
        tree.announce(thread, by: caller.thread)
        guard let slot = tree.slot(of: thread), let phase = tree.tracees[slot]?.phase else {
            return false
        }
        tree.update(slot) { $0.phase = .errand(deputy) }
        // Its first stop came before its maker's event, or is still to come.
        switch phase {
        case .newborn(isHeld: true, _), .awaitingOrigin:
            _ = deputy.begin(StoppedThread(id: thread), atEntry: false)
        default: break
        }
        return true
    }

    /// Goes on with an errand that waits.
    func proceed(
        _ errand: Errand, _ step: ErrandStep, _ stopped: consuming StoppedThread, _ slot: Int
    ) {
        if errand.proceed(step, stopped) { end(errand, slot) }
    }

    /// Keeps a thread whose maker is not known yet from its program, where it may be a deputy.
    func holdIfDeputy(_ slot: Int) {
        guard mayBeDeputy(slot), let thread = judge.tree.tracees[slot]?.thread else { return }
        judge.tree.update(slot) { $0.phase = .newborn(isHeld: false, inGroupStop: false) }
        newborns.append(thread)
    }

    private func mayBeDeputy(_ slot: Int) -> Bool {
        guard !makers.isEmpty, let process = judge.tree.tracees[slot]?.process else { return false }
        return makers.contains { judge.tree.tracees[$0]?.process == process }
    }

    /// A deputy is known by its number, or there will be none: other new threads may go on.
    func releaseNewborns(of maker: Int) {
        guard makers.remove(maker) != nil, !newborns.isEmpty else { return }
        let tree = judge.tree
        newborns.removeAll { thread in
            guard let slot = tree.slot(of: thread),
                case .newborn(let isHeld, let inGroupStop)? = tree.tracees[slot]?.phase
            else { return true }
            if mayBeDeputy(slot) { return false }
            tree.update(slot) { $0.phase = .running }
            if isHeld {
                let stopped = StoppedThread(id: thread)
                if inGroupStop { stopped.listen() } else { stopped.resume() }
            }
            return true
        }
    }
}
