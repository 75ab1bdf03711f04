import SuperviseFilter
import SupervisePolicy

/// A thread that makes one call for another one, on a copy of its descriptors.
///
/// It begins where its maker's clone(2) returns, and executes nothing but system calls that the
/// tracer gives it: the maker's own call with its own arguments, judged at its seccomp stop by this
/// thread's descriptors, and exit(2).
final class Deputy: Errand {
    /// What became of the call.
    enum Outcome {
        /// It has this result.
        case result(Int64)
        /// It would have waited.
        case interrupted(SocketDependence)
    }

    private let sealing: Sealing
    private let delegation: Delegation
    private let caller: Caller
    private let call: JudgedCall
    private let arguments: Arguments
    private let place: UInt32?
    /// The path in the call's address, where what it leads to is judged.
    private let path: [UInt8]?
    private var pinning = PathPinning()
    private var isCalling = false
    private var pageSlot: UInt16?
    private var dependence: SocketDependence?
    /// The messages of a `sendmmsg(2)`, and whether the first has been tried.
    private var messages: MessageSteps?
    private var isSendingMessages = false
    private var isJudged = false
    private var outcome: Outcome?
    /// What it is sending of what it has to show before its call can be judged: the descriptors
    /// are its own, so what it shows is what the call will be made on.
    private var sending: Sending?
    private var isSendingBegun = false

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, call: JudgedCall,
        arguments: Arguments, place: UInt32?, path: [UInt8]?, sealing: Sealing,
        delegation: Delegation
    ) {
        self.path = path
        self.sealing = sealing
        self.delegation = delegation
        self.caller = caller
        self.call = call
        self.arguments = arguments
        self.place = place
        super.init(registers, mask: mask, caller.layouts)
    }

    override var endsBeforeStopping: Bool { true }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else {
            guard let path, let step = pinning.next(after: nil, path, self, at: thread) else {
                return ownCall
            }
            return step
        }
        if let path, outcome == nil, !isCalling {
            return pinning.next(after: result, path, self, at: thread) ?? ownCall
        }
        if outcome != nil { return delegation.kill() }
        if let sending {
            // Its call was not made: what it was given is no result.
            if let call = sending.next(after: isSendingBegun ? result : nil) {
                isSendingBegun = true
                return .call(call)
            }
            endSending()
            return ownCall
        }
        guard messages != nil else { return exit(outcome(of: result, at: thread.id)) }
        // At first it comes from the call itself, which was not made.
        switch messages?.next(after: isSendingMessages ? result : nil) {
        case .call(let call)?:
            isSendingMessages = true
            return .call(call)
        case .finished(let result)?: return exit(outcome(of: result, at: thread.id))
        case nil: return exit(.result(result))
        }
    }

    private var ownCall: ErrandStep {
        isCalling = true
        return .call(
            RawCall(
                UInt32(truncatingIfNeeded: registers.callNumber), arguments.wide(0),
                arguments.wide(1), arguments.wide(2), arguments.wide(3), arguments.wide(4),
                arguments.wide(5)))
    }

    private func endSending() {
        sending?.ended()
        sending = nil
        isSendingBegun = false
    }

    /// A result, unless the call was interrupted: no signal but the tracer's own reaches it.
    private func outcome(of result: Int64, at thread: ThreadID) -> Outcome {
        // -EINTR: a socket with a time limit. The others are the kernel's to restart.
        guard [-4, -512, -513, -514].contains(result) else { return .result(result) }
        guard var dependence else { return .result(-4) }
        if let slot = sealing.judge.tree.slot(of: thread) {
            dependence.sendTimeout = sealing.judge.sockets.timeout(
                of: dependence.descriptor, ofSending: true, slot)
        }
        return .interrupted(dependence)
    }

    override func release(_ stopped: consuming StoppedThread, _ stop: SeccompStop) {
        // A filter of the program's own can stop any call: only the caller's is to be judged, and once.
        if !isCalling || outcome != nil || sending != nil { return super.release(stopped, stop) }
        if isJudged {
            // The messages of a call that was judged, one after the other.
            Ptrace.interrupt(stopped.id)
            return stopped.resumeToSyscallExit()
        }
        guard let slot = sealing.judge.tree.slot(of: stopped.id) else { return stopped.abandon() }
        let judge = sealing.judge
        // The caller's in the log, with the deputy's descriptors.
        let caller = Caller(
            thread: caller.thread, slot: slot, layouts: layouts, process: caller.process)
        judge.prepared = delegation.policy
        judge.pinned = pinning.pinned
        judge.tree.wanted = nil
        judge.holdsSocket = true
        let hold = judge.judge(call, stop.arguments, caller)
        let socket = judge.pinned?.socket ?? -1
        judge.pinned = nil
        judge.holdsSocket = false
        sending = sealing.sending(of: judge.tree.wanted, caller, stop.stamp)
        if sending != nil {
            stopped.skipCall(result: 0)
            return stopped.resumeToSyscallExit()
        }
        isJudged = true
        // A thread that was killed meanwhile has no descriptors to look at; nothing is decided.
        if hold.isFailure, stopped.seccompStop() == nil { return stopped.abandon() }
        dependence = judge.dependence
        // Another path than the one that was opened, or several.
        let isUnpinned = dependence?.path != nil
        if path != nil, dependence == nil { dependence = pinning.dependence(of: call, on: socket) }
        if let connecting = dependence, connecting.operation == .connect, connecting.path == nil {
            dependence?.isConnecting = judge.sockets.isConnecting(connecting.descriptor, of: slot)
        }
        // A call that waits is one call, however often it is tried.
        if hold.isFailure || judge.notes != delegation.notes {
            guard judge.recorder.record(judge.notes, by: caller) else { return stopped.abandon() }
            delegation.notes = judge.notes
            delegation.events = judge.recorder.takeUnfinished()
        }
        switch hold {
        // Connections have deputies of another kind.
        case .accept, .make: stopped.skipCall(result: delegation.refusal(Delegation.outOfTurn))
        case _ where isUnpinned:
            stopped.skipCall(result: delegation.refusal("a path that changed meanwhile"))
        case .run, .runOther: break
        case .fail(let error): stopped.skipCall(result: -Int64(error.rawValue))
        case .sendSealed(let messages):
            if let place, let pageSlot = takeSlot() {
                self.messages = MessageSteps(
                    messages, page: sealing.page, pageSlot: pageSlot, place: place,
                    memory: judge.memory, slot: self.caller.slot, layouts)
            }
            stopped.skipCall(
                result: self.messages == nil ? delegation.refusal(Delegation.noRoom) : 0)
        case .runSealed(let sealed):
            guard let place, let pageSlot = pageSlot ?? takeSlot() else {
                stopped.skipCall(result: delegation.refusal(Delegation.noRoom))
                break
            }
            let values = sealing.page.write(sealed, to: pageSlot, mappedAt: place, layouts)
            for value in [values.pointer, values.length].compactMap({ $0 }) {
                stopped.write(value.value, to: .argument(value.argument, layouts))
            }
        }
        Ptrace.interrupt(stopped.id)
        stopped.resumeToSyscallExit()
    }

    override func ended() {
        endSending()
        if let pageSlot { sealing.page.returnSlot(pageSlot) }
        pageSlot = nil
        delegation.outcome = outcome
        delegation.deputyEnded()
    }

    /// Where a string is for the deputy; nil where there is no room.
    func address(of string: [UInt8]) -> UInt64? {
        guard let place, let pageSlot = pageSlot ?? takeSlot() else { return nil }
        sealing.page.write(string + [0], to: pageSlot)
        return sealing.page.address(of: pageSlot, mappedAt: place)
    }

    /// What one of its descriptors stands for.
    func object(_ descriptor: Int64, at thread: ThreadID) -> [UInt8]? {
        pathOf(Int32(truncatingIfNeeded: descriptor), of: thread)
    }

    /// Whether one of its descriptors is its own directory of descriptors.
    func isDescriptors(_ descriptor: Int64, of thread: ThreadID) -> Bool {
        isDescriptorDirectory(
            Int32(truncatingIfNeeded: descriptor), of: thread, in: caller.process)
    }

    /// Whether its working directory is that of its descriptors, when it was told to go there.
    ///
    /// Where a filter of the program's own may have answered for the kernel, it is looked at.
    func isInDescriptors(_ thread: ThreadID) -> Bool {
        let tree = sealing.judge.tree
        guard let process = tree.slot(of: thread).flatMap({ tree.tracees[$0]?.process }) else {
            return false
        }
        return tree.processes[process]?.hasOwnFilters == false
            || isInDescriptorDirectory(thread, in: caller.process)
    }

    private func takeSlot() -> UInt16? {
        pageSlot = sealing.page.takeSlot()
        return pageSlot
    }

    private func exit(_ outcome: Outcome) -> ErrandStep {
        self.outcome = outcome
        return .call(InjectedCalls(layouts: layouts).exit())
    }
}
