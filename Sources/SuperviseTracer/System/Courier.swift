import CSupervise

/// The socket to which processes that hide their memory send what their tracer must look at.
///
/// `pidfd_getfd(2)` and `/proc/PID/mem` are closed to the tracer then. Nobody else has the courier, nor ever
/// had: it is made before the command is there. So what a thread is made to send to its name arrives in its
/// queue and stays there; and as anybody can send to it, too, a message counts only where no second one has
/// its token. Then it is the one that the thread sent, in a call whose result is known.
///
/// It is made by the process that becomes the command, in the Landlock domain of the tree, which may forbid to
/// send to abstract names of sockets made outside.
final class Courier {
    /// The most messages that are taken at once: whoever sends more does not hold the tracer up.
    private static let mostMessages = 256
    /// The most bytes that are sent at once, behind the token.
    static let capacity = 16 << 10

    /// The socket's abstract name in the tracer's network namespace, as calls take it.
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

    /// Has one made: sends it over a channel to the tracer, which can do without.
    static func send(over channel: Descriptor) {
        _ = csupervise_courier_send(channel.rawValue)
    }

    /// Takes it from the channel; nil where it was not sent.
    init?(over channel: Descriptor) {
        // A structure of numbers and bytes, which the function fills.
        var found = csupervise_courier_name()
        var descriptor: Int32 = -1
        guard unsafe csupervise_courier_take(channel.rawValue, &descriptor, &found) == 0 else {
            return nil
        }
        let length = Int(found.length)
        name = unsafe withUnsafeBytes(of: found.bytes) { unsafe AddressBytes($0.prefix(length)) }
        socket = Descriptor(rawValue: descriptor)
    }

    deinit {
        socket.close()
        for token in expected.keys { forget(token) }
    }

    /// Awaits a message with this token; what came with it before does not count.
    func expect(_ token: UInt64) {
        _ = receive()
        forget(token)
        expected[token] = []
    }

    /// Awaits no message with this token any more.
    func forget(_ token: UInt64) {
        for message in expected.removeValue(forKey: token) ?? [] {
            message.descriptor?.closeCopy()
        }
    }

    /// The message with this token, nil where there is none, or more than one: only one can be
    /// what the tracer had the thread send.
    func take(_ token: UInt64) -> Message? {
        guard receive(), let found = expected[token], found.count == 1 else {
            forget(token)
            return nil
        }
        expected[token] = nil
        return found.first
    }

    /// Takes what has come; false where that may not be all.
    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8 + Self.capacity)
        for _ in 0..<Self.mostMessages {
            var length = 0
            var descriptor: Int32 = -1
            let size = buffer.count
            let result = unsafe buffer.withUnsafeMutableBytes {
                unsafe csupervise_courier_receive(
                    socket.rawValue, $0.baseAddress, size, &length, &descriptor)
            }
            guard result == 0 else { return true }
            let copy = descriptor >= 0 ? Descriptor(rawValue: descriptor) : nil
            let token = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(buffer[$1]) }
            guard length >= 8, let known = expected[token], known.count < 2 else {
                copy?.closeCopy()
                continue
            }
            expected[token] =
                known + [Message(bytes: Array(buffer[8..<length]), descriptor: copy)]
        }
        return false
    }
}

/// Whether this process may look into tracees that are not dumpable: CAP_SYS_PTRACE.
var mayTraceAll: Bool { csupervise_may_trace_all() != 0 }
