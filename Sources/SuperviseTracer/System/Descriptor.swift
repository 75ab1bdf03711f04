import CSupervise
import Glibc
import SupervisePolicy
import SystemPackage

/// A file descriptor that its owner closes.
///
/// Not reference-counted: the process tree that holds it says when it ends.
struct Descriptor: Equatable {
    let rawValue: Int32

    func close() {
        _ = Glibc.close(rawValue)
    }

    /// Closes a copy of a tracee's descriptor, which can be of anything: without waiting.
    func closeCopy() {
        csupervise_close_copy(rawValue)
    }

    /// A copy, which its owner closes too; nil where the tracer has none left.
    func duplicate() -> Descriptor? {
        let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 3)
        return copy == -1 ? nil : Descriptor(rawValue: copy)
    }

    /// Opens by a function that gives a descriptor and returns an errno value.
    static func open(
        _ function: (inout Int32) -> Int32
    ) throws(Errno) -> Descriptor {
        var descriptor: Int32 = -1
        try check(function(&descriptor))
        return Descriptor(rawValue: descriptor)
    }

    /// A descriptor of /proc.
    static func openProc() throws(Errno) -> Descriptor {
        try open { unsafe csupervise_proc_open(&$0) }
    }

    /// Whether a file has something to read at its start.
    var hasText: Bool {
        var byte: UInt8 = 0
        // One byte is what there is room for.
        return unsafe pread(rawValue, &byte, 1, 0) == 1
    }

    /// The own address of a socket of that kind.
    ///
    /// An IP socket that has neither an address nor a port is unbound.
    func localName() -> LocalName {
        var bytes = [UInt8](repeating: 0, count: AddressBytes.capacity)
        var length = 0
        // The array is as long as the function asks for.
        guard unsafe csupervise_socket_name(rawValue, &bytes, &length) == 0 else {
            return .unknown
        }
        let address = SocketAddressDecoder.decode(AddressBytes(bytes.prefix(length)))
        switch address {
        case .unix(.unnamed): return .unbound
        case .ipv4(let ip, port: 0) where ip.bits == 0: return .unbound
        case .ipv6(let ip, port: 0, _) where ip.high == 0 && ip.low == 0: return .unbound
        default: return .bound(address)
        }
    }

    /// The address that a socket is connected to; nil where it is to none.
    func peerName() -> SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: AddressBytes.capacity)
        var length = 0
        // The array is as long as the function asks for.
        guard unsafe csupervise_peer_name(rawValue, &bytes, &length) == 0 else { return nil }
        return SocketAddressDecoder.decode(AddressBytes(bytes.prefix(length)))
    }

    /// The number that tells a socket from all others that there are.
    func inode() -> UInt64? {
        var inode: UInt64 = 0
        return unsafe csupervise_inode(rawValue, &inode) == 0 ? inode : nil
    }

    /// What kind of socket it is.
    ///
    /// ENOTSOCK: none. EBADF: it only names a path (O_PATH), which no socket call takes.
    func inspectSocket() throws(Errno) -> csupervise_socket {
        var socket = csupervise_socket()
        try check(unsafe csupervise_socket_inspect(rawValue, &socket))
        return socket
    }
}
