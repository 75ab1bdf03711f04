/// Runs a case through one ABI: natively, then under `supervise` in each of its variants.
struct CaseRun: Sendable {
    let entry: SemanticsCase
    let programs: Programs
    /// An empty folder of its own for each run is made here.
    let folder: String
    /// Options of `supervise`.
    let options: [String]

    /// Seconds that a run may take; one that hangs is ended then.
    let limit: Int

    /// What a run came to.
    enum Result: Equatable, Sendable {
        case passed
        case failed([Deviation])
        case skipped(String)
    }

    /// Runs variants that have the same ABI, and the case natively where it must be.
    func run(_ variants: [Variant]) -> [(Variant, Result)] {
        var natives: [[String]: Finished] = [:]
        return variants.map { variant in
            guard entry.isRunNatively else { return (variant, judge(variant, native: nil)) }
            let command = entry.command(variant, programs, folder: nil)
            let native = natives[command] ?? runNatively(command)
            natives[command] = native
            // The program that opens the sockets says so when it cannot.
            if native.end == .exited(3), native.error.hasPrefix("holding: ") {
                return (variant, .skipped(firstLine(native.error)))
            }
            guard native.end == .exited(0), native.error.isEmpty else {
                return (variant, .failed(Self.unlike(native, Finished(output: native.output))))
            }
            return (variant, judge(variant, native: native))
        }
    }

    private func runNatively(_ command: [String]) -> Finished {
        guard let directory = Files.makeFolder(in: folder) else { return .notStarted("no folder") }
        return Child.run(command, in: directory, seconds: limit)
    }

    private func judge(_ variant: Variant, native: Finished?) -> Result {
        guard let folder = Files.makeFolder(in: folder),
            let directory = Files.makeFolder(in: folder)
        else { return .failed([Deviation("folder", expected: "one to write to", seen: "none")]) }
        if let policy = entry.policy {
            Files.write(policy, to: folder + "/" + SemanticsCase.policyFile)
        }
        let seen = Child.run(
            entry.command(variant, programs, folder: folder, with: options), in: directory,
            seconds: limit)

        let steps = entry.steps(variant)
        var expected = native.map { Transcript($0.output) } ?? Transcript(of: steps)
        var deviations = native == nil ? [] : expected.expect(steps)
        deviations += expected.deviations(of: Transcript(seen.output))
        deviations += Self.unlike(seen, native ?? Finished(output: seen.output))
        if let events = entry.events, variant.way == .plain {
            let log = Files.read(folder + "/" + SemanticsCase.logFile) ?? ""
            deviations += Self.unlike(log: log, events)
        }
        return deviations.isEmpty ? .passed : .failed(deviations)
    }

    /// What differs in standard error and in how a run ended.
    private static func unlike(_ seen: Finished, _ expected: Finished) -> [Deviation] {
        var deviations: [Deviation] = []
        if seen.error != expected.error {
            deviations.append(
                Deviation(
                    "standard error", expected: firstLine(expected.error),
                    seen: firstLine(seen.error)))
        }
        if seen.end != expected.end {
            deviations.append(
                Deviation("end", expected: "\(expected.end)", seen: "\(seen.end)"))
        }
        return deviations
    }

    /// What differs in a log: each expected event asks for some keys of the one in its place.
    static func unlike(log: String, _ events: [Value]) -> [Deviation] {
        // Lines about processes are no decisions. Within a string the quotation marks were escaped.
        let lines = log.split(separator: "\n").filter { !$0.contains(#","event":""#) }
        var deviations: [Deviation] = []
        for index in 0..<max(lines.count, events.count) {
            let what = "event \(index + 1)"
            guard index < events.count else {
                deviations.append(
                    Deviation(what, expected: "no event", seen: String(lines[index])))
                continue
            }
            let wanted = events[index]
            guard index < lines.count else {
                deviations.append(Deviation(what, expected: wanted.text, seen: "no event"))
                continue
            }
            let event = parseJSON(lines[index])
            if !wanted.matches(event) {
                deviations.append(
                    Deviation(
                        what, expected: wanted.text,
                        seen: event?.restricted(to: wanted).text ?? String(lines[index])))
            }
        }
        return deviations
    }
}

/// The first line of a text, or that there is none.
private func firstLine(_ text: String) -> String {
    text.split(separator: "\n").first.map(String.init) ?? "nothing"
}
