import CSupervise
import SuperviseAudit
import SupervisePolicy
import SystemPackage

/// Whether `thread` belongs to the thread group of `leader`, by the kernel's word.
func isThread(_ thread: ThreadID, of leader: ThreadID) -> Bool {
    csupervise_is_thread_of(thread.rawValue, leader.rawValue) != 0
}

/// The leader of a thread's group, from `/proc`.
func leader(of thread: ThreadID) -> ThreadID? {
    var process: Int32 = 0
    var parent: Int32 = 0
    guard unsafe csupervise_process_of(thread.rawValue, &process, &parent) == 0 else { return nil }
    return ThreadID(rawValue: process)
}

/// The program of a process, as far as it was looked up.
enum ProgramLookup {
    /// Not looked up since the last `execve(2)`.
    case unknown
    /// The kernel does not tell: the process hides from its user, or has no memory any more.
    case hidden
    case known(AuditEvent.Program)

    /// The program, where it is known.
    var program: AuditEvent.Program? {
        if case .known(let program) = self { program } else { nil }
    }

    /// Whether nobody has looked.
    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }

    /// Looks up the program that a thread runs.
    init(of thread: ThreadID) {
        var program = csupervise_program()
        guard unsafe csupervise_program_of(thread.rawValue, &program) == 0 else {
            self = .hidden
            return
        }
        let path = unsafe withUnsafeBytes(of: program.path) {
            // The kernel filled `length` bytes of the array, and no more than it has.
            unsafe Array($0.prefix(program.length))
        }
        self = .known(
            AuditEvent.Program(
                path: path,
                device: AuditEvent.Device(major: program.major, minor: program.minor),
                inode: program.inode))
    }
}

/// The name of a thread, `comm`.
func name(of thread: ThreadID) -> [UInt8]? {
    var name = [CChar](repeating: 0, count: 64)
    guard unsafe csupervise_thread_name(thread.rawValue, &name) == 0 else { return nil }
    return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
}

/// Nanoseconds of a clock that nobody sets, CLOCK_MONOTONIC.
func monotonicNanoseconds() -> Int64 { csupervise_monotonic() }

/// The time of day.
func now() -> (seconds: Int64, nanoseconds: Int32) {
    var seconds: Int64 = 0
    var nanoseconds: Int32 = 0
    unsafe csupervise_now(&seconds, &nanoseconds)
    return (seconds, nanoseconds)
}

/// A process's own number as it sees it itself.
func ownNumber(of thread: ThreadID) -> (number: Int32, isInOurNamespace: Bool)? {
    var number: Int32 = 0
    var same: Int32 = 0
    guard unsafe csupervise_own_number(thread.rawValue, &number, &same) == 0 else { return nil }
    return (number, same != 0)
}

/// How many seccomp filters a thread is under, or the tracer itself; nil where the kernel does not
/// tell, before Linux 5.9.
func filterCount(of thread: ThreadID?) -> Int32? {
    var count: Int32 = 0
    return unsafe csupervise_filter_count(thread?.rawValue ?? 0, &count) == 0 ? count : nil
}

/// Whether a thread's process ignores a signal; nil where it cannot be told.
func ignores(_ signal: Int32, _ thread: ThreadID) -> Bool? {
    var ignores: Int32 = 0
    guard unsafe csupervise_ignores_signal(thread.rawValue, signal, &ignores) == 0 else {
        return nil
    }
    return ignores != 0
}

/// Whether a thread is in the tracer's network namespace; false also where that cannot be told.
func sharesNetwork(_ thread: ThreadID) -> Bool {
    csupervise_shares_network(thread.rawValue) != 0
}

/// The process that a thread's pidfd stands for.
///
/// EBADF: it is none. ESRCH: the process has ended, or cannot be told.
func pidfdTarget(of thread: ThreadID, _ pidfd: Int32) -> Result<ThreadID, KernelError> {
    var process: Int32 = 0
    switch unsafe csupervise_pidfd_target(thread.rawValue, pidfd, &process) {
    case 0 where process > 0: return .success(ThreadID(rawValue: process))
    case Errno.badFileDescriptor.rawValue:
        return .failure(KernelError(number: .badFileDescriptor))
    default: return .failure(KernelError(number: .noSuchProcess))
    }
}

/// Whether there is a process of that number.
func exists(_ process: ThreadID) -> Bool {
    csupervise_kill(process.rawValue, 0) != Errno.noSuchProcess.rawValue
}

/// Whether there is a thread of that number which this process traces, dead or alive.
func isTraced(_ thread: ThreadID) -> Bool { csupervise_is_traced(thread.rawValue) != 0 }

/// `net.core.optmem_max`: the most bytes that a message's control data may take.
func optionMemoryLimit() -> UInt64 {
    csupervise_option_memory_limit()
}

/// The path of what a thread's descriptor stands for; nil where the tracer does not see it there.
func pathOf(_ descriptor: Int32, of thread: ThreadID) -> [UInt8]? {
    var path = [CChar](repeating: 0, count: 4097)
    guard unsafe csupervise_descriptor_path(thread.rawValue, descriptor, &path) == 0 else {
        return nil
    }
    return path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
}

/// Whether a thread's descriptor is the directory of its own descriptors in the tracer's `/proc`, where
/// its numbers stand for nothing else.
func isDescriptorDirectory(
    _ descriptor: Int32, of thread: ThreadID, in process: ThreadID
) -> Bool {
    csupervise_is_descriptor_directory(process.rawValue, thread.rawValue, descriptor) != 0
}

/// Whether a thread's working directory is that of its own descriptors in the tracer's `/proc`; false
/// where that cannot be told.
func isInDescriptorDirectory(_ thread: ThreadID, in process: ThreadID) -> Bool {
    csupervise_is_in_descriptor_directory(process.rawValue, thread.rawValue) != 0
}

/// The beginning of a process's command line, `/proc/PID/cmdline`; empty where it shows none.
///
/// To be asked at the stop after `execve(2)` alone, when its first thread has not run yet: the kernel
/// reads the process's memory for it, which the process could later have made to hold up its reader.
func commandLine(of process: ThreadID, limit: Int) -> [[UInt8]] {
    var bytes = [UInt8](repeating: 0, count: limit)
    var length = 0
    // The function fills no more than it is told there is.
    let error = unsafe csupervise_read_status_file(
        process.rawValue, "cmdline", &bytes, bytes.count, &length)
    guard error == 0, length > 0 else { return [] }
    if bytes[length - 1] == 0 { length -= 1 }
    return bytes[..<length].split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
}
