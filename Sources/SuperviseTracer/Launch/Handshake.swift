import CSupervise
import Glibc
import SystemPackage

/// The few words that launcher and tracer say to each other before the command is executed.
///
/// A socket pair that keeps messages apart; the end of either process is an end of file.
struct Handshake {
    let launcher: Descriptor
    let tracer: Descriptor

    init() throws(Errno) {
        var descriptors: (Int32, Int32) = (-1, -1)
        try check(
            unsafe withUnsafeMutablePointer(to: &descriptors) {
                unsafe $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                    unsafe csupervise_channel($0)
                }
            })
        launcher = Descriptor(rawValue: descriptors.0)
        tracer = Descriptor(rawValue: descriptors.1)
    }

    /// Sends a number; what has become of the other side, `receive` tells.
    static func send(_ value: Int32, over descriptor: Descriptor) {
        var value = value
        // The other side may be dead, which is no reason to die of SIGPIPE.
        _ = unsafe Glibc.send(
            descriptor.rawValue, &value, MemoryLayout<Int32>.size, Int32(MSG_NOSIGNAL))
    }

    /// Waits for a number; nil where the other side has ended instead.
    static func receive(over descriptor: Descriptor) -> Int32? {
        var value: Int32 = 0
        while true {
            let count = unsafe read(descriptor.rawValue, &value, MemoryLayout<Int32>.size)
            if count == MemoryLayout<Int32>.size { return value }
            guard count == -1, errno == EINTR else { return nil }
        }
    }
}
