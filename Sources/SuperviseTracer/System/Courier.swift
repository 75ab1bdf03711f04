import CSupervise

/// A socket of a process that hides its memory, over which it sends what its tracer must look at.
///
/// `pidfd_getfd(2)` and `/proc/PID/mem` are closed to the tracer then. The socket was taken before,
/// and only the tracer has it; the process's calls, which the tracer has it make, send to its name.
/// A child has the courier of the process that it is a copy of. Closed when nobody has it any more.
final class Courier {
    /// The most bytes that are sent at once, behind the token.
    static let capacity = 16 << 10

    /// The socket's abstract name, as calls take it.
    let name: AddressBytes
    private let socket: Descriptor
    /// What came for those that are to send something, by their tokens.
    ///
    /// The second message of a token makes both useless. Nothing else is kept, so that nobody can
    /// have one message dropped for another.
    private var expected: [UInt64: [Message]] = [:]

    /// What was sent.
    struct Message {
        let bytes: [UInt8]
        /// A copy of the descriptor that came along.
        let descriptor: Descriptor?
    }

    /// Makes a courier of a tracee's socket, which it owns from then on.
    ///
    /// nil where it is no such socket, or not of the tracer's network namespace.
    init?(_ socket: Descriptor) {
        // A structure of numbers and bytes, which the function fills.
        var found = csupervise_courier_name()
        guard unsafe csupervise_courier_open(socket.rawValue, &found) == 0 else {
            socket.close()
            return nil
        }
        let length = Int(found.length)
        name = unsafe withUnsafeBytes(of: found.bytes) { unsafe AddressBytes($0.prefix(length)) }
        self.socket = socket
    }

    deinit {
        socket.close()
        for token in expected.keys { forget(token) }
    }

    /// Awaits a message with this token; what came with it before does not count.
    func expect(_ token: UInt64) {
        receive()
        forget(token)
        expected[token] = []
    }

    /// Awaits no message with this token any more.
    func forget(_ token: UInt64) {
        for message in expected.removeValue(forKey: token) ?? [] { message.descriptor?.close() }
    }

    /// The message with this token, nil where there is none, or more than one: only one can be
    /// what the tracer had the thread send.
    func take(_ token: UInt64) -> Message? {
        receive()
        guard let found = expected[token], found.count == 1 else {
            forget(token)
            return nil
        }
        expected[token] = nil
        return found.first
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 8 + Self.capacity)
        while true {
            var length = 0
            var descriptor: Int32 = -1
            let size = buffer.count
            let result = unsafe buffer.withUnsafeMutableBytes {
                unsafe csupervise_courier_receive(
                    socket.rawValue, $0.baseAddress, size, &length, &descriptor)
            }
            guard result == 0 else { return }
            let copy = descriptor >= 0 ? Descriptor(rawValue: descriptor) : nil
            let token = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(buffer[$1]) }
            guard length >= 8, let known = expected[token], known.count < 2 else {
                copy?.close()
                continue
            }
            expected[token] =
                known + [Message(bytes: Array(buffer[8..<length]), descriptor: copy)]
        }
    }
}

/// Whether this process may look into tracees that are not dumpable: CAP_SYS_PTRACE.
var mayTraceAll: Bool { csupervise_may_trace_all() != 0 }
