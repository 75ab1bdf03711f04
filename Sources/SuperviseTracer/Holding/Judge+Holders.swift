import SuperviseAudit
import SupervisePolicy

/// Sockets that several programs hold, and those that a program is left with by `execve(2)`.
extension Judge {
    /// Whether the verdict on a request differs between programs.
    func dependsOnProgram(_ request: Request) -> Bool {
        asksForPrograms && !prepared.needsSubject(request).isDisjoint(with: .programs)
    }

    /// The refusal of a request to another program of the tree that holds the socket, too.
    ///
    /// Who holds it is found out at the call. A program that hands it on afterwards, which nothing
    /// prevents, could as well do with it what it is asked to.
    ///
    /// - Returns: nil where every program that holds the socket is allowed the same.
    func refusal(
        of request: Request, toHoldersOf descriptor: Int32, _ caller: Caller
    ) -> Decision? {
        guard dependsOnProgram(request), let own = tree.tracees[caller.slot]?.process else {
            return nil
        }
        let others = tree.processes.slots.filter { $0 != own }
        if others.isEmpty { return nil }
        let copy = sockets.copy(of: descriptor, slot: caller.slot)
        defer { copy?.closeCopy() }
        // Without a copy it cannot be told: then every program counts as one that holds it.
        let inode = copy?.inode()
        for process in others {
            let threads = tree.threads(of: process)
            guard let slot = threads.first, let thread = tree.tracees[slot]?.thread,
                let leader = tree.processes[process]?.leader,
                inode.map({ mayHold($0, threads) }) ?? true
            else { continue }
            var other = Inquiry()
            let holder = Caller(
                thread: thread, slot: slot, layouts: caller.layouts, process: leader)
            let decision = decision(on: request, by: holder, &other)
            if decision.verdict.isDenial {
                return Decision(
                    decision.verdict,
                    Reason(
                        text: "a socket that another program holds: " + decision.reason.text,
                        place: decision.reason.place))
            }
        }
        return nil
    }

    /// Whether a thread of a process has a socket, or it cannot be told.
    private func mayHold(_ inode: UInt64, _ threads: [Int]) -> Bool {
        var first: ThreadID?
        for slot in threads {
            guard let thread = tree.tracees[slot]?.thread else { continue }
            if let first, sharesDescriptors(first, thread) { continue }
            if first == nil { first = thread }
            if SuperviseTracer.mayHold(inode, thread) { return true }
        }
        return false
    }

    /// The sockets that a program which has just been executed may not use, and could without
    /// another judged call; nil where there are none.
    ///
    /// Those are sockets that are connected, or listen, or were bound for datagrams, to an address
    /// for which the rules tell programs apart and refuse this one. What is done with any other
    /// socket is judged at the call.
    func uselessSockets(_ caller: Caller) -> Shedding? {
        guard !recorder.isAuditing else { return nil }
        begin("execve")
        // What the program may become (a user, a member of a group) is not looked at.
        let needs = subjectNeeds.intersection(.programs)
        subjects.read(needs, into: &inquiry.subject, of: caller)
        inquiry.asked = needs
        guard let held = heldSockets(of: caller.thread) else { return .all }
        let useless = held.map(\.number).filter { number in
            guard let copy = sockets.copy(of: number, slot: caller.slot) else { return true }
            defer { copy.closeCopy() }
            return isUseless(copy, caller)
        }
        return useless.isEmpty ? nil : .descriptors(useless)
    }

    private func isUseless(_ socket: Descriptor, _ caller: Caller) -> Bool {
        guard let (kind, isListening) = socket.kind() else { return true }
        guard kind.family != .unix, kind.family != .netlink else { return false }
        let state = SocketState.known(kind, isListening: false, local: socket.localName())
        let requests: [Request]
        if let peer = socket.peerName() {
            // Nothing tells whether it was connected or accepted.
            requests = [.connect(state, peer), .listen(state), .accept(state, peer)]
        } else if isListening {
            requests = [.listen(state)]
        } else if kind.family != .ipv4 && kind.family != .ipv6 || socket.isConnecting {
            requests = [.create(kind)]
        } else if kind.type != .stream, case .bound(let address) = state.local {
            requests = [.bind(state, address)]
        } else {
            return false
        }
        let decisions = requests.filter(dependsOnProgram).map { request in
            (request, decision(on: request))
        }
        // What is allowed to this very program is its own.
        guard let refused = decisions.first(where: { $0.1.verdict.isDenial }),
            decisions.allSatisfy({ $0.1.verdict.isDenial })
        else { return false }
        return refusal(of: refused.0, refused.1) != nil
    }

    /// The decision by the program alone; what else could matter counts as what would be allowed.
    private func decision(on request: Request) -> Decision {
        switch prepared.answer(to: request, by: inquiry.subject) {
        case .decided(let decision): decision
        case .needs(let needs) where needs.isDisjoint(with: .programs):
            Decision(.allow, Reason(text: "not decided by the program", place: "profile"))
        case .needs: prepared.decide(request, by: inquiry.subject)
        }
    }
}

extension Needs {
    /// What the owner match knows of a process.
    static let programs: Needs = [.program, .ancestors]
}
