import Glibc

/// From thread numbers to slots, in one load: an array over every number there can be.
///
/// The pages of the array are the kernel's zero page until a number in them is used, so what it
/// costs is a page for each thousand numbers in use.
@safe
final class ThreadIndex {
    /// PID_MAX_LIMIT, the kernel's upper bound of `/proc/sys/kernel/pid_max` on 64-bit machines.
    private static let limit = 4 << 20

    /// A slot's number plus one; 0 is none.
    private let slots: UnsafeMutableBufferPointer<UInt32>

    /// nil: no memory.
    init?() {
        let size = Self.limit * MemoryLayout<UInt32>.stride
        guard
            let base = unsafe mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0),
            unsafe base != MAP_FAILED
        else { return nil }
        unsafe slots = UnsafeMutableBufferPointer(
            start: base.bindMemory(to: UInt32.self, capacity: Self.limit), count: Self.limit)
    }

    deinit {
        unsafe _ = munmap(slots.baseAddress, Self.limit * MemoryLayout<UInt32>.stride)
    }

    /// The slot of a thread; nil where it has none, and for what is no thread number.
    subscript(thread: ThreadID) -> Int? {
        get {
            let number = Int(thread.rawValue)
            guard number > 0, number < Self.limit else { return nil }
            // In range of the mapping, as just checked.
            let slot = unsafe slots[number]
            return slot == 0 ? nil : Int(slot) - 1
        }
        set {
            let number = Int(thread.rawValue)
            guard number > 0, number < Self.limit else { return }
            unsafe slots[number] = newValue.map { UInt32(truncatingIfNeeded: $0 + 1) } ?? 0
        }
    }
}
