public import SystemPackage

/// Why the command was not run.
public enum LaunchError: Error, Hashable {
    /// No such program (ENOENT).
    case notFound
    /// The program cannot be run: EACCES, ENOEXEC and the like.
    case notExecutable(Errno)
    /// The supervisor could not be started.
    case noSupervisor(Errno)
    /// `/proc` is missing, or is that of another pid namespace.
    case noProcFileSystem
    /// The command could not be attached to with `ptrace(2)`.
    case noTracing(Errno)
    /// A filter from before has judged calls answered by another program, which goes before a tracer.
    case intercepted
    /// The filter could not be installed with `seccomp(2)`.
    case noFilter(Errno)
    /// The Landlock domain could not be entered with `landlock_restrict_self(2)`.
    case noDomain(Errno)
    /// A Landlock domain was demanded, and the kernel's version of Landlock, 0 for none, is too old.
    case noLandlock(abi: Int32)
    /// Inherited descriptors that need no judged call could not be closed or replaced.
    case noClosing(Errno)
}
