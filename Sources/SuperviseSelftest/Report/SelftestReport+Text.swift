extension SelftestReport {
    /// A line for each case, with what was not as expected below it.
    func text(verbose: Bool) -> String {
        var rows = [["case", "expected", "seen"]]
        var below: [[String]] = [[]]
        for item in items {
            rows.append([item.entry.name, Self.expected(item.entry), Self.seen(item)])
            below.append(
                (verbose ? Self.steps(item.entry) : []) + Self.skips(item) + Self.failures(item))
        }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (row, more) in zip(rows, below) {
            lines.append(
                "\(padded(row[0], widths[0]))  \(padded(row[1], widths[1]))  \(row[2])")
            lines += more.map { "    " + $0 }
        }
        return (lines + [summary]).map { $0 + "\n" }.joined()
    }

    /// What a case expects, in short.
    static func expected(_ entry: SemanticsCase) -> String {
        let refused = entry.steps.reduce(0) { $0 + ($1.result == nil ? 0 : 1) + $1.inner.count }
        let kernel = entry.steps.reduce(0) { $0 + ($1.result == nil ? 1 : 0) }
        var parts: [String] = []
        if refused > 0 { parts.append("\(refused) refused") }
        if kernel > 0 { parts.append("\(kernel) kernel") }
        if let events = entry.events {
            parts.append(events.count == 1 ? "1 event" : "\(events.count) events")
        }
        return parts.joined(separator: ", ")
    }

    private static func seen(_ item: Selftest.Item) -> String {
        let ran = item.runs.filter { !$0.result.isSkip }
        let failed = ran.filter { $0.result != .passed }.count
        if ran.isEmpty { return "skipped" }
        return failed == 0
            ? "as expected in \(ran.count) runs" : "otherwise in \(failed) of \(ran.count) runs"
    }

    /// The steps with what they are to give.
    private static func steps(_ entry: SemanticsCase) -> [String] {
        let width = entry.steps.map(\.text.count).max() ?? 0
        return entry.steps.flatMap { step in
            step.inner.map { padded("  \($0.text)", width) + "  \($0.result)" }
                + ["\(padded(step.text, width))  \(step.result ?? "kernel")"]
        }
    }

    /// Why runs were skipped, once for each reason.
    private static func skips(_ item: Selftest.Item) -> [String] {
        var reasons: [String] = []
        for run in item.runs {
            if case .skipped(let reason) = run.result, !reasons.contains(reason) {
                reasons.append(reason)
            }
        }
        return reasons.map { "skipped: \($0)" }
    }

    /// What was otherwise, once for all runs in which it was the same.
    private static func failures(_ item: Selftest.Item) -> [String] {
        var groups: [(runs: [String], deviations: [Deviation])] = []
        for run in item.runs {
            guard case .failed(let deviations) = run.result else { continue }
            if let index = groups.firstIndex(where: { $0.deviations == deviations }) {
                groups[index].runs.append(run.variant.name)
            } else {
                groups.append(([run.variant.name], deviations))
            }
        }
        return groups.flatMap { group in
            [group.runs.joined(separator: ", ") + ":"]
                + group.deviations.map {
                    "    \($0.what): expected \($0.expected), seen \($0.seen)"
                }
        }
    }
}

extension CaseRun.Result {
    var isSkip: Bool {
        if case .skipped = self { true } else { false }
    }
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
