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
    /// `accept(2)`.
    case accept
    /// `accept4(2)`.
    case accept4
    /// `sendto(2)`.
    case sendto
    /// `sendmsg(2)`.
    case sendmsg
    /// `sendmmsg(2)`.
    case sendmmsg
    /// `setsockopt(2)`.
    case setsockopt
    /// `getsockopt(2)`.
    case getsockopt
    /// `socketcall(2)`: all of the above behind one number, arguments in memory; i386 only.
    case socketcall

    /// `recvfrom(2)`; this and the next three only where names are asked for, ``receives``.
    case recvfrom
    /// `recvmsg(2)`.
    case recvmsg
    /// `recvmmsg(2)`.
    case recvmmsg
    /// `read(2)`.
    case read

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
    /// `seccomp(2)`; stopped, where it is, for the tracer to get ready.
    case seccomp
    /// `bpf(2)`.
    case bpf
    /// `request_key(2)`.
    case requestKey = "request_key"
    /// `ioctl(2)`.
    case ioctl
    /// `madvise(2)`; stopped, where it is, for the tracer to know of it.
    case madvise
    /// `process_madvise(2)`.
    case processMadvise = "process_madvise"
    /// `prctl(2)`; stopped, where it is, for the tracer to get ready.
    case prctl
    /// `rt_sigaction(2)`; this and the next two, where they are stopped, for the tracer to know of it.
    case rtSigaction = "rt_sigaction"
    /// i386's first `sigaction`.
    case sigaction
    /// `signal(2)`; i386 only.
    case signal

    /// `getrlimit(2)`; on i386 `ugetrlimit`.
    case getrlimit
    /// i386's first `getrlimit`, which knows no limit above 2 GiB.
    case oldGetrlimit = "old_getrlimit"
    /// `setrlimit(2)`.
    case setrlimit
    /// `prlimit64(2)`.
    case prlimit64

    /// `munmap(2)`.
    case munmap
    /// `mmap(2)`; on i386 `mmap2`, which has its arguments in registers.
    case mmap
    /// i386's first `mmap`, arguments in memory.
    case oldMmap = "old_mmap"
    /// `mremap(2)`.
    case mremap
    /// `mprotect(2)`.
    case mprotect
    /// `pkey_mprotect(2)`.
    case pkeyMprotect = "pkey_mprotect"
    /// `remap_file_pages(2)`.
    case remapFilePages = "remap_file_pages"
    /// `shmat(2)`.
    case shmat
    /// `ipc(2)`: `shmat` and others behind one number; i386 only.
    case ipc
    /// `uselib(2)`.
    case uselib
    /// `io_setup(2)`, of contexts for asynchronous requests (AIO).
    case ioSetup = "io_setup"

    /// Whether a stop at this call is there to look at the DNS answer that it may receive.
    ///
    /// Such a call is never refused.
    public var receives: Bool {
        switch self {
        case .recvfrom, .recvmsg, .recvmmsg, .read: true
        default: false
        }
    }

    /// Whether it sets how a signal is handled; stopped where that is SIGTRAP, and never refused.
    public var setsHandler: Bool {
        switch self {
        case .rtSigaction, .sigaction, .signal: true
        default: false
        }
    }

    /// The call's name in the manual.
    public var name: String { rawValue }

    /// Whether a stop at this call is there to guard the sealed page: a filter made with
    /// ``FilterCompiler/PageGuard/ranges`` found that the call could touch its window.
    ///
    /// The tracer's own calls pass; one of the process is refused, also before the page is mapped.
    public var isPageGuard: Bool {
        switch self {
        case .munmap, .mmap, .oldMmap, .mremap, .mprotect, .pkeyMprotect, .remapFilePages, .shmat,
            .ipc, .uselib, .ioSetup:
            true
        default:
            false
        }
    }
}
