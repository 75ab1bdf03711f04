import CSupervise

/// How many files a process may have open, `RLIMIT_NOFILE`.
struct DescriptorLimit: Equatable {
    var soft: UInt64
    var hard: UInt64

    /// Raises a process's limit.
    ///
    /// The hard limit only where the process could do so itself: a child that is made meanwhile keeps
    /// what its maker has, and the supervisor may be root's and the process another user's.
    ///
    /// - Returns: The former one; nil where it cannot be raised.
    static func raise(of process: ThreadID, by extra: UInt64) -> DescriptorLimit? {
        if let former = raise(of: process, by: extra, beyondHard: false) { return former }
        guard Credentials(of: process)?.mayRaiseLimits == true else { return nil }
        return raise(of: process, by: extra, beyondHard: true)
    }

    private static func raise(
        of process: ThreadID, by extra: UInt64, beyondHard: Bool
    ) -> DescriptorLimit? {
        var former = DescriptorLimit(soft: 0, hard: 0)
        let result = unsafe csupervise_raise_limit_of(
            process.rawValue, extra, beyondHard ? 1 : 0, &former.soft, &former.hard)
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
