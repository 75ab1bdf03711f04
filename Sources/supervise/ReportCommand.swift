import ArgumentParser
import SuperviseTracer
import SystemPackage

/// `supervise report`: an audit log as a page or as text.
///
/// The work is that of the program `supervise-report`, which has the options and their help.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show an audit log as a page or as text.")

    @Argument(parsing: .captureForPassthrough, help: .hidden)
    var arguments: [String] = []

    func run() throws {
        let name = "supervise-report"
        let error = Helper.execute(name, lastArguments: arguments.count)
        throw Failure.failed(
            error == .noSuchFileOrDirectory
                ? "report: the program \(name) is neither beside supervise nor in its libexec/supervise; "
                    + "make install puts it there"
                : "report: cannot run \(name): \(describe(error))")
    }
}
