import CSupervise
import SystemPackage

/// The tracer's side of the sealed page: `csupervise_sealed_memory`.
@safe
final class SealedMemory {
    private var memory = unsafe csupervise_sealed_memory()

    init(size: Int) throws(Errno) {
        try check(unsafe csupervise_sealed_memory_create(size, &memory))
    }

    /// The read-only descriptor that tracees get, for a moment.
    var descriptor: Int32 { unsafe memory.descriptor }

    /// The device of the kernel's shared memory, which this is of.
    var device: UInt64 { unsafe memory.device }

    /// Overwrites a part with zeros.
    func clear(at offset: Int, count: Int) {
        guard let part = unsafe part(offset, count) else { return }
        for index in 0..<count { unsafe part[index] = 0 }
    }

    /// Writes bytes.
    func write(_ bytes: [UInt8], at offset: Int) {
        guard let part = unsafe part(offset, bytes.count) else { return }
        for index in 0..<bytes.count { unsafe part[index] = bytes[index] }
    }

    /// Writes a message header, in words of so many bytes, the least first.
    func write(_ header: MessageHeader, width: Int, at offset: Int) {
        let words = header.words
        guard let part = unsafe part(offset, words.count * width) else { return }
        for index in words.indices {
            for byte in 0..<width {
                unsafe part[index * width + byte] = UInt8(
                    truncatingIfNeeded: words[index] >> UInt64(8 * byte))
            }
        }
    }

    /// Writes an address.
    func write(_ address: AddressBytes, at offset: Int) {
        guard let part = unsafe part(offset, address.count) else { return }
        for index in 0..<address.count { unsafe part[index] = address.storage[index] }
    }

    /// Whether a tracee's mapping at that address is this memory, whole, shared and read-only.
    func isMapped(at address: UInt64, in maps: Descriptor) -> Bool {
        unsafe csupervise_is_sealed_mapping(maps.rawValue, address, &memory) != 0
    }

    /// A part of the mapping, nil where it is none.
    private func part(_ offset: Int, _ count: Int) -> UnsafeMutablePointer<UInt8>? {
        let size = unsafe memory.size
        guard offset >= 0, count >= 0, offset <= size - count else { return nil }
        return unsafe memory.writable.map {
            unsafe ($0 + offset).bindMemory(to: UInt8.self, capacity: count)
        }
    }

    /// Puts the descriptor into the receive queue of a tracee's socket.
    func queue(on socket: Descriptor) -> Bool {
        unsafe csupervise_queue_descriptor(socket.rawValue, memory.descriptor) == 0
    }

    /// Whether the kernel can seal mappings, `mseal(2)`.
    static let canSealMappings = csupervise_has_mseal() != 0
}
