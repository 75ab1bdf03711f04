import CSupervise
import SupervisePolicy
import SystemPackage

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

/// Whether a thread has an io_uring among its descriptors; nil where the kernel does not tell.
func holdsRing(_ thread: ThreadID) -> Bool? {
    let found = csupervise_holds_ring(thread.rawValue)
    return found < 0 ? nil : found != 0
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

    /// Resets the connection, whoever has the socket.
    func reset() { csupervise_reset(rawValue) }

    /// Puts a copy of this descriptor into the receive queue of a tracee's new socket.
    func queue(on socket: Descriptor) -> Bool {
        csupervise_queue_descriptor(socket.rawValue, rawValue) == 0
    }

    /// Whether a connection has been begun that is not there yet.
    var isConnecting: Bool { csupervise_is_connecting(rawValue) != 0 }
}
