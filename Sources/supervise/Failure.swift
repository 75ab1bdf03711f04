import ArgumentParser
import Glibc
import SupervisePolicy
import SuperviseTracer
import SystemPackage

/// A failure of supervise's own: one line of text and one exit status.
struct Failure: Error, Equatable {
    /// What was found, what was expected, what to do.
    var message: String
    /// What the process ends with.
    var status: Status

    enum Status: Int32 {
        /// EX_USAGE of `sysexits.h`: the command line is wrong.
        case usage = 64
        /// supervise itself failed; the command was not run.
        case failed = 125
        /// The command was found but could not be run.
        case notExecutable = 126
        /// The command was not found.
        case notFound = 127
    }

    static func usage(_ message: String) -> Failure {
        Failure(message: message, status: .usage)
    }

    static func failed(_ message: String) -> Failure {
        Failure(message: message, status: .failed)
    }

    /// The failure of a launch.
    init(_ error: LaunchError, command: String) {
        switch error {
        case .notFound:
            self.init(message: "\(command): command not found (ENOENT)", status: .notFound)
        case .notExecutable(let error):
            self.init(
                message: "\(command): cannot be run: \(describe(error))", status: .notExecutable)
        case .noSupervisor(let error):
            self.init(
                message: "cannot start the supervising process: \(describe(error))",
                status: .failed)
        case .noProcFileSystem:
            self.init(
                message: "/proc is missing or another pid namespace's; expected this one's: "
                    + "mount -t proc proc /proc, or unshare --mount-proc",
                status: .failed)
        case .noTracing(let error):
            self.init(
                message: "cannot trace the command: \(describe(error)); "
                    + "is it traced already, or does the system forbid ptrace?",
                status: .failed)
        case .intercepted:
            self.init(
                message: "a seccomp filter from before hands network calls to another program "
                    + "(USER_NOTIF), past the supervisor; is this a container whose manager does "
                    + "that?",
                status: .failed)
        case .noFilter(let error):
            self.init(
                message: "cannot install the seccomp filter: \(describe(error)); "
                    + "expected a kernel with CONFIG_SECCOMP_FILTER",
                status: .failed)
        case .noDomain(let error):
            self.init(
                message: "cannot enter a Landlock domain: \(describe(error))"
                    + (error == .argListTooLong ? "; is it in 16 of them already?" : ""),
                status: .failed)
        case .noLandlock(let abi):
            self.init(
                message: "--require-landlock: "
                    + (abi == 0
                        ? "the kernel offers no Landlock" : "the kernel's Landlock has ABI \(abi)")
                    + ", expected ABI \(LandlockDomain.firstABI) or later (Linux 6.7, lsm=landlock)",
                status: .failed)
        case .noClosing(let error):
            self.init(
                message: "cannot close or replace inherited descriptors: \(describe(error))",
                status: .failed)
        }
    }

    private init(message: String, status: Status) {
        self.message = message
        self.status = status
    }

    /// Tells of an error and ends the process; help and version, which are none, go to standard
    /// output.
    static func exit(_ error: any Error) -> Never {
        if let failure = error as? Failure {
            report(failure.message)
            Glibc.exit(failure.status.rawValue)
        }
        let code = Supervise.exitCode(for: error)
        if code.isSuccess {
            StandardStream.output.write(Supervise.fullMessage(for: error) + "\n")
            Glibc.exit(0)
        }
        var message = Supervise.message(for: error)
        if message.hasPrefix("Unexpected argument"), !CommandLine.arguments.contains("--") {
            message += "; expected supervise [OPTIONS] -- COMMAND"
        }
        // What stood on the command line is in it as it was.
        message = EscapedText.escape(Array(message.utf8))
        report(message.isEmpty ? "the command line cannot be understood" : message)
        Glibc.exit(Status.usage.rawValue)
    }

    /// Writes one line to standard error.
    static func report(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        StandardStream.error.write("supervise: \(line)\n")
    }
}

/// An error as people know it, with its name: `Permission denied (EACCES)`.
func describe(_ error: Errno) -> String {
    "\(error) (\(errorName(error)))"
}
