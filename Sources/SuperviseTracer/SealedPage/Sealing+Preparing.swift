import SuperviseFilter
import SupervisePolicy

/// Calls after which a process's page could not be mapped, or its memory not be read: the filter
/// stops them so that it is done before.
enum Preparation {
    /// PR_SET_DUMPABLE with 0.
    case hiding
    /// A filter of the process's own, with what it points to.
    case filtering(UInt64)
    /// SECCOMP_MODE_STRICT, which leaves no call that is judged.
    case strict

    /// nil where our filter does not stop the call for any of these.
    init?(_ call: JudgedCall, _ arguments: Arguments, _ layouts: MemoryLayouts) {
        let arguments = layouts.word == 8 ? arguments : arguments.narrowed
        switch (call, arguments.unsigned(0), arguments.unsigned(1)) {
        case (.prctl, 4, 0): self = .hiding
        case (.prctl, 22, 2): self = .filtering(arguments.wide(2))
        case (.prctl, 22, _), (.seccomp, 0, _): self = .strict
        case (.seccomp, 1, let flags) where flags & 8 == 0: self = .filtering(arguments.wide(2))
        default: return nil
        }
    }
}

extension Sealing {
    /// Gets ready for a call of that kind, and lets it go on when that is done.
    ///
    /// What cannot be got ready is refused later, where it would be needed.
    func prepare(
        _ preparation: Preparation, _ stopped: consuming StoppedThread, _ caller: Caller
    ) {
        let slot = caller.slot
        guard let process = tree.tracees[slot]?.process else { return stopped.abandon() }
        if case .strict = preparation { return stopped.resume() }
        let mayInject = tree.processes[process]?.mayInject == true
        switch readiness(of: slot) {
        case .needed:
            return beginInjection(stopped, slot, caller.layouts)
        case .underWay:
            awaitPage(slot)
            return stopped.abandon()
        case .ready:
            tree.update(slot) { $0.hasSeenPage = true }
        case .impossible:
            break
        }
        switch preparation {
        case .hiding:
            judge.memory.keep(slot)
            tree.updateProcess(process) { $0.hidItself = true }
        case .filtering(let program):
            if mayInject, forbidsInjection(program, caller) {
                tree.updateProcess(process) { $0.mayInject = false }
            }
        case .strict: break
        }
        stopped.resume()
    }

    /// What becomes of a call that cannot be judged before its process has shown something.
    enum Showing {
        /// The thread sends it, from this mapping of the page.
        case fetch(UInt32, Courier)
        /// The page is mapped first.
        case inject
        /// Another thread is about to map it.
        case underWay
        /// The maker's event has yet to tell what the process is a copy of.
        case awaitMaker
        /// It cannot be shown.
        case impossible
    }

    /// How a thread can show what its tracer may not look at.
    func showing(_ slot: Int) -> Showing {
        let readiness = readiness(of: slot)
        guard let tracee = tree.tracees[slot], let process = tree.processes[tracee.process],
            tracee.shown?.isFull != true
        else { return .impossible }
        if !process.isAnnounced, !process.hasExecuted { return .awaitMaker }
        // The courier's name means another socket, of anybody's, in another network namespace. It could
        // hand on something else than the thread sent.
        guard process.mayInject, let courier, sharesNetwork(tracee.thread) else {
            return .impossible
        }
        switch readiness {
        case .ready(let place): return .fetch(place, courier)
        case .needed: return process.hidItself ? .impossible : .inject
        case .underWay: return .underWay
        case .impossible: return .impossible
        }
    }

    /// Has a thread show something; its call traps again when that is done.
    func beginFetch(
        _ wanted: Hidden, _ stopped: consuming StoppedThread, _ caller: Caller, _ stamp: [UInt64],
        place: UInt32, _ courier: Courier
    ) {
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        guard let sending = sending(of: wanted, caller, stamp, place: place, courier) else {
            return Release.fail(stopped, .noBufferSpace)
        }
        stopped.setSignalMask(UInt64.max)
        begin(
            Fetch(registers, mask: mask, caller.layouts, sending), stopped, caller.slot)
    }

    /// The calls by which a thread shows something; nil where there is no slot for them.
    private func sending(
        of wanted: Hidden, _ caller: Caller, _ stamp: [UInt64], place: UInt32, _ courier: Courier,
        isDistrustful: Bool = false
    ) -> Sending? {
        guard let pageSlot = page.takeSlot() else { return nil }
        let shown = tree.tracees[caller.slot]?.shown ?? Shown(call: stamp)
        shown.attempts += 1
        tree.update(caller.slot) { $0.shown = shown }
        return Sending(
            wanted, into: shown, courier: courier, page: page, pageSlot: pageSlot, place: place,
            process: caller.process, isDistrustful: isDistrustful, caller.layouts)
    }

    /// The calls by which a deputy shows something; nil where it cannot, or need not.
    ///
    /// The caller has been made to show its own before, so the page is there.
    func sending(of wanted: Hidden?, _ deputy: Caller, _ stamp: [UInt64]) -> Sending? {
        guard let wanted, case .fetch(let place, let courier) = showing(deputy.slot) else {
            return nil
        }
        let process = tree.tracees[deputy.slot].flatMap { tree.processes[$0.process] }
        return sending(
            of: wanted, deputy, stamp, place: place, courier,
            isDistrustful: process?.hasOwnFilters != false)
    }

    /// Whether a filter does not allow what an injection does.
    ///
    /// What the process is about to install may change until the kernel reads it: that is then
    /// its own loss. A filter that cannot be read counts as one that allows it, as one that was
    /// there before the supervisor does.
    private func forbidsInjection(_ pointer: UInt64, _ caller: Caller) -> Bool {
        let word = caller.layouts.word
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        var header: [UInt8] = []
        var bytes: [UInt8] = []
        let memory = judge.memory
        // Its own installation would wait for the same memory.
        tree.update(caller.slot) { $0.isReadDirectly = true }
        defer { tree.update(caller.slot) { $0.isReadDirectly = false } }
        guard
            memory.readBytes(pointer, count: 2 * word, of: caller.slot, into: &header)
                == .bytes(2 * word)
        else { return false }
        let count = Int(header[0]) | Int(header[1]) << 8
        guard count > 0, count <= 4096,
            memory.readBytes(
                decoder.word(header, at: word), count: 8 * count, of: caller.slot, into: &bytes)
                == .bytes(8 * count)
        else { return false }
        let instructions = (0..<count).map { index in
            let place = 8 * index
            return Instruction(
                code: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8, jt: bytes[place + 2],
                jf: bytes[place + 3],
                k: (4..<8).reversed().reduce(0) { $0 << 8 | UInt32(bytes[place + $1]) })
        }
        guard let program = try? Program(instructions) else { return false }
        let architecture: Architecture = word == 8 ? .x86_64 : .i386
        return InjectedCalls(layouts: caller.layouts).all(at: UInt64(SealedPage.places[0]))
            .contains { call in
                let data = SeccompData(
                    number: call.number, architecture: architecture.auditValue,
                    arguments: call.arguments)
                switch Interpreter.run(program, on: data) {
                case .allow, .log, .trace: return false
                default: return true
                }
            }
    }
}

extension InjectedCalls {
    /// One of each of the calls that map the page or show what is hidden.
    fileprivate func all(at address: UInt64) -> [RawCall] {
        [
            mapScratch(address, SealedPage.size), socket(),
            RawCall(receiveNumber, 3, address, receiveFlags), mapPage(address, SealedPage.size, 4),
            mapPageOver(address, SealedPage.size, 4),
            close(3), seal(address, SealedPage.size), inherit(address, SealedPage.size),
            unmap(address, SealedPage.size),
        ]
    }
}
