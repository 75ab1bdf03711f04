import ArgumentParser
import SuperviseTracer
import SupervisePolicy

/// `supervise drop`: gives the network up from within, for good.
struct DropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Inside a supervised tree: give up the network for good, then run a command.",
        usage: "supervise drop -- COMMAND [ARG...]",
        discussion: """
            What runs under supervise --network on can give the network up by itself, with \
            setrlimit(RLIMIT_NETWORK). This does so and becomes the command. What the command may \
            still do is what the profile of the outer supervise leaves.

            Exit status: the command's own; 125 the network could not be given up, 126 the command \
            could not be run, 127 it was not found, 64 the command line is wrong.
            """)

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to run, with its arguments.", valueName: "command"))
    var command: [String] = []

    func run() throws {
        guard let command = Command(lastArguments: command.count) else {
            throw Failure.usage("no command given: expected supervise drop -- COMMAND")
        }
        let name = EscapedText.escape(command.name)
        do throws(GivingUp.Failure) {
            try GivingUp.run(command, closedRings: RunRequest.tellClosedRings)
        } catch .notSupervised {
            throw Failure.failed(
                "drop: this process is not supervised (EINVAL), expected to run inside "
                    + "supervise --network on -- ...")
        } catch .refused(let error) {
            throw Failure.failed("drop: cannot give up the network: \(describe(error))")
        } catch .noClosing(let error) {
            throw Failure(LaunchError.noClosing(error), command: name)
        } catch .notFound {
            throw Failure(LaunchError.notFound, command: name)
        } catch .notExecutable(let error) {
            throw Failure(LaunchError.notExecutable(error), command: name)
        }
    }
}
