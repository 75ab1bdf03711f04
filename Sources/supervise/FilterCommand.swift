import ArgumentParser
import SuperviseAudit
import SuperviseFilter
import SuperviseTracer

/// `supervise filter`: what the kernel is told.
struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Show the BPF program that a policy becomes, disassembled.",
        usage: "supervise filter [POLICY OPTIONS] [--audit] [--watch nothing|denied|all] "
            + "[--given-up]")

    @OptionGroup(title: "Policy options")
    var policyOptions: PolicyOptions

    @Flag(help: "Show the filter of a run that refuses nothing.")
    var audit = false

    @Option(
        help: ArgumentHelp(
            "What a log or the summary wants to see: calls that registers decide are answered in "
                + "the kernel unless they are watched.",
            valueName: "nothing|denied|all"))
    var watch: String = "nothing"

    @Flag(
        help: ArgumentHelp(
            "Show the filter of a process that has given the network up by itself, which it has "
                + "beside the first one."))
    var givenUp = false

    func run() throws {
        let policy = try policyOptions.request().policy()
        let watching: FilterCompiler.Watching
        switch watch {
        case "nothing": watching = .nothing
        case "denied": watching = .denied
        case "all": watching = .everything
        default: throw Failure.usage("--watch \(quoted(watch)): expected nothing, denied or all")
        }
        let supervisor = Supervisor(
            policy: policy, isAuditing: audit, watching: watching, sink: MultiplexSink([]),
            keptDescriptors: [], commandEnded: {})
        guard let program = try givenUp ? supervisor.filterOfGivenUp() : supervisor.filter()
        else {
            let why = givenUp ? "has the network off for all" : "refuses nothing"
            StandardStream.output.write("no filter: this policy \(why)\n")
            return
        }
        StandardStream.output.write(Disassembler.withNames.listing(of: program))
    }
}
