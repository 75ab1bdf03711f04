import ArgumentParser
import SupervisePolicy
import SupervisePolicyFile

/// `supervise check`: whether a policy file is right, and what it says.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a policy file, and print its rules in normal form.",
        usage: "supervise check POLICY",
        discussion: """
            What is printed is a policy file again. Rules that can never match are told of on \
            standard error. Exit status: 0 the policy is right, 125 it is not.
            """)

    @Argument(help: ArgumentHelp("The policy file; - is standard input.", valueName: "policy"))
    var path: String

    func run() throws {
        let loaded = try LoadedPolicy(path: path, names: Names.ofSystem())
        StandardStream.output.write(loaded.file.description)
        for shadow in loaded.file.policy.shadows {
            Failure.report("warning: \(shadow)")
        }
    }
}
