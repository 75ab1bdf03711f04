import CSupervise
import Glibc
import SupervisePolicy
import SystemPackage

/// What a descriptor number of a tracee stands for.
enum SocketLookup: Equatable {
    /// A socket.
    case socket(SocketState)
    /// The kernel's error for a call on it: EBADF or ENOTSOCK.
    case error(ErrorNumber)
}

/// Looks at the sockets of tracees, through copies of their descriptors.
struct TraceeSockets {
    let tree: ProcessTree

    /// What descriptor `number` of a thread is, and, where that is wanted, the socket's own address.
    func look(at number: Int32, of slot: Int, withName: Bool = false) -> SocketLookup {
        let copy: Descriptor
        do throws(Errno) {
            copy = try take(number, of: slot)
        } catch .badFileDescriptor {
            return .error(.badFileDescriptor)
        } catch .notPermitted {
            // The tracee hides from its tracer.
            switch tree.tracees[slot]?.shown?.socket(number) {
            case .success(let shown)?: return inspect(shown, withName: withName)
            case .failure(let error)?: return .error(error.number)
            case nil: break
            }
            if tree.wanted == nil { tree.wanted = .socket(number) }
            return .socket(.unknown)
        } catch {
            // The tracer has no descriptor left.
            return .socket(.unknown)
        }
        defer { copy.closeCopy() }
        return inspect(copy, withName: withName)
    }

    private func inspect(_ copy: Descriptor, withName: Bool) -> SocketLookup {
        do throws(Errno) {
            let socket = try copy.inspectSocket()
            let kind = SocketKind(
                family: AddressFamily(rawValue: UInt16(truncatingIfNeeded: socket.domain)),
                type: SocketType(rawValue: socket.type),
                protocolNumber: socket.protocol)
            let local = withName ? copy.localName() : .unknown
            return .socket(.known(kind, isListening: socket.listening != 0, local: local))
        } catch .notSocket {
            return .error(.notSocket)
        } catch .badFileDescriptor {
            return .error(.badFileDescriptor)
        } catch {
            return .socket(.unknown)
        }
    }

    /// The time limit of a socket in milliseconds, nil where it has none: SO_SNDTIMEO, or
    /// SO_RCVTIMEO.
    func timeout(of number: Int32, ofSending: Bool, _ slot: Int) -> Int32? {
        guard let copy = copyOrShown(of: number, slot: slot) else { return nil }
        defer { copy.closeCopy() }
        let milliseconds = csupervise_timeout(copy.rawValue, ofSending ? 1 : 0)
        return milliseconds > 0 ? milliseconds : nil
    }

    /// Whether a connection has been begun on a socket and is not there yet.
    func isConnecting(_ number: Int32, of slot: Int) -> Bool {
        guard let copy = copyOrShown(of: number, slot: slot) else { return false }
        defer { copy.closeCopy() }
        return csupervise_is_connecting(copy.rawValue) != 0
    }

    /// Whether the kernel gives copies of descriptors that one thread alone has (Linux 6.9).
    static func copiesFromThreads() -> Bool {
        var pidfd: Int32 = -1
        let isOpen = unsafe csupervise_pidfd_open_thread(getpid(), &pidfd) == 0
        if isOpen { Descriptor(rawValue: pidfd).close() }
        return isOpen
    }

    /// A copy of a thread's descriptor, which the caller closes; nil where there is none to have.
    func copy(of number: Int32, slot: Int) -> Descriptor? {
        try? take(number, of: slot)
    }

    /// As `copy`, also of what a thread that hides has shown for the call that it makes.
    func copyOrShown(of number: Int32, slot: Int) -> Descriptor? {
        if let copy = copy(of: number, slot: slot) { return copy }
        guard case .success(let shown)? = tree.tracees[slot]?.shown?.socket(number) else {
            return nil
        }
        return shown.duplicate()
    }

    /// A copy of a thread's descriptor, which the caller closes.
    private func take(_ number: Int32, of slot: Int) throws(Errno) -> Descriptor {
        // The kernel takes descriptors for unsigned numbers; the system call for a copy does not.
        guard number >= 0 else { throw .badFileDescriptor }
        guard let tracee = tree.tracees[slot], let process = tree.processes[tracee.process] else {
            throw .noSuchProcess
        }
        let thread = tracee.thread
        let pidfd = try pidfd(of: slot, tracee, leader: process.leader)
        let isForeign = pidfd.isOfLeader && thread != process.leader
        let copy: Descriptor
        do throws(Errno) {
            copy = try tree.openOrThrow(for: thread) {
                unsafe csupervise_pidfd_getfd(pidfd.descriptor.rawValue, number, &$0)
            }
        } catch .badFileDescriptor where isForeign {
            throw .permissionDenied
        } catch {
            throw error
        }
        // A thread can have a descriptor table of its own (CLONE_FILES undone by unshare), and
        // before Linux 6.9 a pidfd gives that of the first thread only.
        if isForeign,
            csupervise_is_same_file(thread.rawValue, number, copy.rawValue) == 0
        {
            copy.closeCopy()
            throw .permissionDenied
        }
        return copy
    }

    private func pidfd(
        of slot: Int, _ tracee: Tracee, leader: ThreadID
    ) throws(Errno) -> (descriptor: Descriptor, isOfLeader: Bool) {
        if let pidfd = tracee.pidfd { return (pidfd, tracee.pidfdIsOfLeader) }
        let thread = tracee.thread
        let own = thread == leader ? nil : try pidfdOfThread(thread)
        let opened =
            if let own {
                own
            } else {
                try tree.openOrThrow(for: thread) {
                    unsafe csupervise_pidfd_open(leader.rawValue, &$0)
                }
            }
        let isOfLeader = thread != leader && own == nil
        tree.update(slot) {
            $0.pidfd = opened
            $0.pidfdIsOfLeader = isOfLeader
        }
        return (opened, isOfLeader)
    }

    /// A pidfd of a thread that is not the first; nil where there are none of such.
    private func pidfdOfThread(_ thread: ThreadID) throws(Errno) -> Descriptor? {
        guard tree.usesThreadPidfds else { return nil }
        do throws(Errno) {
            return try tree.openOrThrow(for: thread) {
                unsafe csupervise_pidfd_open_thread(thread.rawValue, &$0)
            }
        } catch .invalidArgument {
            return nil
        } catch {
            throw error
        }
    }
}
