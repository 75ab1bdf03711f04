import CSupervise
public import SystemPackage

/// What a kernel offers of what doors are held by.
public struct KernelFeatures: Hashable, Sendable {
    /// Why a child cannot be traced; nil where it can.
    public var tracingError: Errno?
    /// SECCOMP_RET_TRACE.
    public var hasSeccompTrace = true
    /// PTRACE_GET_SYSCALL_INFO (Linux 5.3).
    public var hasSyscallInfo = true
    /// `pidfd_getfd(2)` (Linux 5.6).
    public var hasDescriptorCopies = true
    /// PIDFD_THREAD (Linux 6.9).
    public var hasThreadDescriptors = true
    /// `mseal(2)` (Linux 6.10).
    public var hasSealing = true
    /// PROCMAP_QUERY (Linux 6.11).
    public var hasMappingQuery = true
    /// `io_uring_setup(2)`.
    public var hasRings = true
    /// The setting `kernel.io_uring_disabled`; nil where there is none.
    public var ringsDisabled: Int? = 0
    /// System calls of 32-bit programs, and `int 0x80`.
    public var hasI386 = true
    /// Whether a filter from before hands judged calls to a listener, a container's manager.
    public var isIntercepted = false
    /// The version of Landlock, 0 for none.
    public var landlockABI: Int32 = 7
    /// Yama's `ptrace_scope`; nil where there is no Yama.
    public var yamaScope: Int?
    /// Whether Yama's scopes 1 and 2 do not count: CAP_SYS_PTRACE.
    public var mayTraceAll = false
    /// The setting `vm.unprivileged_userfaultfd`; nil where there is none.
    public var unprivilegedUserfaultfd: Int? = 0

    /// A kernel that has everything, for an ordinary user without Yama.
    public init() {}

    /// This kernel's, found by trying.
    ///
    /// Starts three children and ends them.
    public static func probed() -> KernelFeatures {
        // A structure of numbers, which the function fills.
        var found = csupervise_features()
        unsafe csupervise_probe(&found)
        var features = KernelFeatures()
        features.tracingError =
            found.tracing_error == 0 ? nil : Errno(rawValue: found.tracing_error)
        features.hasSeccompTrace = found.seccomp_trace != 0
        features.hasSyscallInfo = found.syscall_info != 0
        features.hasDescriptorCopies = found.pidfd_getfd != 0
        features.hasThreadDescriptors = found.pidfd_thread != 0
        features.hasSealing = found.mseal != 0
        features.hasMappingQuery = found.mapping_query != 0
        features.hasRings = found.io_uring != 0
        features.ringsDisabled = setting(found.io_uring_disabled)
        features.hasI386 = found.i386 != 0
        features.isIntercepted = found.intercepted != 0
        features.landlockABI = found.landlock_abi
        features.yamaScope = setting(found.yama_scope)
        features.mayTraceAll = found.may_trace_all != 0
        features.unprivilegedUserfaultfd = setting(found.unprivileged_userfaultfd)
        return features
    }

    private static func setting(_ value: Int32) -> Int? { value < 0 ? nil : Int(value) }
}
