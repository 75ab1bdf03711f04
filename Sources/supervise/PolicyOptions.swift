import ArgumentParser
import SupervisePolicy

/// The options that make a policy, the same for every subcommand.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whether the network is on or off where no rule decides (default: off).",
            valueName: "on|off"))
    var network: String?

    @Option(
        help: ArgumentHelp(
            "What stays allowed when it is off: \(listed(Profile.all.map(\.name))) "
                + "(default: \(Profile.rlimitNetwork.name)).",
            valueName: "name"))
    var profile: String?

    @Option(
        name: [.customShort("p"), .customLong("policy")],
        help: ArgumentHelp(
            "Take a policy from a file; other options go before it.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Allow what a rule says: 'outgoing tcp localhost:8080'. The first rule that matches "
                + "decides, in the order of the options, then of the file.",
            valueName: "rule"))
    var allow: [String] = []

    @Option(
        help: ArgumentHelp(
            "Refuse what a rule says: 'connect tcp :25', '(ECONNREFUSED) connect abstract'.",
            valueName: "rule"))
    var deny: [String] = []

    @Option(
        help: ArgumentHelp(
            "The error of a refused call, by its name (default: EPERM).", valueName: "name"))
    var errno: String?

    @Option(
        help: ArgumentHelp(
            "Bind sockets to this address, and to no other; one for IPv4, one for IPv6.",
            valueName: "address"))
    var source: [String] = []

    /// What they ask for.
    ///
    /// The parser keeps the order of equal options only; an option's value cannot begin with a dash,
    /// so every such word before the command is one of the options.
    func request(words: [String] = CommandLine.arguments) -> PolicyRequest {
        var request = PolicyRequest(
            network: network, profile: profile, file: file, errno: errno, source: source)
        var (allow, deny) = (allow[...], deny[...])
        for word in words.dropFirst().prefix(while: { $0 != "--" }) {
            switch word.prefix(while: { $0 != "=" }) {
            case "--allow":
                if let text = allow.popFirst() { request.rules.append(.init(true, text)) }
            case "--deny":
                if let text = deny.popFirst() { request.rules.append(.init(false, text)) }
            default: continue
            }
        }
        return request
    }
}
