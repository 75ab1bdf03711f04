import SupervisePolicy
import SupervisePolicyFile

/// The policy that was asked for, as it stood on the command line.
struct PolicyRequest: Equatable {
    /// `--network`.
    var network: String?
    /// `--profile`.
    var profile: String?
    /// `--policy`, a path.
    var file: String?
    /// `--errno`.
    var errno: String?
    /// Each `--source`.
    var source: [String] = []
    /// Each `--allow` and `--deny`, in the order in which they were given.
    var rules: [RuleText] = []

    /// A rule of the command line.
    struct RuleText: Equatable {
        /// Whether it came by `--allow`.
        var isAllowing: Bool
        /// What it says.
        var text: String

        init(_ isAllowing: Bool, _ text: String) {
            (self.isAllowing, self.text) = (isAllowing, text)
        }
    }

    /// The policy that the options and the file ask for; `given` is a file that was read already.
    func policy(over given: PolicyFile? = nil) throws(Failure) -> Policy {
        var policy = Policy(
            rules: [], network: .off, profile: .rlimitNetwork, refusal: .notPermitted)
        // Names take time to read, so a policy that has none does without.
        if self.file != nil || given != nil || !rules.isEmpty {
            let names = Names.ofSystem()
            let file =
                try self.file.map { path throws(Failure) in
                    try LoadedPolicy(path: path, names: names).file
                } ?? given
            policy = Policy(
                rules: try rules(names, sets: file?.sets ?? [:]) + (file?.rules ?? []),
                network: file?.network ?? policy.network, profile: file?.profile ?? policy.profile,
                refusal: file?.refusal ?? policy.refusal, source: file?.source ?? policy.source)
        }
        for text in source {
            do throws(SourceError) {
                try policy.source.set(SourceAddresses.address(parsing: text))
            } catch {
                throw .usage("--source \(quoted(text)): \(error.message)")
            }
        }
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

    /// The rules of `--allow` and `--deny`.
    private func rules(
        _ names: Names, sets: [String: NetworkSet]
    ) throws(Failure) -> [Rule] {
        var names = names
        names.sets = sets
        var result: [Rule] = []
        var counts = (allow: 0, deny: 0)
        for rule in rules {
            let (option, number, action): (String, Int, RuleAction)
            if rule.isAllowing {
                counts.allow += 1
                (option, number, action) = ("allow", counts.allow, .allow)
            } else {
                counts.deny += 1
                (option, number, action) = ("deny", counts.deny, .deny(nil))
            }
            do throws(RuleError) {
                result.append(
                    try Rule(
                        parsing: rule.text, action: action, names: names,
                        place: .option(option, number)))
            } catch {
                throw .usage("--\(option) \(quoted(rule.text)): \(error)")
            }
        }
        return result
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
