import SuperviseFilter
import SystemPackage

/// Memory that only the tracer can write, mapped into every address space that needs it.
///
/// A call's arguments in memory are copied here, judged from the copy, and the call's pointer is
/// turned to the copy: the kernel reads what was judged, whatever other threads do to the original.
/// The memory is divided into slots; a call has one from its seccomp stop to its exit stop.
final class SealedPage {
    /// Bytes of a slot: an address, a message header, the arguments of `socketcall(2)`.
    static let slotSize = 256
    /// Bytes of the whole, a multiple of the page size.
    static let size = 1 << 20
    /// Where the slots end and the filter begins that tracees install.
    static let filterOffset = size - 40960
    /// Where it can be mapped: below 4 GiB, so that 32-bit calls reach it.
    ///
    /// The first free place is taken. The filter keeps MADV_DONTFORK from all of them.
    static let places: [UInt32] = (0..<16).map { 0x7e00_0000 + $0 << 20 }

    /// Offsets in a slot.
    enum Offset {
        static let address = 0
        static let header = 128
        static let words = 192
        static let vectors = 216
        static let number = 248
    }

    let memory: SealedMemory
    /// What keeps it where it is mapped.
    let guarding: FilterCompiler.PageGuard
    private var free: [UInt16]
    /// Whether a thread is about to map over what was found to be reserved.
    var isReplacingReservation = false
    /// For each slot, the one that has the control data of its message.
    private var controls: [UInt16?]

    /// Makes the memory; before the process is made undumpable, which closes `/proc/self` to it.
    init(guarding: FilterCompiler.PageGuard) throws(Errno) {
        self.guarding = guarding
        memory = try SealedMemory(size: Self.size)
        free = Array((0..<UInt16(Self.filterOffset / Self.slotSize)).reversed())
        controls = Array(repeating: nil, count: free.count)
    }

    /// A slot for a call; nil where as many calls are under way as there are slots.
    func takeSlot() -> UInt16? { free.popLast() }

    /// Gives a slot back, emptied: what a call of one process sent is no other's to read.
    func returnSlot(_ slot: UInt16) {
        if let control = controls[Int(slot)] {
            controls[Int(slot)] = nil
            returnSlot(control)
        }
        memory.clear(at: Int(slot) * Self.slotSize, count: Self.slotSize)
        free.append(slot)
    }

    /// Where a slot is for a tracee.
    func address(of slot: UInt16, mappedAt place: UInt32) -> UInt64 {
        UInt64(place) + UInt64(Int(slot) * Self.slotSize)
    }

    /// Writes bytes to the start of a slot.
    func write(_ bytes: [UInt8], to slot: UInt16) {
        memory.write(bytes, at: Int(slot) * Self.slotSize)
    }

    /// Writes a call's arguments to a slot.
    ///
    /// - Parameters:
    ///   - arguments: What was judged.
    ///   - slot: The slot.
    ///   - place: Where the memory is mapped in the caller's address space.
    ///   - layouts: The caller's ABI.
    /// - Returns: What the argument registers must hold.
    func write(
        _ arguments: SealedArguments, to slot: UInt16, mappedAt place: UInt32,
        _ layouts: MemoryLayouts
    ) -> SealedRegisters {
        let start = Int(slot) * Self.slotSize
        let base = address(of: slot, mappedAt: place)
        if let address = arguments.address {
            memory.write(address, at: start + Offset.address)
        }
        if var header = arguments.header {
            if let address = arguments.address {
                header.name = base + UInt64(Offset.address)
                header.nameLength = Int32(address.count)
            }
            if let control = arguments.control {
                write(control, of: &header, beside: slot, mappedAt: place)
            }
            memory.write(header, width: layouts.word, at: start + Offset.header)
        }
        let inner = base + UInt64(arguments.header == nil ? Offset.address : Offset.header)
        guard var words = arguments.words else {
            return SealedRegisters(
                pointer: arguments.pointer.map { ($0, inner) },
                length: arguments.length.map { ($0.argument, UInt64($0.value)) })
        }
        if let pointer = arguments.pointer, pointer < words.count { words[pointer] = inner }
        if let length = arguments.length, length.argument < words.count {
            words[length.argument] = UInt64(length.value)
        }
        memory.write(words.flatMap { littleEndian($0, layouts.word) }, at: start + Offset.words)
        return SealedRegisters(pointer: (1, base + UInt64(Offset.words)), length: nil)
    }

    /// Writes a message's control data to a slot of their own, which is given back with the other.
    private func write(
        _ control: [UInt8], of header: inout MessageHeader, beside slot: UInt16,
        mappedAt place: UInt32
    ) {
        guard control.count <= Self.slotSize, let other = controls[Int(slot)] ?? takeSlot() else {
            // More than any message has: ENOBUFS, before the kernel looks at them.
            header.controlLength = .max
            return
        }
        controls[Int(slot)] = other
        write(control, to: other)
        header.control = address(of: other, mappedAt: place)
        header.controlLength = UInt64(control.count)
    }
}

/// What the argument registers of a sealed call hold, by the arguments' numbers.
struct SealedRegisters {
    var pointer: (argument: Int, value: UInt64)?
    var length: (argument: Int, value: UInt64)?
}

/// The bytes of a number, the least first.
func littleEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
