import SupervisePolicy

extension SummarySink {
    /// The lines at the end of a run; empty where there is nothing to tell.
    ///
    /// Every line ends in a newline and begins with `supervise: ` or two spaces. Each kind of
    /// result has at most so many rows, the most frequent first; equals stand in the order of their
    /// first appearance. Where stacks were asked for, a row is followed by that of its first call.
    public func render(color: Bool) -> String {
        var style = SummaryStyle(color: color, start: start)
        style.shownRows = scope == .everything ? 40 : 10
        var text = allowed.render(.allowed, style) + denied.render(.denied, style)
        if refusedDisplay {
            text += "  hint: X clients fall back to their path socket with --errno ECONNREFUSED\n"
        }
        text += wouldDeny.render(.wouldDeny, style)
        if scope == .everything, text.isEmpty { text = "supervise: the network was not used\n" }
        return text.isEmpty ? "" : text + warnings(style)
    }

    /// A line for each socket of who can use the network for others.
    private func warnings(_ style: SummaryStyle) -> String {
        helpers.map { use in
            let caller = use.caller.map { EscapedText.escape(baseName($0)) } ?? "a program"
            let warning = style.colored("warning", style.color ? .yellow : nil)
            return "supervise: \(warning): \(caller) used \(use.helper.rawValue) "
                + "(\(style.shorten(use.endpoint))): \(use.helper.reach)\n"
        }.joined()
    }
}

/// How a summary is written.
struct SummaryStyle {
    var color: Bool
    /// The moment that times are counted from.
    var start: Timestamp?
    /// The most rows that a kind of result has.
    var shownRows = 10
    /// The most frames of a stack that are shown.
    let shownFrames = 12
    /// The most columns of an address, a path or a rule.
    let textColumns = 60
    /// The most columns of a program's base name.
    let nameColumns = 30
    /// The most rules that the line with what would allow has.
    let shownRules = 3

    func colored(_ text: String, _ color: TerminalColor?) -> String {
        guard let color, !text.isEmpty else { return text }
        return color.rawValue + text + TerminalColor.reset
    }

    /// Escaped text with its middle left out where it has more characters than that.
    func shorten(_ text: String, to width: Int? = nil) -> String {
        let (text, width) = (EscapedText.recheck(text), width ?? textColumns)
        let scalars = text.unicodeScalars
        guard scalars.count > width else { return text }
        let kept = width - 3
        return String(scalars.prefix(kept - kept / 2)) + "..." + String(scalars.suffix(kept / 2))
    }

    /// The rule, and where it stands unless it is the policy's own boolean.
    func text(of rule: Reason) -> String {
        let text = shorten(rule.text)
        guard rule.place != "profile" else { return text }
        return text + " @ " + shorten(rule.place)
    }

    /// Tenths of seconds from the start on; what came before it came with it.
    private func tenths(_ time: Timestamp) -> Int64 {
        guard let start else { return 0 }
        let (seconds, overflow) = time.seconds.subtractingReportingOverflow(start.seconds)
        guard !overflow, seconds < 1 << 40 else { return 0 }
        let nanoseconds = Int64(time.nanoseconds) - Int64(start.nanoseconds)
        return max(0, seconds * 10 + nanoseconds / 100_000_000)
    }

    /// When a row's first and last call came: `0.1s`, `0.1-2.5s`.
    func span(_ first: Timestamp, _ last: Timestamp) -> String {
        func text(_ tenths: Int64) -> String { "\(tenths / 10).\(tenths % 10)" }
        let (begin, end) = (tenths(first), tenths(last))
        return begin == end ? text(begin) + "s" : text(begin) + "-" + text(end) + "s"
    }

    /// Whether times tell something: not all that is shown came within a second.
    func showsSpans(_ values: [SummaryTally.Value]) -> Bool {
        let moments = values.flatMap { [tenths($0.first), tenths($0.last)] }
        return (moments.max() ?? 0) - (moments.min() ?? 0) >= 10
    }
}

extension SummaryTally {
    fileprivate func render(_ result: AuditEvent.Outcome, _ style: SummaryStyle) -> String {
        guard total > absent else { return "" }
        let alarm = style.color ? TerminalColor(result) : nil
        let dim: TerminalColor? = style.color ? .dim : nil
        var text = heading(result, style, alarm, dim)

        let lines = shownLines(style)
        func width(_ cell: (Line) -> String) -> Int {
            lines.map { cell($0).unicodeScalars.count }.max() ?? 0
        }
        let counts = width(\.count)
        let columns: [(cell: (Line) -> String, color: TerminalColor?)] = [
            (\.what, nil), (\.caller, nil), (\.errno, alarm), (\.span, dim), (\.rule, dim),
        ]
        let widths = columns.map { width($0.cell) }
        for line in lines {
            text += Self.spaces(2 + counts - line.count.unicodeScalars.count)
            text += style.colored(line.count, alarm) + " "
            // Spaces are owed, and paid when a column follows: no line ends in them. A column that
            // no row has anything in has no place either.
            var owed = 0
            for (column, width) in zip(columns, widths) where width > 0 {
                let cell = column.cell(line)
                if !cell.isEmpty {
                    text += Self.spaces(owed) + style.colored(cell, column.color)
                    owed = 0
                }
                owed += width - cell.unicodeScalars.count + 3
            }
            text += "\n"
            if let stack = line.stack { text += stack.rendered(frames: style.shownFrames) }
        }
        let hidden = total - absent - lines.reduce(0) { $0 + $1.events }
        if hidden > 0 { text += "  ... and \(hidden) more\n" }
        if result != .allowed, let hint = hint(style) {
            text += "  " + style.colored(hint, dim) + "\n"
        }
        return text
    }

    private func heading(
        _ result: AuditEvent.Outcome, _ style: SummaryStyle, _ alarm: TerminalColor?,
        _ dim: TerminalColor?
    ) -> String {
        let total = total - absent
        let number = "\(total) \(total == 1 ? "call" : "calls")"
        let verb =
            switch result {
            case .wouldDeny: "would have been refused"
            case .denied: total == 1 ? "was refused" : "were refused"
            case .allowed, .returned: total == 1 ? "was allowed" : "were allowed"
            }
        var text = "supervise: \(style.colored(number, alarm)) \(verb)"
        if case .some(.some(let rule)) = onlyRule {
            text += " " + style.colored("(\(style.text(of: rule)))", dim)
        }
        return text + "\n"
    }

    /// A row as it is shown.
    private struct Line {
        var events: UInt64
        var what: String
        var caller = ""
        var errno = ""
        var span = ""
        var rule = ""
        var stack: CallStack?

        var count: String { "\(events)x" }
    }

    private func shownLines(_ style: SummaryStyle) -> [Line] {
        let shown = shown(style.shownRows)
        let showsSpans = style.showsSpans(shown.map(\.value))
        // Two programs of one name are told apart by their paths.
        var paths: [ArraySlice<UInt8>: Set<[UInt8]>] = [:]
        for caller in shown.compactMap(\.key.caller) {
            paths[baseName(caller), default: []].insert(caller)
        }
        var lines = shown.map { row, value in
            var line = Line(events: value.count, what: Self.text(of: row, value, style))
            if let caller = row.caller {
                let name = baseName(caller)
                line.caller =
                    paths[name, default: []].count > 1
                    ? style.shorten(EscapedText.escape(caller))
                    : style.shorten(EscapedText.escape(name), to: style.nameColumns)
            }
            line.errno = row.errno?.description ?? ""
            // Allowed, but it never came about.
            if let failure = value.failure, value.failures == value.count {
                line.errno = failure.description
            }
            if showsSpans { line.span = style.span(value.first, value.last) }
            line.stack = value.stack
            if onlyRule == nil, let rule = row.rule { line.rule = style.text(of: rule) }
            return line
        }
        if others > 0, lines.count == rows.count(where: { !$0.value.isAbsent }),
            lines.count < style.shownRows
        {
            lines.append(Line(events: others, what: "others"))
        }
        return lines
    }

    /// The most frequent rows; equals in the order of their first appearance.
    private func shown(_ count: Int) -> [(key: Row, value: Value)] {
        Array(
            rows.filter { !$0.value.isAbsent }.sorted { left, right in
                left.value.count != right.value.count
                    ? left.value.count > right.value.count : left.value.order < right.value.order
            }.prefix(count))
    }

    private static func text(of row: Row, _ value: Value, _ style: SummaryStyle) -> String {
        // The addresses of netlink, vsock and the like have no text but their family's name.
        let endpoint = row.endpoint == row.protocolName ? nil : row.endpoint
        let what = [row.operation.rawValue, row.protocolName, endpoint]
            .compactMap { $0 }.map { style.shorten($0) }.joined(separator: " ")
        guard let name = value.name else { return what }
        return what + " (" + style.shorten(EscapedText.escape(name)) + ")"
    }

    private static func spaces(_ count: Int) -> String {
        String(repeating: " ", count: max(0, count))
    }

    /// What decided all that is told, nil where different rules did.
    private var onlyRule: Reason?? {
        let told = others > 0 ? rules : Set(rows.filter { !$0.value.isAbsent }.map(\.key.rule))
        return told.count == 1 ? told.first : nil
    }

    /// The calls that reached for a helper which this machine does not have.
    private var absent: UInt64 {
        rows.values.reduce(0) { $0 + ($1.isAbsent ? $1.count : 0) }
    }

    // MARK: What would allow it

    /// The options that would allow what is shown; nil where there are none.
    private func hint(_ style: SummaryStyle) -> String? {
        let wanted = shown(style.shownRows).sorted { $0.value.order < $1.value.order }
            .compactMap { row, value -> WantedRule? in
                // What an option refuses, its user wanted refused; and tracing has more than one
                // obstacle.
                guard let request = value.request, let rule = request.narrowestRule,
                    request.operation != .trace,
                    row.rule?.place.utf8.starts(with: "--deny".utf8) != true
                else { return nil }
                return WantedRule(request, rule.forAnyListening)
            }
        let rules = Policy().additions(for: wanted).map(\.rule)
        guard !rules.isEmpty else { return nil }
        if rules.count > style.shownRules || rows.count > style.shownRows || others > 0 {
            return "to allow: --learn FILE writes the rules that it takes"
        }
        let options = rules.map { rule in
            var text = rule.description
            text.removeFirst("allow ".count)
            return "--allow " + Self.shellWord(text)
        }
        let isForSockets = rules.contains { $0.operations == .create }
        return "to allow: " + options.joined(separator: " ")
            + (isForSockets ? "; --learn FILE finds what for" : "")
    }

    /// The text in quotes of a shell.
    private static func shellWord(_ text: String) -> String {
        "'" + EscapedText.replace("'", in: text, by: #"'\''"#) + "'"
    }
}

extension Rule {
    /// The rule without the port of a socket that listens, where the kernel may have chosen it.
    ///
    /// The next run has another. A port that was given is held by the rule on `bind`.
    fileprivate var forAnyListening: Rule {
        guard operations == .listen, case .internet(let host, let ports?) = endpoint,
            ports.ranges.allSatisfy({ $0.lowerBound >= 32_768 })
        else { return self }
        var rule = self
        rule.endpoint = .internet(host, nil)
        return rule
    }
}
