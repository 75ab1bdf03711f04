import CSupervise
public import SystemPackage

/// Gives the network up from within a supervised tree.
public enum GivingUp {
    /// Why the command was not run.
    public enum Failure: Error, Hashable {
        /// Nobody supervises this process.
        case notSupervised
        /// The supervisor refused.
        case refused(Errno)
        /// An io_uring that was inherited could not be closed.
        case noClosing(Errno)
        /// No such program (ENOENT).
        case notFound
        /// The program cannot be run: EACCES, ENOEXEC and the like.
        case notExecutable(Errno)
    }

    /// Gives the network up for good, and becomes a command.
    ///
    /// `closedRings` is called with the numbers of the io_uring descriptors that were closed: a
    /// thread of the kernel's could work for the command through them.
    public static func run(
        _ command: Command, closedRings: ([Int32]) -> Void
    ) throws(Failure) -> Never {
        // The network cannot be given up while there is one.
        do throws(LaunchError) {
            try Launcher.closeRings(closedRings)
        } catch .noClosing(let error) {
            throw .noClosing(error)
        } catch {
            throw .noClosing(.ioError)
        }
        let error = csupervise_give_network_up()
        // The kernel's own answer to a limit that it does not know.
        if error == Errno.invalidArgument.rawValue { throw .notSupervised }
        if error != 0 { throw .refused(Errno(rawValue: error)) }
        let result = unsafe Errno(
            rawValue: csupervise_execute(
                command.arguments[0], command.arguments, csupervise_environment()))
        throw result == .noSuchFileOrDirectory ? .notFound : .notExecutable(result)
    }
}
