import ArgumentParser

/// `supervise run`: the main job, and the default.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command (the default).",
        usage: "supervise [run] [OPTIONS] -- COMMAND [ARG...]",
        discussion: """
            Exit status: the command's own; 125 supervise failed, 126 the command could not be \
            run, 127 it was not found, 64 the command line is wrong.
            """)

    @OptionGroup(title: "Policy options")
    var policyOptions: PolicyOptions

    @OptionGroup(title: "Run options")
    var runOptions: RunOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to run, with its arguments.", valueName: "command"))
    var command: [String] = []

    /// What was asked for.
    func request(words: [String] = CommandLine.arguments) -> RunRequest {
        runOptions.request(policyOptions.request(words: words), commandWords: command.count)
    }

    func run() throws {
        try request().run()
    }
}
