import SupervisePolicy

extension SummarySink {
    /// The lines at the end of a run; empty where nothing was refused.
    ///
    /// Every line ends in a newline and begins with `supervise: ` or two spaces. Each kind of
    /// result has at most ten rows, the most frequent first; equals stand in the order of their
    /// first appearance. Where stacks were asked for, a row is followed by that of its first call.
    public func render(color: Bool) -> String {
        var text = denied.render(.denied, color: color)
        if refusedDisplay {
            text += "  hint: X clients fall back to their path socket with --errno ECONNREFUSED\n"
        }
        return text + wouldDeny.render(.wouldDeny, color: color)
    }
}

extension SummaryTally {
    /// The most rows that are shown.
    private static let shownRows = 10
    /// The most frames of a stack that are shown.
    private static let shownFrames = 12
    /// The most columns of an address, a path or a rule.
    private static let textColumns = 60
    /// The most columns of a program's base name.
    private static let nameColumns = 30

    fileprivate func render(_ result: AuditEvent.Outcome, color: Bool) -> String {
        guard total > 0 else { return "" }
        func colored(_ text: String, _ color: TerminalColor?) -> String {
            guard let color, !text.isEmpty else { return text }
            return color.rawValue + text + TerminalColor.reset
        }
        let alarm = color ? TerminalColor(result) : nil
        let dim: TerminalColor? = color ? .dim : nil

        let number = "\(total) \(total == 1 ? "call" : "calls")"
        let verb =
            switch result {
            case .wouldDeny: "would have been"
            default: total == 1 ? "was" : "were"
            }
        var text = "supervise: \(colored(number, alarm)) \(verb) refused"
        if rules.count == 1, case .some(.some(let rule)) = rules.first {
            text += " " + colored("(\(Self.text(of: rule)))", dim)
        }
        text += "\n"

        let lines = shownLines
        let widths = lines.reduce(into: (count: 0, what: 0, caller: 0, errno: 0)) { widths, line in
            widths.count = max(widths.count, line.count.unicodeScalars.count)
            widths.what = max(widths.what, line.what.unicodeScalars.count)
            widths.caller = max(widths.caller, line.caller.unicodeScalars.count)
            widths.errno = max(widths.errno, line.errno.unicodeScalars.count)
        }
        for line in lines {
            text += Self.spaces(2 + widths.count - line.count.unicodeScalars.count)
            text += colored(line.count, alarm) + " "
            // Spaces are owed, and paid when a column follows: no line ends in them.
            var owed = 0
            for (cell, width, color) in [
                (line.what, widths.what, nil), (line.caller, widths.caller, nil),
                (line.errno, widths.errno, alarm), (line.rule, 0, dim),
            ] {
                if !cell.isEmpty {
                    text += Self.spaces(owed) + colored(cell, color)
                    owed = 0
                }
                owed += width - cell.unicodeScalars.count + 3
            }
            text += "\n"
            if let stack = line.stack { text += stack.rendered(frames: Self.shownFrames) }
        }
        let hidden = total - lines.reduce(0) { $0 + $1.events }
        if hidden > 0 { text += "  ... and \(hidden) more\n" }
        return text
    }

    /// A row as it is shown.
    private struct Line {
        var events: UInt64
        var what: String
        var caller = ""
        var errno = ""
        var rule = ""
        var stack: CallStack?

        var count: String { "\(events)x" }
    }

    private var shownLines: [Line] {
        let sorted = rows.sorted { left, right in
            left.value.count != right.value.count
                ? left.value.count > right.value.count : left.value.order < right.value.order
        }
        let shown = sorted.prefix(Self.shownRows)
        // Two programs of one name are told apart by their paths.
        var paths: [ArraySlice<UInt8>: Set<[UInt8]>] = [:]
        for caller in shown.compactMap(\.key.caller) {
            paths[baseName(caller), default: []].insert(caller)
        }
        var lines = shown.map { row, value in
            var line = Line(events: value.count, what: Self.text(of: row))
            if let caller = row.caller {
                let name = baseName(caller)
                line.caller =
                    paths[name, default: []].count > 1
                    ? Self.shorten(EscapedText.escape(caller), to: Self.textColumns)
                    : Self.shorten(EscapedText.escape(name), to: Self.nameColumns)
            }
            line.errno = row.errno?.description ?? ""
            line.stack = stacks[row]
            if rules.count > 1, let rule = row.rule { line.rule = Self.text(of: rule) }
            return line
        }
        if others > 0, lines.count == rows.count, lines.count < Self.shownRows {
            lines.append(Line(events: others, what: "others"))
        }
        return lines
    }

    private static func text(of row: Row) -> String {
        [row.operation.rawValue, row.protocolName, row.endpoint]
            .compactMap { $0 }
            .map { shorten(EscapedText.recheck($0), to: textColumns) }
            .joined(separator: " ")
    }

    /// The rule, and where it stands unless it is the policy's own boolean.
    private static func text(of rule: Reason) -> String {
        let text = shorten(EscapedText.recheck(rule.text), to: textColumns)
        guard rule.place != "profile" else { return text }
        return text + " @ " + shorten(EscapedText.recheck(rule.place), to: textColumns)
    }

    /// The text with its middle left out where it has more characters than `width`.
    private static func shorten(_ text: String, to width: Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > width else { return text }
        let kept = width - 3
        return String(scalars.prefix(kept - kept / 2)) + "..." + String(scalars.suffix(kept / 2))
    }

    private static func spaces(_ count: Int) -> String {
        String(repeating: " ", count: max(0, count))
    }
}
