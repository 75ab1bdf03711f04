import ArgumentParser
import Glibc
import SuperviseSelftest
import SupervisePolicy

/// `supervise selftest`: the decision tables against this kernel.
struct SelftestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Check the decision tables against this kernel.",
        usage: """
            supervise selftest [--profile NAME] [--case GLOB] [--way WAY] \
            [--format text|tap|junit] [--verbose]
            """,
        discussion: """
            Runs each case of the tables under this very supervise and, where the kernel's own \
            result is expected, without it too, and compares. Exit status: 0 when all that this \
            machine can run is as expected, 1 when something is not.
            """)

    @Option(help: ArgumentHelp("Only cases of this profile.", valueName: "name"))
    var profile: String?

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "Only cases whose name this matches, * being any text: 'sockets/*'.",
            valueName: "glob"))
    var pattern: String = "*"

    @Option(
        help: ArgumentHelp(
            "How the cases are run, which is to make no difference: plain (the default), with every "
                + "decision logged, guarded by the filter as on older kernels, with garbage in the "
                + "upper halves of registers, limited or flagged by themselves with --network on; or all.",
            valueName: "plain|logged|guarded|garbage|limited|flagged|all"))
    var way: String = "plain"

    @Option(
        help: ArgumentHelp("How the result is written.", valueName: "text|tap|junit"))
    var format: String = "text"

    @Flag(name: .shortAndLong, help: "Show the steps of each case, with what is expected of them.")
    var verbose = false

    @Flag(help: "Only list the runs.")
    var list = false

    @Option(
        help: ArgumentHelp(
            "The folder of the cases (default: those installed with supervise).",
            valueName: "folder"))
    var cases: String?

    /// For tests: an option of supervise for each run, `--with=--landlock-abi=0`.
    @Option(parsing: .unconditionalSingleValue, help: .hidden)
    var with: [String] = []

    /// For slow machines: how long a run may take.
    @Option(help: .hidden)
    var seconds = 30

    /// For the mutation run: what fails needs to fail once.
    @Flag(help: .hidden)
    var untilFailure = false

    func run() throws {
        guard let format = SelftestReport.Format(rawValue: format) else {
            throw Failure.usage("--format \(quoted(format)): expected text, tap or junit")
        }
        if let profile, Profile.named(profile) == nil {
            throw Failure.usage(
                "--profile \(quoted(profile)): there is no such profile, "
                    + "expected \(listed(Profile.all.map(\.name)))")
        }
        var options = Selftest.Options()
        options.profile = profile
        options.pattern = pattern
        options.folder = cases
        if way == "all" {
            options.ways = Variant.Way.allCases
        } else if let way = Variant.Way(rawValue: way) {
            options.ways = [way]
        } else {
            throw Failure.usage(
                "--way \(quoted(way)): expected plain, logged, guarded, garbage, limited, flagged or all"
            )
        }
        options.more = with
        options.seconds = seconds
        options.untilFailure = untilFailure
        let report: SelftestReport
        do {
            let selftest = try Selftest(options)
            guard !list else {
                StandardStream.output.write(selftest.listing)
                return
            }
            let isTerminal = isatty(2) == 1
            report = try selftest.run { ended, total, name in
                guard isTerminal else { return }
                StandardStream.error.write("\r\u{1b}[K\(ended) of \(total)  \(name)")
            }
            if isTerminal { StandardStream.error.write("\r\u{1b}[K") }
        } catch {
            throw Failure.failed("selftest: \(error)")
        }
        StandardStream.output.write(report.rendered(as: format, verbose: verbose))
        if !report.allHold { Glibc.exit(1) }
    }
}
