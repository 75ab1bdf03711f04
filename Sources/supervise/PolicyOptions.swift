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
        let names = allow.isEmpty && deny.isEmpty ? Names() : Names.ofSystem()
        return Policy(
            rules: try rules(names, sets: [:]), network: network, profile: profile,
            refusal: refusal)
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

extension Names {
    /// The names of this machine's services, users and groups.
    static func ofSystem() -> Names {
        var names = Names()
        if let text = try? readFile("/etc/services", upTo: 1 << 24) { names.addServices(text) }
        if let text = try? readFile("/etc/passwd", upTo: 1 << 24) { names.addUsers(text) }
        if let text = try? readFile("/etc/group", upTo: 1 << 24) { names.addGroups(text) }
        return names
    }
}
