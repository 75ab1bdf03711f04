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
            supervise filter [POLICY OPTIONS]
            """,
        discussion: """
            The command and everything it starts run as they would without supervise, but for the \
            network: calls that the policy does not allow fail with EPERM. It takes no privileges, \
            no namespace and no daemon.
            """,
        version: version,
        subcommands: [RunCommand.self, FilterCommand.self],
        defaultSubcommand: RunCommand.self)

    static let version = "0.1.0"

    /// Parses and runs; every way out that is not the command's own goes through `Failure`.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(error)
        }
    }
}
