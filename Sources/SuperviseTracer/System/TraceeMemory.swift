import CSupervise
import SystemPackage

/// What reading a tracee's memory gave.
enum MemoryRead: Equatable {
    /// This many bytes: all that were asked for, or those before the first unreadable one.
    case bytes(Int)
    /// The tracee may not be looked into.
    case hidden
}

/// What was found out about some memory of a thread at the stop that is being served.
struct MemoryLook {
    let slot: Int
    let pointer: UInt64
    let count: Int
    /// CSUPERVISE_READABLE and CSUPERVISE_WRITABLE, where all of it is that.
    let access: Int32

    /// What this very memory allows; nil where something else was looked at.
    func access(to pointer: UInt64, _ count: Int, of slot: Int) -> Int32? {
        (pointer, count, slot) == (self.pointer, self.count, self.slot) ? access : nil
    }
}

/// Bytes below the red zone of a thread's stack, and what stands there.
struct StackRoom {
    /// How many.
    static let size = 256
    let address: UInt64
    let bytes: [UInt8]

    /// The red zone (System V ABI) has 128 bytes.
    static func address(below stackPointer: UInt64) -> UInt64 {
        (stackPointer &- UInt64(128 + size)) & ~15
    }
}

/// Reads the memory of tracees: what a call is judged by, once.
///
/// A second read could give other bytes than those that were judged. Before Linux 6.11
/// `isAccessible` makes one, to see whether what the call names is there: its bytes go no further,
/// neither to a judgement nor to the kernel, and whoever asks bounds their number.
///
/// By `pread(2)` on `/proc/PID/mem`, which a page-fault handler of the tracee (userfaultfd) cannot
/// hold up: it fails with EIO, where `process_vm_readv(2)` waits for as long as the tracee likes.
struct TraceeMemory {
    let tree: ProcessTree

    /// Reads the address of `length` bytes at `pointer`.
    func readAddress(
        _ pointer: UInt64, length: Int, of slot: Int, into address: inout AddressBytes
    ) -> MemoryRead {
        let wanted = min(max(length, 0), AddressBytes.capacity)
        let result = unsafe withUnsafeMutableBytes(of: &address.storage) {
            unsafe read(pointer, $0.baseAddress, wanted, of: slot)
        }
        if case .bytes(let count) = result { address.count = count }
        return result
    }

    /// Reads `count` bytes at `pointer`, or as many as come before the first unreadable one.
    func readBytes(_ pointer: UInt64, count: Int, of slot: Int, into bytes: inout [UInt8])
        -> MemoryRead
    {
        bytes = [UInt8](repeating: 0, count: max(count, 0))
        let wanted = bytes.count
        let result = unsafe bytes.withUnsafeMutableBytes {
            unsafe read(pointer, $0.baseAddress, wanted, of: slot)
        }
        if case .bytes(let got) = result { bytes.removeLast(wanted - min(got, wanted)) }
        return result
    }

    private func read(
        _ pointer: UInt64, _ buffer: UnsafeMutableRawPointer?, _ count: Int, of slot: Int
    ) -> MemoryRead {
        guard count > 0 else { return .bytes(0) }
        for _ in 0..<2 {
            guard let memory = memory(of: slot), !mayBlock(pointer, count, of: slot) else {
                return unsafe shown(pointer, buffer, count, of: slot)
            }
            var done = 0
            let error = unsafe csupervise_read_at(
                memory.rawValue, buffer, count, pointer, &done)
            // An end of file at the first byte: this address space is gone, the program was
            // replaced and its exec stop lost. What it runs now is opened afresh.
            guard error == 0, done == 0 else { return .bytes(done) }
            forgetMemory(of: slot)
        }
        return .bytes(0)
    }

    /// Whether to read, or write, this memory may hold the tracer up, and with it all of the tree.
    ///
    /// A page of a file comes from whoever serves the file system: one that is in user space
    /// (FUSE) may never answer. The thread sends such bytes itself, so that nobody else waits.
    /// What is mapped there between this look and the reading is not seen.
    func mayBlock(_ pointer: UInt64, _ count: Int, of slot: Int) -> Bool {
        // A look that tells nothing leaves none behind, of another stop's memory least of all.
        tree.look = nil
        guard let sharedMemory = tree.sharedMemory, let tracee = tree.tracees[slot],
            !tracee.isReadDirectly, let maps = maps(of: slot)
        else { return false }
        var access: Int32 = -1
        guard
            unsafe csupervise_may_block(
                maps.rawValue, pointer, UInt64(count), sharedMemory, &access) == 0
        else { return true }
        if access >= 0 {
            tree.look = MemoryLook(slot: slot, pointer: pointer, count: count, access: access)
        }
        return false
    }

    /// Reads what a process that hides its memory has shown; what it has not, is wanted.
    private func shown(
        _ pointer: UInt64, _ buffer: UnsafeMutableRawPointer?, _ count: Int, of slot: Int
    ) -> MemoryRead {
        guard let bytes = tree.tracees[slot]?.shown?.bytes(pointer, count: count) else {
            if tree.wanted == nil { tree.wanted = .memory(pointer, count: count) }
            return .hidden
        }
        // As many bytes as were asked for, or none.
        for (offset, byte) in bytes.enumerated() where offset < count {
            unsafe buffer?.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
        return .bytes(min(bytes.count, count))
    }

    /// As `isAccessible`, for a process that hides its memory: what it can send it can read, and
    /// most of it, write.
    private func isShownAccessible(_ pointer: UInt64, _ count: Int, of slot: Int) -> Bool {
        guard let tracee = tree.tracees[slot], tree.processes[tracee.process]?.memory == nil
        else { return true }
        if let bytes = tracee.shown?.bytes(pointer, count: count) {
            return bytes.count == min(count, Courier.capacity)
        }
        if tree.wanted == nil { tree.wanted = .memory(pointer, count: count) }
        return true
    }

    /// Whether memory that was not read since it may block can be read nevertheless.
    func canReadDirectly(_ slot: Int) -> Bool {
        tree.tracees[slot]?.isReadDirectly == false && isOpen(slot)
    }

    /// Whether the kernel forbids the tracer to look into the memory of a thread's process.
    ///
    /// Not where it only cannot be opened: for lack of descriptors, or with something mounted over.
    func isHidden(_ slot: Int) -> Bool {
        guard let tracee = tree.tracees[slot], tree.processes[tracee.process]?.memory == nil
        else { return false }
        do throws(Errno) {
            let opened = try tree.openOrThrow(for: tracee.thread) {
                unsafe csupervise_open_memory(tracee.thread.rawValue, &$0)
            }
            tree.updateProcess(tracee.process) { $0.memory = opened }
            return false
        } catch {
            return error == .permissionDenied || error == .notPermitted
        }
    }

    /// Whether the tracer has the memory of a thread's process open, or can open it.
    func isOpen(_ slot: Int) -> Bool { memory(of: slot) != nil }

    /// Opens what is needed of a process that is about to hide, to be kept for as long as it lives.
    func keep(_ slot: Int) {
        guard let tracee = tree.tracees[slot], memory(of: slot) != nil, maps(of: slot) != nil
        else { return }
        let program =
            switch tree.processes[tracee.process]?.program {
            case .known(let program)?: ProgramLookup.known(program)
            default: ProgramLookup(of: tracee.thread)
            }
        tree.updateProcess(tracee.process) {
            $0.isMemoryKept = true
            $0.program = program
        }
    }

    /// Writes bytes at `pointer`, also through page protections; false where that failed.
    func write(_ bytes: [UInt8], to pointer: UInt64, of slot: Int) -> Bool {
        guard let memory = memory(of: slot) else { return false }
        return unsafe bytes.withUnsafeBytes {
            unsafe csupervise_write_at(memory.rawValue, $0.baseAddress, $0.count, pointer) == 0
        }
    }

    /// Whether the sealed page is mapped at `address`, whole, shared and read-only.
    func isPage(_ page: SealedPage, at address: UInt64, of slot: Int) -> Bool {
        guard let maps = maps(of: slot) else { return false }
        return page.memory.isMapped(at: address, in: maps)
    }

    /// A place on a thread's stack that its program does not use; nil where there is none.
    ///
    /// Only on the stack that the kernel made, where a signal's frame would be written: a stack that the
    /// program made may have something else below. Where the kernel does not tell quickly, before Linux 6.11,
    /// nil.
    ///
    /// 64-bit programs can make 32-bit calls, which reach no stack beyond 4 GiB.
    func roomOnStack(
        at stackPointer: UInt64, of slot: Int, _ layouts: MemoryLayouts
    ) -> StackRoom? {
        let address = StackRoom.address(below: stackPointer)
        guard layouts.word == 8 || stackPointer <= UInt64(UInt32.max),
            let memory = memory(of: slot), let maps = maps(of: slot),
            csupervise_is_stack(maps.rawValue, address, stackPointer &- address) != 0
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: StackRoom.size)
        var done = 0
        let error = unsafe bytes.withUnsafeMutableBytes {
            unsafe csupervise_read_at(
                memory.rawValue, $0.baseAddress, StackRoom.size, address, &done)
        }
        guard error == 0, done == StackRoom.size else { return nil }
        return StackRoom(address: address, bytes: bytes)
    }

    /// Whether the program has reserved all memory below 4 GiB, to keep it from being used.
    func isLowMemoryReserved(of slot: Int) -> Bool {
        guard let maps = maps(of: slot) else { return false }
        return csupervise_is_low_memory_reserved(maps.rawValue) != 0
    }

    /// Whether the mapping at `address` is sealed, where `sealed` asks for that, and inherited.
    ///
    /// What `mseal(2)` and `madvise(2)` answered is not enough where a thread has filters of its
    /// own: one can answer 0 in their stead (`SECCOMP_RET_ERRNO`).
    func isKept(at address: UInt64, of thread: ThreadID, sealed: Bool) -> Bool {
        var isSealed: Int32 = 0
        var isInherited: Int32 = 0
        let error = unsafe csupervise_mapping_fate(
            thread.rawValue, address, &isSealed, &isInherited)
        return error == 0 && isInherited != 0 && (isSealed != 0 || !sealed)
    }

    /// Whether the program itself could read these bytes, or write them.
    ///
    /// A tracer reads through page protections (PROT_NONE), the kernel for the program does not.
    /// Where the kernel cannot tell quickly, before Linux 6.11, the answer is yes for what is there
    /// at all.
    func isAccessible(
        _ pointer: UInt64, count: Int, of slot: Int, forWriting: Bool = false
    ) -> Bool {
        let wanted = Int32(
            forWriting ? CSUPERVISE_WRITABLE : CSUPERVISE_READABLE)
        guard count > 0 else { return true }
        if let access = tree.look?.access(to: pointer, count, of: slot) {
            return access & wanted != 0
        }
        guard let maps = maps(of: slot) else {
            return isShownAccessible(pointer, count, of: slot)
        }
        let (last, overflow) = pointer.addingReportingOverflow(UInt64(count))
        guard !overflow else { return false }
        var address = pointer
        while address < last {
            var access: Int32 = 0
            var end: UInt64 = 0
            switch unsafe csupervise_query_mapping(maps.rawValue, address, &access, &end) {
            case 0 where access & wanted != 0 && end > address: address = end
            case 0, Errno.noSuchFileOrDirectory.rawValue: return false
            default:
                var bytes: [UInt8] = []
                return readBytes(pointer, count: count, of: slot, into: &bytes) == .bytes(count)
            }
        }
        return true
    }

    private func memory(of slot: Int) -> Descriptor? {
        guard let tracee = tree.tracees[slot], let process = tree.processes[tracee.process] else {
            return nil
        }
        if let memory = process.memory { return memory }
        let opened = open(for: tracee.thread) {
            unsafe csupervise_open_memory(tracee.thread.rawValue, &$0)
        }
        tree.updateProcess(tracee.process) { $0.memory = opened }
        return opened
    }

    private func maps(of slot: Int) -> Descriptor? {
        guard let tracee = tree.tracees[slot], let process = tree.processes[tracee.process] else {
            return nil
        }
        if let maps = process.maps { return maps }
        // The text goes with the thread by whose number it was opened (ESRCH), though the memory
        // stays. The first thread's lasts, unless it has ended and left the others.
        var reader = process.leader
        var opened = openMaps(by: reader, for: tracee.thread)
        if reader != tracee.thread, opened?.hasText != true {
            opened?.close()
            reader = tracee.thread
            opened = openMaps(by: reader, for: tracee.thread)
        }
        tree.updateProcess(tracee.process) {
            $0.maps = opened
            $0.mapsReader = reader
        }
        return opened
    }

    private func openMaps(by reader: ThreadID, for thread: ThreadID) -> Descriptor? {
        open(for: thread) { unsafe csupervise_open_maps(reader.rawValue, &$0) }
    }

    private func forgetMemory(of slot: Int) {
        guard let process = tree.tracees[slot]?.process else { return }
        tree.updateProcess(process) {
            $0.memory?.close()
            $0.maps?.close()
            $0.memory = nil
            $0.maps = nil
            $0.addressSpace = nil
        }
    }

    /// The descriptors of a thread's memory and mappings, nil where the tracer may not look.
    ///
    /// They stay the tree's.
    func descriptors(of slot: Int) -> (memory: Int32, maps: Int32)? {
        guard let memory = memory(of: slot), let maps = maps(of: slot) else { return nil }
        return (memory.rawValue, maps.rawValue)
    }

    /// Opens; where the tracer's descriptors have run out, once more after closing the others'.
    private func open(
        for thread: ThreadID, _ function: (inout Int32) -> Int32
    ) -> Descriptor? {
        tree.open(for: thread, function)
    }
}

extension ProcessTree {
    /// Opens a descriptor; where the tracer's have run out, once more after closing the others'.
    ///
    /// nil where it cannot be opened.
    func open(
        for thread: ThreadID, _ function: (inout Int32) -> Int32
    ) -> Descriptor? {
        try? openOrThrow(for: thread, function)
    }

    /// As `open`, with the error where it cannot be opened.
    func openOrThrow(
        for thread: ThreadID, _ function: (inout Int32) -> Int32
    ) throws(Errno) -> Descriptor {
        do throws(Errno) {
            return try Descriptor.open(function)
        } catch .tooManyOpenFiles {
            releaseDescriptors(but: thread)
            return try Descriptor.open(function)
        } catch {
            throw error
        }
    }
}
