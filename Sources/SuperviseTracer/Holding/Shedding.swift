import CSupervise
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

/// A socket among a thread's descriptors.
struct HeldSocket: Equatable {
    let number: Int32
    let inode: UInt64
}

/// The sockets among a thread's descriptors; nil where the kernel does not tell.
func heldSockets(of thread: ThreadID) -> [HeldSocket]? {
    var room = 64
    while room <= 1 << 22 {
        var found = [csupervise_held_socket](repeating: csupervise_held_socket(), count: room)
        var count = 0
        // The function fills no more than it is told there is.
        switch unsafe csupervise_list_sockets(thread.rawValue, &found, room, &count) {
        case 0: break
        // ENOENT, ESRCH: it is gone.
        case 2, 3: return []
        default: return nil
        }
        if count <= room {
            return found.prefix(count).map { HeldSocket(number: $0.number, inode: $0.inode) }
        }
        room = count * 2
    }
    return nil
}

/// Whether a thread has the socket of that inode, or the kernel does not tell.
func mayHold(_ inode: UInt64, _ thread: ThreadID) -> Bool {
    csupervise_holds_socket(thread.rawValue, inode) != 0
}

/// Whether two threads are known to share their descriptors.
func sharesDescriptors(_ one: ThreadID, _ other: ThreadID) -> Bool {
    csupervise_shares_descriptors(one.rawValue, other.rawValue) != 0
}

extension Descriptor {
    /// What kind of socket it is, and whether it listens; nil where the kernel does not tell.
    func kind() -> (SocketKind, isListening: Bool)? {
        guard let socket = try? inspectSocket() else { return nil }
        let kind = SocketKind(
            family: AddressFamily(rawValue: UInt16(truncatingIfNeeded: socket.domain)),
            type: SocketType(rawValue: socket.type), protocolNumber: socket.protocol)
        return (kind, socket.listening != 0)
    }

    /// Whether a connection has been begun that is not there yet.
    var isConnecting: Bool { csupervise_is_connecting(rawValue) != 0 }
}
