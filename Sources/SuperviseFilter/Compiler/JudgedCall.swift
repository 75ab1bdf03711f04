/// A system call that a filter may answer with something else than ALLOW.
///
/// The list is closed: every other call passes by its number alone. The raw value is the call's
/// name in the manual.
public enum JudgedCall: String, CaseIterable, Hashable, Sendable {
    /// `socket(2)`.
    case socket
    /// `socketpair(2)`.
    case socketpair
    /// `bind(2)`.
    case bind
    /// `connect(2)`.
    case connect
    /// `listen(2)`.
    case listen
    /// `sendto(2)`.
    case sendto
    /// `sendmsg(2)`.
    case sendmsg
    /// `sendmmsg(2)`.
    case sendmmsg
    /// `socketcall(2)`: all of the above behind one number, arguments in memory; i386 only.
    case socketcall

    /// `ptrace(2)`.
    case ptrace
    /// `process_vm_readv(2)`.
    case processVMReadv = "process_vm_readv"
    /// `process_vm_writev(2)`.
    case processVMWritev = "process_vm_writev"
    /// `pidfd_getfd(2)`.
    case pidfdGetfd = "pidfd_getfd"

    /// `io_uring_setup(2)`.
    case ioUringSetup = "io_uring_setup"
    /// `io_uring_enter(2)`.
    case ioUringEnter = "io_uring_enter"
    /// `io_uring_register(2)`.
    case ioUringRegister = "io_uring_register"
    /// `seccomp(2)`.
    case seccomp
    /// `bpf(2)`.
    case bpf
    /// `ioctl(2)`.
    case ioctl
    /// `madvise(2)`.
    case madvise
    /// `process_madvise(2)`.
    case processMadvise = "process_madvise"
    /// `prctl(2)`.
    case prctl

    /// The call's name in the manual.
    public var name: String { rawValue }
}
