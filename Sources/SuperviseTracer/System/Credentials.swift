import CSupervise

/// Who a thread is to the kernel, as far as limits depend on it.
struct Credentials {
    private let values: csupervise_credentials

    /// nil where the thread is gone.
    init?(of thread: ThreadID) {
        // A structure of numbers, which the function fills.
        var found = csupervise_credentials()
        guard unsafe csupervise_credentials_of(thread.rawValue, &found) == 0 else { return nil }
        values = found
    }

    private var hasCapability: Bool {
        values.capabilities >> UInt64(CSUPERVISE_CAP_SYS_RESOURCE) & 1 != 0
    }

    /// `capable(CAP_SYS_RESOURCE)`: in the first user namespace, which is that of the machine.
    var mayRaiseLimits: Bool {
        hasCapability && values.user_namespace == UInt64(CSUPERVISE_FIRST_USER_NAMESPACE)
    }

    /// `check_prlimit_permission`: whether it may read and set another's limits.
    ///
    /// The capability counts in the same namespace and from the first one; not from others
    /// between, which no program is known to need.
    func mayReach(_ other: Credentials) -> Bool {
        let (own, theirs) = (values, other.values)
        if own.user.0 == theirs.user.0, own.user.0 == theirs.user.1, own.user.0 == theirs.user.2,
            own.group.0 == theirs.group.0, own.group.0 == theirs.group.1,
            own.group.0 == theirs.group.2
        {
            return true
        }
        return mayRaiseLimits
            || hasCapability && own.user_namespace != 0
                && own.user_namespace == theirs.user_namespace
    }
}
