import SupervisePolicy
import SystemPackage

/// A failure: one line of text and one exit status, as of `supervise` itself.
struct Failure: Error {
    /// What was found, what was expected.
    var message: String
    /// What the process ends with.
    var status: Status

    enum Status: Int32 {
        /// EX_USAGE of `sysexits.h`: the command line is wrong.
        case usage = 64
        /// The report could not be made.
        case failed = 125
    }

    init(_ message: String, _ status: Status) {
        self.message = message
        self.status = status
    }

    /// Tells of the failure and ends the process.
    func exit() -> Never {
        Self.report(message)
        Terminal.exit(status.rawValue)
    }

    /// Writes one line to standard error.
    static func report(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        _ = try? FileDescriptor.standardError.writeAll("supervise: report: \(line)\n".utf8)
    }
}

/// A name as messages show it.
func quoted(_ name: String) -> String {
    "'\(EscapedText.escape(Array(name.utf8)))'"
}

/// An error as people know it, with its name: `Permission denied (EACCES)`.
func describe(_ error: any Error) -> String {
    guard let error = error as? Errno else { return "\(error)" }
    return "\(error) (\(ErrorNumber(rawValue: error.rawValue)))"
}
