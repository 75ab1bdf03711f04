import ArgumentParser
import SupervisePolicy
import SupervisePolicyFile

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

    /// The policy that the options and the file ask for.
    ///
    /// - Parameter given: A file that was read already.
    func policy(over given: PolicyFile? = nil) throws(Failure) -> Policy {
        let names = file == nil && allow.isEmpty && deny.isEmpty ? Names() : Names.ofSystem()
        let file =
            try self.file.map { path throws(Failure) in
                try LoadedPolicy(path: path, names: names).file
            } ?? given
        var policy = Policy(
            rules: file?.rules ?? [], network: file?.network ?? .off,
            profile: file?.profile ?? .rlimitNetwork, refusal: file?.refusal ?? .notPermitted,
            source: file?.source ?? SourceAddresses())
        for text in source {
            do throws(SourceError) {
                try policy.source.set(SourceAddresses.address(parsing: text))
            } catch {
                throw .usage("--source \(quoted(text)): \(error.message)")
            }
        }
        policy.rules.insert(contentsOf: try rules(names, sets: file?.sets ?? [:]), at: 0)
        if let network {
            guard let value = NetworkSwitch(rawValue: network) else {
                throw .usage("--network \(quoted(network)): expected on or off")
            }
            policy.network = value
        }
        if let profile {
            guard let value = Profile.named(profile) else {
                throw .usage(
                    "--profile \(quoted(profile)): there is no such profile, "
                        + "expected \(listed(Profile.all.map(\.name)))")
            }
            policy.profile = value
        }
        if let errno {
            guard let value = ErrorNumber(name: errno) else {
                throw .usage(
                    "--errno \(quoted(errno)): there is no such error, "
                        + "expected a name such as EPERM, EACCES or ECONNREFUSED")
            }
            policy.refusal = value
        }
        return policy
    }

    /// The rules of `--allow` and `--deny`, in the order in which they were given.
    private func rules(
        _ names: Names, sets: [String: [IPPrefix]]
    ) throws(Failure) -> [Rule] {
        var names = names
        names.sets = sets
        var rules: [Rule] = []
        var counts = (allow: 0, deny: 0)
        for isAllowing in Self.order() {
            let (text, option, number, action): (String, String, Int, RuleAction)
            if isAllowing, counts.allow < allow.count {
                (text, option, number, action) =
                    (allow[counts.allow], "allow", counts.allow + 1, .allow)
                counts.allow += 1
            } else if counts.deny < deny.count {
                (text, option, number, action) =
                    (deny[counts.deny], "deny", counts.deny + 1, .deny(nil))
                counts.deny += 1
            } else {
                continue
            }
            do throws(RuleError) {
                rules.append(
                    try Rule(
                        parsing: text, action: action, names: names,
                        place: .option(option, number)))
            } catch {
                throw .usage("--\(option) \(quoted(text)): \(error)")
            }
        }
        return rules
    }

    /// For each `--allow` and `--deny` of the command line, whether it is an `--allow`.
    ///
    /// The parser keeps the order of equal options only. An option's value cannot begin with a dash,
    /// so every such word before the command is one of the options.
    private static func order() -> [Bool] {
        CommandLine.arguments.dropFirst().prefix { $0 != "--" }.compactMap { word in
            switch word.prefix(while: { $0 != "=" }) {
            case "--allow": true
            case "--deny": false
            default: nil
            }
        }
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
