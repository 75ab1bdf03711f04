import SuperviseFilter
import SystemPackage

/// Gets the sealed page into an address space, at the first call that needs it.
///
/// 1. Where the thread's stack has no room to receive into, anonymous memory is mapped where the page
///    will be.
/// 2. A socket is made; the tracer takes a copy of it and puts the page's read-only descriptor in
///    its queue.
/// 3. The descriptor is received and mapped, over the memory of step 1 if there is any, and both are
///    closed.
/// 4. The mapping is sealed, and only then looked at. In this order the look is sound whatever
///    other threads did in between: they can no longer change what is seen. Kernels before 6.10
///    cannot seal; there `PageGuard` refuses whatever could change it, from the program's start.
/// 5. What a look does not show is set where it may be otherwise: that children get the mapping, too. A
///    mapping of the same memory that they would not get (MADV_DONTFORK, given where that is not
///    refused) may have been moved here by another thread. The filter stops that advice, so it is
///    known whether anybody in the tree ever gave it.
///
/// A program that has reserved all memory below 4 GiB, so that nothing can be there (browsers that
/// run V8 in its sandbox), has the page in the midst of its reservation.
///
/// Signals are blocked meanwhile, but for SIGTRAP where the calls are made in steps, and the
/// thread's own call is made again from the start.
///
/// A program file that its user may not read makes its process undumpable from the first
/// instruction: the tracer can neither take the socket nor look. Such a process is made dumpable
/// between two calls of step 2, for as long as it takes to open its memory and take the socket.
/// It is not done to what hid itself.
///
/// Even the calls of step 4 and 5, whose results are believed, are made in steps. The place and the
/// number tell that a call was made, but not by which instruction. As a 32-bit call (`int $0x80`)
/// `mseal` is the same with the same arguments, and what has the number of `madvise` is `oldfstat`,
/// here of a descriptor that no process can have.
final class Injection: Errand {
    private let page: SealedPage
    private let tree: ProcessTree
    private let memory: TraceeMemory
    private let sockets: TraceeSockets
    private let slot: Int
    private let process: Int
    private var place = 0
    private var step = Step.scratch
    private var socket: Int64 = -1
    private var file: Int64 = -1
    private var isMapped = false
    /// Where the thread's stack has room to receive into; nil where it has none.
    private let room: StackRoom?
    /// Whether that is to be put back as it was.
    private var isStackChanged = false
    /// Whether what is mapped at the place is this errand's.
    private var hasPlace = false
    /// Whether the page takes the place of a part of the program's reservation.
    private var isInReservation = false
    /// Whether it is about to map over what it found to be reserved.
    private var isReplacing = false
    private let reveals: Bool
    /// The tracer's copy of the socket, where the process can be looked into for a moment only.
    private var copy: Descriptor?
    /// The limits of open files that the process had, where they were raised for the moment.
    private var formerLimit: DescriptorLimit?

    private enum Step {
        case scratch, socket, reveal, hide, receive, map, closeBoth, closeFile, closeSocket, seal
        case inherit, unmap, done
    }

    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts,
        page: SealedPage, judge: Judge, slot: Int, process: Int, reveals: Bool,
        room: StackRoom?, steps: Bool
    ) {
        self.page = page
        tree = judge.tree
        memory = judge.memory
        sockets = judge.sockets
        self.slot = slot
        self.process = process
        self.reveals = reveals
        self.room = room
        super.init(registers, mask: mask, layouts, steps: steps)
    }

    /// Where the page is being mapped.
    private var address: UInt64 { UInt64(SealedPage.places[place]) }
    /// Where the descriptor is received.
    private var buffer: UInt64 { room?.address ?? address }
    private var calls: InjectedCalls { InjectedCalls(layouts: layouts) }

    override var endsBeforeStopping: Bool { true }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else { return room == nil ? mapScratch() : makeSocket() }
        switch step {
        case .scratch: return scratchMapped(result)
        case .socket: return socketMade(result)
        case .reveal: return revealed(result)
        case .hide: return hidden(result)
        case .receive: return received(result)
        case .map: return mapped(result)
        case .closeBoth where result != 0: return closeFile()
        case .closeFile:
            step = .closeSocket
            return .call(calls.close(socket))
        case .closeSocket, .closeBoth:
            guard isMapped else { return giveUp() }
            return seal()
        case .seal: return result == 0 ? sealed() : giveUp()
        case .inherit: return result == 0 ? verified() : giveUp()
        case .unmap, .done: return .restart
        }
    }

    override func ended() {
        endReplacing()
        restoreLimit()
        copy?.closeCopy()
        copy = nil
        // Dead, given up, or another program by now: somebody else may try.
        if case .beingMapped? = tree.processes[process]?.page {
            tree.updateProcess(process) { $0.page = .none }
        }
    }

    private func mapScratch() -> ErrandStep {
        step = .scratch
        return .call(
            isInReservation
                ? calls.mapScratchOver(address, SealedPage.size)
                : calls.mapScratch(address, SealedPage.size))
    }

    private func scratchMapped(_ result: Int64) -> ErrandStep {
        endReplacing()
        if result == Int64(address) {
            hasPlace = true
            return makeSocket()
        }
        // Only a mapping that is sealed by now counts, so it is sealed first.
        if result == -17, isThere { return seal() }
        return hasOtherPlace(result) ? mapScratch() : failed()
    }

    /// Whether the page is at the place already: whoever shares this memory without being a thread of
    /// this process may have mapped it.
    private var isThere: Bool { memory.isPage(page, at: address, of: slot) }

    /// Goes on to the next place where this one is taken, if there is one.
    ///
    /// EEXIST says so; kernels that do not know better give another address.
    private func hasOtherPlace(_ result: Int64) -> Bool {
        guard result == -17, !isInReservation else { return false }
        if SealedPage.places.indices.contains(place + 1) {
            place += 1
            return true
        }
        place = 0
        guard !page.isReplacingReservation else { return false }
        isInReservation = memory.isLowMemoryReserved(of: slot)
        // Where nothing is sealed, the page could be there by the time that this thread maps over it, mapped by one
        // that shares the memory: so there is one such thread at a time.
        isReplacing = isInReservation && page.guarding == .ranges
        if isReplacing { page.isReplacingReservation = true }
        return isInReservation
    }

    private func endReplacing() {
        if isReplacing { page.isReplacingReservation = false }
        isReplacing = false
    }

    private func makeSocket() -> ErrandStep {
        step = .socket
        return .call(calls.socket())
    }

    private func socketMade(_ result: Int64) -> ErrandStep {
        if result == -24, formerLimit == nil, raiseLimit() {
            return .call(calls.socket())
        }
        socket = result
        if result >= 0, reveals {
            step = .reveal
            return .call(calls.setDumpable(1))
        }
        return result >= 0 ? receive() : giveUp()
    }

    /// The process can be looked into until its next call has been made.
    private func revealed(_ result: Int64) -> ErrandStep {
        guard result == 0 else {
            step = .socket
            return giveUp()
        }
        memory.keep(slot)
        copy = sockets.copy(of: Int32(truncatingIfNeeded: socket), slot: slot)
        step = .hide
        return .call(calls.setDumpable(0))
    }

    private func hidden(_ result: Int64) -> ErrandStep {
        step = .socket
        guard result == 0, copy != nil else { return giveUp() }
        return receive()
    }

    /// Puts the page's descriptor into the socket's queue, and receives it.
    private func receive() -> ErrandStep {
        let copy =
            copy?.duplicate() ?? sockets.copy(of: Int32(truncatingIfNeeded: socket), slot: slot)
        guard let copy else { return giveUp() }
        guard page.memory.queue(on: copy) else {
            copy.closeCopy()
            return giveUp()
        }
        // It is an AF_UNIX socket with nothing but the page in its queue, which closes at once.
        copy.close()
        guard writeBuffer() else { return giveUp() }
        step = .receive
        return .call(
            RawCall(calls.receiveNumber, UInt64(socket), buffer, calls.receiveFlags))
    }

    private func writeBuffer() -> Bool {
        isStackChanged = true
        return memory.write(calls.receiveBuffer(at: buffer), to: buffer, of: slot)
    }

    private func received(_ result: Int64) -> ErrandStep {
        var bytes: [UInt8] = []
        if result == -24 || result == 1,
            memory.readBytes(buffer, count: StackRoom.size, of: slot, into: &bytes)
                == .bytes(StackRoom.size),
            let descriptor = calls.receivedDescriptor(bytes)
        {
            file = Int64(descriptor)
            restoreStack()
            return mapPage()
        }
        // No descriptor came with the message: the process had none left. The message is gone.
        return formerLimit == nil && raiseLimit() ? receive() : giveUp()
    }

    private func mapPage() -> ErrandStep {
        step = .map
        return .call(
            hasPlace || isInReservation
                ? calls.mapPageOver(address, SealedPage.size, file)
                : calls.mapPage(address, SealedPage.size, file))
    }

    private func mapped(_ result: Int64) -> ErrandStep {
        endReplacing()
        if result == Int64(address) {
            (isMapped, hasPlace) = (true, true)
        } else if result == -17, isThere {
            isMapped = true
        } else if !hasPlace, hasOtherPlace(result) {
            return mapPage()
        }
        // One call instead of two where they are neighbours, as they mostly are.
        guard file == socket + 1 else { return closeFile() }
        step = .closeBoth
        return .call(calls.close(from: socket, through: file))
    }

    /// Puts back what stood where the descriptor was received.
    private func restoreStack() {
        guard let room, isStackChanged else { return }
        _ = memory.write(room.bytes, to: room.address, of: slot)
        isStackChanged = false
    }

    private func closeFile() -> ErrandStep {
        step = .closeFile
        return .call(calls.close(file))
    }

    private func seal() -> ErrandStep {
        // Where the filter guards the range, it has since before the program began.
        if page.guarding == .ranges { return sealed() }
        step = .seal
        return .call(calls.seal(address, SealedPage.size))
    }

    private func sealed() -> ErrandStep {
        guard tree.mayHaveDontFork else { return verified() }
        step = .inherit
        return .call(calls.inherit(address, SealedPage.size))
    }

    /// Nothing in the tree can change the mapping any more: now it is looked at.
    private func verified() -> ErrandStep {
        guard memory.isPage(page, at: address, of: slot), isKept() else { return giveUp() }
        tree.updateProcess(process) { $0.page = .mapped(SealedPage.places[place]) }
        step = .done
        restoreLimit()
        return .restart
    }

    /// Whether the results of sealing were the kernel's, or what they stand for is there.
    private func isKept() -> Bool {
        if tree.processes[process]?.hasOwnFilters == false { return true }
        guard let thread = tree.tracees[slot]?.thread else { return false }
        return memory.isKept(at: address, of: thread, sealed: page.guarding == .sealed)
    }

    /// Takes back what was done; the thread's call is then refused.
    private func giveUp() -> ErrandStep {
        tree.update(slot) { $0.cannotHavePage = true }
        restoreStack()
        if socket >= 0, step == .socket || step == .receive {
            step = .closeSocket
            return .call(calls.close(socket))
        }
        guard hasPlace, !mayBeInUse else { return failed() }
        step = .unmap
        return .call(
            isInReservation
                ? calls.reserve(address, SealedPage.size)
                : calls.unmap(address, SealedPage.size))
    }

    /// Whether somebody who shares this memory may have found the page at the place, and rely on it.
    ///
    /// A sealed mapping is not unmapped, not by this errand either. Where the filter guards it instead, which
    /// an errand's calls pass, it stays.
    private var mayBeInUse: Bool { isMapped && page.guarding == .ranges }

    private func failed() -> ErrandStep {
        step = .done
        tree.update(slot) { $0.cannotHavePage = true }
        return .restart
    }

    private func raiseLimit() -> Bool {
        guard let leader = tree.processes[process]?.leader else { return false }
        guard let former = DescriptorLimit.raise(of: leader, by: 8) else { return false }
        formerLimit = former
        return true
    }

    private func restoreLimit() {
        guard let formerLimit, let leader = tree.processes[process]?.leader else { return }
        formerLimit.set(for: leader)
        self.formerLimit = nil
    }
}
