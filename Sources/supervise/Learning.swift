import Glibc
import SuperviseAudit
import SupervisePolicy
import SupervisePolicyFile
import SystemPackage

/// `--learn FILE`: the policy that a watched run would have needed.
final class Learning {
    /// What notes the calls.
    let sink = LearningSink()
    /// The policy that is watched: the options', and behind them the file's.
    let policy: Policy
    /// What must stay open in the supervising process.
    var descriptor: Int32 { destination.directory }

    private let destination: PolicyDestination
    private let options: PolicyRequest
    private let names: Names
    private let chosenPorts: ClosedRange<UInt16>
    /// The sink's version that the file has.
    private var written: UInt64 = 0

    /// The most that a policy file may hold.
    private static let mostBytes = 16 << 20

    /// Reads the file, where it is there, and makes sure that it can be written.
    init(path: String, _ options: PolicyRequest) throws(Failure) {
        guard path != "-", !path.isEmpty else {
            throw .usage("--learn \(quoted(path)): expected the name of a file")
        }
        guard options.file == nil else {
            throw .usage(
                "--learn and --policy cannot be combined: --learn starts from what its file says; "
                    + "to start from another policy, copy it there")
        }
        if options.network == NetworkSwitch.on.rawValue {
            throw .usage("--learn with --network on: nothing would be refused; expected off")
        }
        destination = try PolicyDestination(path: path)
        self.options = options
        names = .ofSystem()
        chosenPorts = Self.chosenPorts()
        let file = try Self.read(destination, names)
        policy = try options.policy(over: file)
        guard policy.network == .off else {
            throw .failed(
                "--learn \(destination.shown): network: \"on\" was found, expected \"off\": "
                    + "there is nothing to learn where nothing is refused")
        }
        // The rules have been asked behind these; the file must say the same.
        if let file {
            if let profile = options.profile, profile != file.policy.profile.name {
                throw .usage(
                    "--profile \(quoted(profile)): --learn \(destination.shown) is for the profile "
                        + "\(file.policy.profile.name)")
            }
        }
    }

    /// The file's text and what it says; nil where it is not there, or empty.
    private static func read(
        _ destination: PolicyDestination, _ names: Names
    ) throws(Failure) -> PolicyFile? {
        let text = try text(destination)
        guard !text.isEmpty else { return nil }
        do throws(PolicyFileError) {
            return try PolicyFile(parsing: text, name: destination.name, names: names)
        } catch {
            throw .failed("--learn \(destination.shown): \(error)")
        }
    }

    private static func text(_ destination: PolicyDestination) throws(Failure) -> [UInt8] {
        do throws(Errno) {
            return try destination.read(upTo: mostBytes)
        } catch {
            throw .failed("cannot read --learn \(destination.shown): \(describe(error))")
        }
    }

    /// The ports that the kernel gives to sockets that do not choose one.
    private static func chosenPorts() -> ClosedRange<UInt16> {
        let text = (try? readFile("/proc/sys/net/ipv4/ip_local_port_range", upTo: 100)) ?? []
        let numbers = text.split { $0 == 0x09 || $0 == 0x20 || $0 == 0x0a }
            .compactMap { UInt16(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 2, numbers[0] <= numbers[1] else { return 32768...60999 }
        return numbers[0]...numbers[1]
    }

    /// Writes what was learned since the last time, and says so.
    ///
    /// - Returns: A line for the user; nil where there is nothing new.
    func write() -> String? {
        guard written != sink.version || written == 0 else { return nil }
        defer { written = max(sink.version, 1) }
        do throws(Failure) {
            return try writeOrThrow()
        } catch {
            return error.message
        }
    }

    private func writeOrThrow() throws(Failure) -> String {
        // As it is now: its user may have changed it meanwhile.
        let text = try Self.text(destination)
        let file = try Self.read(destination, names)
        let learned = sink.learned(
            onto: try options.policy(over: file), chosenPorts: chosenPorts)
        let new: [UInt8]
        do throws(PolicyFileError) {
            new = try PolicyFile.text(
                adding: Self.lines(learned), to: text, beginning: beginning,
                name: destination.name, names: names)
        } catch {
            throw .failed("--learn \(destination.shown): \(error); nothing was written")
        }
        if new != text {
            do throws(Errno) {
                try destination.replace(with: new)
            } catch {
                throw .failed("cannot write to --learn \(destination.shown): \(describe(error))")
            }
        }
        return Self.report(learned, in: destination.shown, isChanged: new != text)
    }

    /// What stands at the start of a new file.
    private var beginning: String {
        var lines = [
            "# Written by supervise --learn: what was seen, by program. More runs add to it; what you",
            "# write is kept. The comment behind a rule says who needed it, and how often.",
            "network = \"off\"",
        ]
        if let profile = options.profile { lines.append("profile = \"\(profile)\"") }
        if let error = options.errno { lines.append("errno = \"\(error)\"") }
        return lines.map { $0 + "\n" }.joined()
    }

    /// What is learned as lines of the file.
    private static func lines(_ learned: LearnedPolicy) -> [PolicyFile.AddedLine] {
        var lines: [PolicyFile.AddedLine] = []
        for group in learned.groups {
            lines.append(.comment(group.program.isEmpty ? "an unknown program" : group.program))
            lines += group.rules.map { .rule($0.rule, $0.comment) }
        }
        guard !learned.dangers.isEmpty else { return lines }
        lines.append(.comment("Seen, but dangerous: look at it, and remove the # to allow it."))
        lines += learned.dangers.map { rule in
            .disabledRule(
                rule.rule,
                [rule.comment, rule.danger?.reason].compactMap { $0 }.joined(separator: "; "))
        }
        lines += learned.refusals.map { .rule($0, "the profile would allow it") }
        return lines
    }

    /// What became of it, in a line.
    private static func report(
        _ learned: LearnedPolicy, in file: String, isChanged: Bool
    ) -> String {
        func number(_ count: UInt64, _ what: String) -> String {
            "\(count) \(what)\(count == 1 ? "" : "s")"
        }
        let rules = learned.ruleCount + learned.refusals.count
        var parts = [
            rules > 0
                ? "\(number(UInt64(rules), "rule")) added to \(file)"
                : isChanged ? "\(file) written" : "\(file) has nothing to add"
        ]
        if !learned.dangers.isEmpty {
            parts.append(
                "\(number(UInt64(learned.dangers.count), "dangerous rule")) as a comment there")
        }
        if learned.refusedByRules > 0 {
            parts.append(
                "\(number(learned.refusedByRules, "call")) "
                    + "stay\(learned.refusedByRules == 1 ? "s" : "") refused by rules of yours")
        }
        if learned.uncovered > 0 {
            parts.append("\(number(learned.uncovered, "call")) that it does not allow")
        }
        return "learned: " + parts.joined(separator: "; ")
    }
}
