import ArgumentParser

/// The options that say what is watched and told.
struct RunOptions: ParsableArguments {
    @Flag(help: "Refuse nothing: record what would have been refused, and let it through.")
    var audit = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write a line for each decision to a file; - is standard error, until the command ends.",
            valueName: "file"))
    var log: String?

    @Option(
        help: ArgumentHelp(
            "How the log is written (default: json for a name ending in .jsonl, else text).",
            valueName: "text|json"))
    var logFormat: String?

    @Option(
        help: ArgumentHelp(
            "Which decisions the log has (default: denied; with --audit: all).",
            valueName: "denied|all"))
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "What to do when the log cannot be written: end the command and all that it started, or "
                + "go on and count what is lost (default: stop).",
            valueName: "stop|continue"))
    var logFailure: String = "stop"

    @Flag(
        name: [.customShort("k"), .long],
        help: "Tell of each recorded call who made it: stack, command line, parents.")
    var backtrace = false

    @Flag(
        help: ArgumentHelp(
            "Tell at the end of all that the network was used for: what, how often, when, by which "
                + "program and rule, and what could use it for others."))
    var summary = false

    @Option(
        help: ArgumentHelp(
            "Refuse nothing, and write the policy that would have allowed what was seen to a file; "
                + "what a file allows already stays as it is.",
            valueName: "file"))
    var learn: String?

    @Flag(
        name: .shortAndLong,
        help: "Do not tell what was closed at the start and refused at the end.")
    var quiet = false

    @OptionGroup
    var colorOption: ColorOption

    @Flag(
        help: ArgumentHelp(
            "Do not run the command where the kernel cannot put it into a Landlock domain "
                + "(see supervise doctor)."))
    var requireLandlock = false

    /// For tests and debugging: the features of an older kernel on a newer one.
    @Option(help: ArgumentHelp(visibility: .hidden))
    var landlockABI: Int32 = .max

    /// For tests: what older kernels need, on one that does not; docs/internals.md says what.
    @Option(help: .hidden)
    var pageGuard: String?

    /// For tests: pidfds of whole processes only, as before Linux 6.9.
    @Option(help: .hidden)
    var pidfds: String?

    /// What they ask for, with the policy and so many words of a command.
    func request(_ policy: PolicyRequest, commandWords: Int) -> RunRequest {
        RunRequest(
            policy: policy, audit: audit, log: log, logFormat: logFormat, logLevel: logLevel,
            logFailure: logFailure,
            backtrace: backtrace, summary: summary, learn: learn, quiet: quiet,
            color: colorOption.color,
            requireLandlock: requireLandlock, landlockABI: landlockABI, pageGuard: pageGuard,
            pidfds: pidfds, commandWords: commandWords)
    }
}
