import SupervisePolicy

/// Puts the filter of those who have given the network up on a thread, or on all of its process.
///
/// `seccomp(SECCOMP_SET_MODE_FILTER)`, with SECCOMP_FILTER_FLAG_TSYNC for all threads: the kernel
/// puts it on each of them or on none, also on those that are being made.
final class Arming: Errand {
    private let place: UInt32
    private let allThreads: Bool
    private let finish: () -> Int64
    private var formerCount: Int32?

    /// - Parameters:
    ///   - place: Where the page is mapped, with the filter in it.
    ///   - finish: Called when the filter is there; gives the result of the thread's own call.
    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, mappedAt place: UInt32,
        allThreads: Bool, finish: @escaping () -> Int64
    ) {
        self.place = place
        self.allThreads = allThreads
        self.finish = finish
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else {
            formerCount = filterCount(of: thread.id)
            return .call(
                RawCall(
                    layouts.word == 8 ? 317 : 354, 1, allThreads ? 1 : 0,
                    SealedPage.filterHeader(mappedAt: place, layouts)))
        }
        // The number of a thread: it has a filter that the caller does not have.
        if result > 0 { return .finish(-Int64(ErrorNumber.busy.rawValue)) }
        if result < 0 { return .finish(result) }
        // A filter of the program's own may have answered 0 without anything being installed.
        if let formerCount, let count = filterCount(of: thread.id), count <= formerCount {
            return .finish(-Int64(ErrorNumber.notPermitted.rawValue))
        }
        return .finish(finish())
    }
}
