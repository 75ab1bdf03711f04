import CSupervise
import Glibc
import SystemPackage

/// A file descriptor that its owner closes.
///
/// Not reference-counted: the process tree that holds it says when it ends.
struct Descriptor: Equatable {
    let rawValue: Int32

    func close() {
        _ = Glibc.close(rawValue)
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

    /// What kind of socket it is.
    ///
    /// ENOTSOCK: none. EBADF: it only names a path (O_PATH), which no socket call takes.
    func inspectSocket() throws(Errno) -> csupervise_socket {
        var socket = csupervise_socket()
        try check(unsafe csupervise_socket_inspect(rawValue, &socket))
        return socket
    }
}
