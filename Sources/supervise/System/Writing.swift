import CSupervise
import Glibc
import SystemPackage

/// Writes bytes as far as that is possible; tells how many were, and what stopped it.
func write(_ bytes: [UInt8], to file: FileDescriptor) -> (count: Int, error: Errno?) {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(
                file.rawValue, UnsafeRawBufferPointer(rebasing: buffer[written...]).baseAddress,
                bytes.count - written)
        }
        if count == -1, errno == EINTR { continue }
        guard count >= 0 else { return (written, Errno(rawValue: errno)) }
        written += count
    }
    return (written, nil)
}

extension StandardStream {
    /// Whether a line can be written now or so much later without waiting.
    func takesLine(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 1
    }

    /// Writes a text, and waits so many milliseconds for its reader; then a thread goes on with it.
    func tell(_ text: String, patience: Int32) {
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBytes {
            unsafe csupervise_tell(descriptor, $0.baseAddress, $0.count, patience)
        }
    }

    /// Waits until what was to be told is written, or cannot be.
    static func awaitTold() { csupervise_await_told(-1) }
}
