import ArgumentParser
import Glibc
import SupervisePolicy

/// `supervise explain`: which rule decides a call, and why.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell which rule decides a call, and why.",
        usage: "supervise explain [POLICY OPTIONS] CALL",
        discussion: """
            A call is a rule without its action that leaves nothing open: connect tcp \
            10.0.0.1:443, bind udp [::1]:53, create netlink, connect unix /run/x.sock \
            program=/usr/bin/ssh. Exit status: 0 the call is allowed, 1 it is denied.
            """)

    @OptionGroup(title: "Policy options")
    var policyOptions: PolicyOptions

    @Argument(help: ArgumentHelp("The call, as one word or several.", valueName: "call"))
    var words: [String]

    func run() throws {
        var policy = try policyOptions.request().policy()
        policy.refuseWhatLinksLeadTo()
        let text = words.joined(separator: " ")
        let call: Call
        do throws(RuleError) {
            call = try Call(parsing: text, names: .ofSystem())
        } catch {
            throw Failure.usage("the call \(quoted(text)): \(error)")
        }
        let explanation = policy.explain(call.request, by: call.subject)
        let decision = explanation.decision
        let verdict =
            switch decision.verdict {
            case .allow: "allowed"
            case .deny(let error): "denied (\(error))"
            }
        var lines = [verdict]
        lines.append("  by       \(decision.reason.text) (\(decision.reason.place))")
        if let step = decision.source { lines.append("  source   \(step)") }
        if let miss = explanation.nearest {
            lines.append("  nearest  \(miss.rule) (\(miss.rule.place)): \(miss.why)")
        }
        for name in explanation.needs.qualifiers {
            lines.append("  unknown  \(name)=, which could change that")
        }
        StandardStream.output.write(lines.map { $0 + "\n" }.joined())
        if decision.verdict.isDenial { Glibc.exit(1) }
    }
}

extension Needs {
    /// The qualifiers that say what is needed.
    fileprivate var qualifiers: [String] {
        let all: [(Needs, String)] = [
            (.program, "program"), (.ancestors, "ancestor"), (.cgroups, "cgroup"),
            (.user, "user"), (.groups, "group"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
