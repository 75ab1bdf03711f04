import ArgumentParser
import SupervisePolicy

/// The options that make a policy, the same for every subcommand.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whether the network is on or off where nothing more particular decides.",
            valueName: "on|off"))
    var network: String = "off"

    @Option(
        help: ArgumentHelp(
            "What stays allowed when it is off: \(listed(Profile.all.map(\.name))).",
            valueName: "name"))
    var profile: String = Profile.rlimitNetwork.name

    @Option(
        help: ArgumentHelp("The error of a refused call, by its name.", valueName: "name"))
    var errno: String = "EPERM"

    /// The policy that the options ask for.
    func policy() throws(Failure) -> Policy {
        guard let network = NetworkSwitch(rawValue: network) else {
            throw .usage("--network \(quoted(network)): expected on or off")
        }
        guard let profile = Profile.named(profile) else {
            throw .usage(
                "--profile \(quoted(profile)): there is no such profile, "
                    + "expected \(listed(Profile.all.map(\.name)))")
        }
        guard let refusal = ErrorNumber(name: errno) else {
            throw .usage(
                "--errno \(quoted(errno)): there is no such error, "
                    + "expected a name such as EPERM, EACCES or ECONNREFUSED")
        }
        return Policy(network: network, profile: profile, refusal: refusal)
    }
}

/// What a user wrote, in quotes and safe to show.
func quoted(_ text: String) -> String {
    "'\(EscapedText.escape(Array(text.utf8)))'"
}

/// Names as a sentence has them: `a, b or c`.
func listed(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " or " + last
}
