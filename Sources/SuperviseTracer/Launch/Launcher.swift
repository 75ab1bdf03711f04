import CSupervise
import Glibc
import SuperviseFilter
import SystemPackage

/// Turns the started process into the command, under a tracer that stands aside.
///
/// The process that the user started executes the command itself; its tracer is a detached
/// grandchild. So number, parent, terminal, job control, signals and exit status are the kernel's
/// own, with no code of ours that forwards them.
struct Launcher {
    let command: Command
    /// The filter of the tree, nil where no call needs one.
    let filter: Program?
    /// The Landlock domain of the tree, nil where it gets none.
    let domain: LandlockDomain?
    /// Called with the numbers of the io_uring descriptors that were closed; nil: they stay open.
    let closedRings: (([Int32]) -> Void)?
    /// Whether inherited sockets without a port must not hear anything when they get one; asked only
    /// where there are some.
    let deafensPortless: () -> Bool

    /// What a process is after the fork, in which both go on.
    enum Role {
        /// This process is the tracer, and `command` the thread that becomes the command.
        case tracer(command: ThreadID, isParent: Bool, Handshake)
        /// This process becomes the command.
        case command(tracer: ThreadID?, Handshake)
    }

    /// Forks the tracer off.
    func fork() throws(LaunchError) -> Role {
        do throws(Errno) {
            // Another namespace's /proc gives the memory of other processes under our numbers.
            try check(csupervise_check_proc())
        } catch {
            throw .noProcFileSystem
        }
        do throws(Errno) {
            let handshake = try Handshake()
            let own = getpid()
            // Orphans of a pid namespace become children of its first process, which the command
            // would be: a child it knows nothing of. There the tracer stays the first process.
            if own == 1 {
                var child: Int32 = 0
                try check(unsafe csupervise_fork(&child))
                guard child != 0 else { return .command(tracer: nil, handshake) }
                return .tracer(
                    command: ThreadID(rawValue: child), isParent: true, handshake)
            }
            var tracer: Int32 = 0
            try check(unsafe csupervise_fork_detached(&tracer))
            return tracer == 0
                ? .tracer(command: ThreadID(rawValue: own), isParent: false, handshake)
                : .command(tracer: ThreadID(rawValue: tracer), handshake)
        } catch {
            throw .noSupervisor(error)
        }
    }

    /// Becomes the command; returns only by an error.
    func becomeCommand(tracer: ThreadID?, _ handshake: Handshake) throws(LaunchError) -> Never {
        handshake.tracer.close()
        // Yama's ptrace_scope 1 lets only an ancestor attach, or whom the tracee names.
        if let tracer { _ = csupervise_set_ptracer(tracer.rawValue) }
        Handshake.send(0, over: handshake.launcher)
        guard let answer = Handshake.receive(over: handshake.launcher) else {
            throw .noSupervisor(.noChildProcess)
        }
        if tracer != nil { _ = csupervise_set_ptracer(0) }
        if answer != 0 { throw .noTracing(Errno(rawValue: answer)) }
        do throws(Errno) {
            // The kernel demands it of whoever installs a filter without privileges; it also
            // keeps setuid programs from being confused by calls that fail.
            try check(csupervise_set_no_new_privileges())
        } catch {
            throw .noFilter(error)
        }
        if let closedRings { try Self.closeRings(closedRings) }
        if csupervise_inherits_portless() != 0, deafensPortless() {
            do throws(Errno) {
                try check(csupervise_deafen_portless())
            } catch {
                throw .noClosing(error)
            }
        }
        do throws(Errno) {
            try domain?.enter()
        } catch {
            throw .noDomain(error)
        }
        // Nothing of the command's can have it, nor see it made.
        if filter != nil { Courier.send(over: handshake.launcher) }
        do throws(Errno) {
            if let filter { try Self.install(filter) }
        } catch {
            throw .noFilter(error)
        }
        let error = unsafe Errno(
            rawValue: csupervise_execute(
                command.arguments[0], command.arguments, csupervise_environment()))
        throw error == .noSuchFileOrDirectory ? .notFound : .notExecutable(error)
    }

    /// Closes what would let the command work without calls: a ring that a thread of the kernel's
    /// polls takes its requests from memory.
    static func closeRings(_ tell: ([Int32]) -> Void) throws(LaunchError) {
        var numbers = [Int32](repeating: -1, count: 16)
        var count = 0
        let error = unsafe csupervise_close_rings(&numbers, numbers.count, &count)
        if count > 0 { tell(Array(numbers.prefix(count))) }
        if error != 0 { throw .noClosing(Errno(rawValue: error)) }
    }

    /// Whether a filter from before hands judged calls to somebody else than the tracer.
    static func isIntercepted() -> Bool { csupervise_is_intercepted() != 0 }

    /// Whether the command inherits an io_uring.
    static func inheritsRing() -> Bool { csupervise_inherits_ring() != 0 }

    /// Whether the command inherits a socket that takes a name of any family for one of its own.
    static func inheritsAnyFamily() -> Bool { csupervise_inherits_any_family() != 0 }

    private static func install(_ filter: Program) throws(Errno) {
        let instructions = filter.instructions
        let result = unsafe instructions.withUnsafeBytes {
            // Instruction has the layout of struct sock_filter.
            unsafe csupervise_seccomp_install($0.baseAddress, instructions.count)
        }
        try check(result)
    }

    /// Cuts the tracer loose from all that is the command's, and attaches it.
    ///
    /// - Parameters:
    ///   - command: The thread that becomes the command.
    ///   - isParent: Whether the tracer is that thread's parent.
    ///   - handshake: The way to that thread.
    ///   - kept: The descriptors that stay open.
    /// - Returns: Whether the command is traced; the launcher tells its user where it is not. Then the
    ///   way stays open, for what the launcher sends before it becomes the command.
    static func becomeTracer(
        of command: ThreadID, isParent: Bool, _ handshake: Handshake, keeping kept: [Int32]
    ) -> Bool {
        // Whoever reads the command's output is to see its end when the command ends, and no
        // directory or terminal is to be kept busy.
        var descriptors = kept + [handshake.tracer.rawValue]
        let closed = unsafe csupervise_close_all_but(&descriptors, descriptors.count)
        if closed != 0 {
            Handshake.send(closed, over: handshake.tracer)
            return false
        }
        _ = csupervise_null_standard_streams()
        _ = unsafe chdir("/")
        csupervise_ignore_signals()
        if isParent { csupervise_forward_signals(command.rawValue) }
        csupervise_raise_limits()
        _ = unsafe csupervise_set_name("supervise")
        // Nobody may attach to the tracer, read its memory or take its descriptors.
        _ = csupervise_set_dumpable(0)
        guard Handshake.receive(over: handshake.tracer) != nil else { return false }
        do throws(Errno) {
            try Ptrace.seize(command, .everywhere)
        } catch {
            Handshake.send(error.rawValue, over: handshake.tracer)
            return false
        }
        Handshake.send(0, over: handshake.tracer)
        return true
    }
}
