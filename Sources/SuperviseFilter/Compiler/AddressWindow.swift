/// The pages below 4 GiB whose advice a filter guards: where the sealed page is mapped.
public struct AddressWindow: Hashable, Sendable {
    /// The first address, a multiple of 4096.
    public let begin: UInt32
    /// The last address, one below a multiple of 4096.
    ///
    /// Inclusive, so that the window may end at 4 GiB.
    public let last: UInt32

    /// Makes a window of every page that holds one of `length` bytes from `start` on.
    ///
    /// What lies beyond 4 GiB is left out; a length of 0 counts as 1, so that no window is empty.
    public init(start: UInt32, length: UInt32 = 4096) {
        let (end, beyond) = start.addingReportingOverflow(max(length, 1) - 1)
        begin = start & ~0xfff
        last = (beyond ? .max : end) | 0xfff
    }
}
