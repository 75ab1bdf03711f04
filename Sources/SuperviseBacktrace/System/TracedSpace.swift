import CUnwind

/// An address space that stacks are taken in.
@safe final class TracedSpace {
    // The C side owns what it points to until cunwind_close, which deinit alone calls.
    private let space: OpaquePointer

    /// Takes over both descriptors.
    init?(memory: Int32, maps: Int32) {
        guard let space = unsafe cunwind_open(memory, maps) else {
            closeDescriptor(memory)
            closeDescriptor(maps)
            return nil
        }
        unsafe self.space = space
    }

    deinit { unsafe cunwind_close(space) }

    /// A place in a program.
    struct Place: Equatable {
        var pc: UInt64
        /// Whether the thread stands there; else it will return there.
        var isExact: Bool
    }

    /// The places on a thread's stack, innermost first; begins a new stop.
    func take(_ registers: [UInt64]) -> [Place] {
        guard registers.count == Int(CUNWIND_REGISTERS) else { return [] }
        var frames = [cunwind_frame](repeating: cunwind_frame(), count: Int(CUNWIND_FRAMES))
        let count = unsafe cunwind_take(space, registers, &frames)
        return frames.prefix(count).map { Place(pc: $0.pc, isExact: $0.is_exact != 0) }
    }

    /// A mapping that holds code.
    struct Mapping {
        var start: UInt64
        var end: UInt64
        var inode: UInt64
        var major: UInt32
        var minor: UInt32
        /// What an address in memory is more than the file's own.
        var bias: UInt64
        var dynamic: UInt64
        var isELF: Bool
        /// Another one where something else is mapped.
        var number: UInt64
    }

    /// The mapping that holds an address at the current stop.
    func mapping(at address: UInt64) -> Mapping? {
        guard let found = unsafe look(address) else { return nil }
        return unsafe Mapping(
            start: found.start, end: found.end, inode: found.inode, major: found.major,
            minor: found.minor, bias: found.bias, dynamic: found.dynamic,
            isELF: found.is_elf != 0, number: found.number)
    }

    /// The path of the mapping that holds an address, as the kernel writes it.
    func path(at address: UInt64) -> [UInt8] {
        guard let found = unsafe look(address) else { return [] }
        // Valid until the next stop, copied at once.
        return unsafe Array(
            UnsafeRawBufferPointer(start: found.path, count: found.path_length))
    }

    private func look(_ address: UInt64) -> cunwind_mapping? {
        var found = unsafe cunwind_mapping()
        return unsafe cunwind_mapping_at(space, address, &found) == 0 ? found : nil
    }

    /// Memory of the current stop, up to the first byte that cannot be read.
    func read(_ address: UInt64, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe bytes.withUnsafeMutableBytes {
            unsafe cunwind_read(space, address, $0.baseAddress, $0.count)
        }
        bytes.removeLast(count - min(got, count))
        return bytes
    }
}
