import SuperviseFilter
import SupervisePolicy

/// Answers the calls that could touch the sealed page's window, on kernels that cannot seal it.
///
/// The filter stops a call whose registers reach into the window. All are refused, as those on a
/// sealed mapping are: also before the page is mapped, since another thread or a process that
/// shares the memory may be mapping it by the time the call is made. The calls that map the page
/// itself do not come here: a thread on an `Errand` passes its stops.
enum PageGuard {
    /// Carries out what becomes of a call at its seccomp stop.
    static func carryOut(
        _ call: JudgedCall, _ arguments: Arguments, _ stopped: consuming StoppedThread,
        _ caller: Caller, _ sealing: Sealing?
    ) {
        guard call == .oldMmap, let sealing else { return Release.fail(stopped, .notPermitted) }
        sealing.beginOldMapping(arguments.narrowed.wide(0), stopped, caller)
    }
}

/// The i386 call 90, `mmap` with its arguments in memory, made as `mmap2`, which has them in
/// registers: there no thread can change them any more.
final class OldMapping: Errand {
    /// `PAGE_SIZE - 1`.
    private static let offsetMask: UInt64 = 0xfff
    private static let mapFixed: UInt64 = 0x10
    private let words: [UInt64]

    /// An errand that makes the call with these six arguments, as judged by `refusal`.
    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, words: [UInt64]
    ) {
        self.words = words
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        if let result { return .finish(result) }
        return .call(
            RawCall(192, words[0], words[1], words[2], words[3], words[4], words[5] >> 12))
    }

    /// The error of such a call that is not made: one the kernel finds first, or the guard's.
    static func refusal(of words: [UInt64]) -> ErrorNumber? {
        if words[5] & offsetMask != 0 { return .invalidArgument }
        guard words[3] & mapFixed != 0 else { return nil }
        let window = SealedPageWindow.window
        let (start, length) = (words[0], words[1])
        // A file of huge pages rounds the length up to 2 MiB or 1 GiB, and allows only a start
        // that is a multiple of that.
        let unit: UInt64 =
            start & 0x3fff_ffff == 0 ? 1 << 30 : start & 0x1f_ffff == 0 ? 1 << 21 : 1 << 12
        let end = (start + length + unit - 1) & ~(unit - 1)
        return start <= UInt64(window.last) && end > UInt64(window.begin) ? .notPermitted : nil
    }
}

extension Sealing {
    /// Makes an old `mmap` with the arguments that were judged.
    func beginOldMapping(
        _ pointer: UInt64, _ stopped: consuming StoppedThread, _ caller: Caller
    ) {
        var bytes: [UInt8] = []
        let read = judge.memory.readBytes(pointer, count: 24, of: caller.slot, into: &bytes)
        guard read == .bytes(24) else { return Release.fail(stopped, .badAddress) }
        let decoder = MessageHeaderDecoder(layouts: .i386)
        let words = (0..<6).map { decoder.word(bytes, at: 4 * $0) }
        if let error = OldMapping.refusal(of: words) { return Release.fail(stopped, error) }
        guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
            return stopped.abandon()
        }
        begin(
            OldMapping(registers, mask: mask, caller.layouts, words: words), stopped, caller.slot)
    }
}
