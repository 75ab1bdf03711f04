import SuperviseFilter
import SupervisePolicy

/// The descriptors that a program has to do without.
enum Shedding: Equatable {
    /// These.
    case descriptors([Int32])
    /// All but the standard ones: the kernel does not tell which of them are sockets.
    case all

    /// The calls that close them.
    func calls(_ layouts: MemoryLayouts) -> [RawCall] {
        let calls = InjectedCalls(layouts: layouts)
        return switch self {
        case .descriptors(let numbers): numbers.map { calls.close(Int64($0)) }
        case .all: [calls.close(from: 3, through: Int64(UInt32.max))]
        }
    }
}

/// Closes descriptors in place of the first call of a program, then lets it make that call.
///
/// Without a call a program can do nothing with a descriptor, and by its exec nobody else shares
/// its descriptors.
final class SheddingErrand: Errand {
    private var calls: [RawCall]

    init(_ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, _ shedding: Shedding) {
        calls = shedding.calls(layouts).reversed()
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        calls.popLast().map { .call($0) } ?? .restart
    }
}

extension Sealing {
    /// Begins it, at the entry of the program's first call; the exit of its `execve(2)` is before.
    func shed(_ shedding: Shedding, _ stopped: consuming StoppedThread, _ slot: Int) {
        guard let entry = stopped.entryStop() else { return stopped.resumeToSyscallExit() }
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        let isWide = entry.architecture == Architecture.x86_64.auditValue
        begin(
            SheddingErrand(registers, mask: mask, isWide ? .x86_64 : .i386, shedding), stopped,
            slot)
    }
}
