import ArgumentParser
import Glibc

/// The command's entry and its subcommands.
@main
struct Supervise: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise",
        abstract: "Run a command with its network restricted or watched.",
        usage: """
            supervise [run] [OPTIONS] -- COMMAND [ARG...]
            supervise check POLICY
            supervise explain [POLICY OPTIONS] CALL
            supervise filter [POLICY OPTIONS]
            supervise drop -- COMMAND [ARG...]
            supervise doctor
            supervise selftest [OPTIONS]
            supervise report LOG [OPTIONS]
            """,
        discussion: """
            The command and everything it starts run as they would without supervise, but for the \
            network: calls that the policy does not allow fail with EPERM. It takes no privileges, \
            no namespace and no daemon.
            """,
        version: version,
        subcommands: [
            RunCommand.self, CheckCommand.self, ExplainCommand.self, FilterCommand.self,
            DropCommand.self, DoctorCommand.self, SelftestCommand.self, ReportCommand.self,
        ],
        defaultSubcommand: RunCommand.self)

    static let version = "0.1.0"

    /// The help of the command, with the options of `run`, which need not be named.
    private static var help: String {
        func sections(_ text: String) -> [String] {
            text.split(separator: "\n\n").map(String.init)
        }
        var all = sections(helpMessage())
        let place = all.firstIndex { $0.hasPrefix("OPTIONS:") } ?? all.endIndex
        let isOfRun = { (section: String) in
            section.hasPrefix("POLICY OPTIONS:") || section.hasPrefix("RUN OPTIONS:")
        }
        all.insert(
            contentsOf: sections(helpMessage(for: RunCommand.self)).filter(isOfRun), at: place)
        return all.joined(separator: "\n\n") + "\n"
    }

    /// Parses and runs; every way out that is not the command's own goes through `Failure`.
    static func main() {
        if CommandLine.argc == 2, ["-h", "--help", "help"].contains(CommandLine.arguments[1]) {
            StandardStream.output.write(help)
            return
        }
        do {
            if let request = RunRequest(plain: CommandLine.arguments) { try request.run() }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(error)
        }
    }
}
