import Glibc

/// From thread numbers to slots, in one load: an array over every number there can be.
///
/// The pages of the array are the kernel's zero page until a number in them is used, so what it
/// costs is a page for each thousand numbers in use.
@safe
final class ThreadIndex {
    /// PID_MAX_LIMIT, the kernel's upper bound of `/proc/sys/kernel/pid_max` on 64-bit machines.
    private static let limit = 4 << 20

    /// A slot's number plus one, 0 for none, in so many bits; above, how many events are owed.
    private static let slotBits: UInt32 = 24
    private static let slotMask: UInt32 = 1 << slotBits - 1

    private static let mostOwed: UInt32 = UInt32.max >> slotBits

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
            let slot = unsafe slots[number] & Self.slotMask
            return slot == 0 ? nil : Int(slot) - 1
        }
        set {
            let number = Int(thread.rawValue)
            guard number > 0, number < Self.limit else { return }
            let count = unsafe slots[number] & ~Self.slotMask
            unsafe slots[number] =
                count | (newValue.map { UInt32(truncatingIfNeeded: $0 + 1) } ?? 0)
        }
    }

    /// Notes that who had a number is gone, and that its maker's event is still to come, or lost.
    func owe(_ thread: ThreadID) {
        let number = Int(thread.rawValue)
        guard number > 0, number < Self.limit else { return }
        let (sum, overflow) = unsafe slots[number].addingReportingOverflow(1 << Self.slotBits)
        if !overflow { unsafe slots[number] = sum }
    }

    /// Whether an event about a number may be about one that is gone; each such counts once.
    ///
    /// Where more were owed than could be counted, every event is in doubt from then on.
    func settle(_ thread: ThreadID) -> Bool {
        let number = Int(thread.rawValue)
        guard number > 0, number < Self.limit else { return false }
        let count = unsafe slots[number] >> Self.slotBits
        if count > 0, count < Self.mostOwed { unsafe slots[number] -= 1 << Self.slotBits }
        return count > 0
    }
}
