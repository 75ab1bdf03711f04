import CSupervise

/// How many files a process may have open, `RLIMIT_NOFILE`.
struct DescriptorLimit: Equatable {
    var soft: UInt64
    var hard: UInt64

    /// Raises a process's limit.
    ///
    /// - Returns: The former one; nil where it cannot be raised.
    static func raise(of process: ThreadID, by extra: UInt64) -> DescriptorLimit? {
        var former = DescriptorLimit(soft: 0, hard: 0)
        let result = unsafe csupervise_raise_limit_of(
            process.rawValue, extra, &former.soft, &former.hard)
        return result == 0 ? former : nil
    }

    /// Whether a process's limit can be raised.
    static func mayBeRaised(of process: ThreadID, by extra: UInt64) -> Bool {
        guard let former = raise(of: process, by: extra) else { return false }
        former.set(for: process)
        return true
    }

    /// Gives a process this limit.
    func set(for process: ThreadID) {
        _ = csupervise_set_limit_of(process.rawValue, soft, hard)
    }
}
