import CUnwind
import Glibc

/// The process that takes stacks, as its tracer sees it.
struct Helper {
    private let pidfd: Int32
    private let channel: Int32

    /// Starts the process, in which `work` is called with its end of the channel and then ends it.
    ///
    /// nil where no process can be started.
    init?(work: (HelperChannel) -> Void) {
        var pidfd: Int32 = -1
        var channel: Int32 = -1
        guard unsafe cunwind_start_helper(&pidfd, &channel) == 0 else { return nil }
        if pidfd == -1 {
            // Not confined it must not look at anything that a tracee has made.
            if cunwind_confine() == 0 { work(HelperChannel(descriptor: channel)) }
            _exit(0)
        }
        self.pidfd = pidfd
        self.channel = channel
    }

    /// Sends a request with the descriptors that it is about; false where nobody takes it.
    func send(_ bytes: [UInt8], memory: Int32, maps: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes {
            unsafe cunwind_send(channel, $0.baseAddress, $0.count, memory, maps) == 0
        }
    }

    /// The answer, nil where none comes in time.
    func receive(into buffer: inout [UInt8], milliseconds: Int32) -> Int? {
        var count = 0
        let error = unsafe buffer.withUnsafeMutableBytes {
            unsafe cunwind_receive(channel, $0.baseAddress, $0.count, milliseconds, &count)
        }
        return error == 0 ? count : nil
    }

    /// Ends the process at once.
    func end() {
        cunwind_end_helper(pidfd, channel)
    }
}

/// The helper's own end of the channel.
struct HelperChannel {
    fileprivate let descriptor: Int32

    /// A request and its descriptors, -1 where it has none; nil when the tracer is gone.
    func accept(into buffer: inout [UInt8]) -> (count: Int, memory: Int32, maps: Int32)? {
        var count = 0
        var memory: Int32 = -1
        var maps: Int32 = -1
        let error = unsafe buffer.withUnsafeMutableBytes {
            unsafe cunwind_accept(
                descriptor, $0.baseAddress, $0.count, &count, &memory, &maps)
        }
        return error == 0 ? (count, memory, maps) : nil
    }

    /// Sends an answer; false where that failed.
    func answer(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes {
            unsafe cunwind_answer(descriptor, $0.baseAddress, $0.count) == 0
        }
    }
}

/// Closes a descriptor that came with a request.
func closeDescriptor(_ descriptor: Int32) {
    if descriptor >= 0 { close(descriptor) }
}
