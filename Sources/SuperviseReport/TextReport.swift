import SuperviseAudit
import SupervisePolicy

/// A report as text for terminals, in columns.
public struct TextReport {
    private let report: Report
    private let source: String

    /// The most groups of refused calls that are shown, and the most processes.
    private static let limits = (refusals: 500, processes: 2_000, endpoints: 2_000)
    /// The most characters of a command line.
    private static let commandLineLength = 100

    /// Makes the text of a report; `source` is what the log is called.
    public init(_ report: Report, source: String) {
        self.report = report
        self.source = EscapedText.recheck(source)
    }

    /// The text, of whole lines.
    public var text: String {
        var sections = [head]
        if !report.remarks.isEmpty {
            sections.append("Remarks\n" + report.remarks.map { "  \($0)\n" }.joined())
        }
        if !report.endpoints.isEmpty { sections.append(endpoints) }
        if !report.processes.isEmpty { sections.append(processes) }
        if report.refused > 0 { sections.append(refusals) }
        return sections.joined(separator: "\n")
    }

    private var head: String {
        guard let start = report.start else { return "\(source): no events\n" }
        let refused = report.refused
        let counts = [
            Self.count(refused, "call") + (report.isWatched ? " would be refused" : " refused"),
            "\(report.calls.count - refused) allowed",
            Self.count(report.endpoints.count, "endpoint"),
            Self.count(report.processes.count, "process", "processes"),
        ]
        return """
            \(source): \(counts.joined(separator: ", "))
            from \(start.toTheSecond) UTC, for \(Self.seconds(report.duration)) s

            """
    }

    private var endpoints: String {
        var table = TextTable([
            "refused", "allowed", "operation", "protocol", "endpoint", "programs",
        ])
        table.rightAligned = [0, 1]
        for endpoint in report.endpoints.prefix(Self.limits.endpoints) {
            let name = endpoint.name.map { " (\($0))" } ?? ""
            table.rows.append([
                String(endpoint.refused), String(endpoint.allowed), endpoint.operation,
                endpoint.protocolName ?? "-", (endpoint.endpoint ?? "-") + name,
                endpoint.programs.joined(separator: ", "),
            ])
        }
        return "Endpoints\n" + table.text
            + Self.rest(report.endpoints.count, Self.limits.endpoints, "endpoints")
    }

    private var processes: String {
        var table = TextTable(["start", "end", "pid", "refused", "allowed", "ended", "process"])
        table.rightAligned = [0, 1, 2, 3, 4]
        for process in report.processes.prefix(Self.limits.processes) {
            let line = process.commandLine.isEmpty ? process.label : process.commandLine
            // What is far down is not indented without end.
            let indent = String(repeating: "  ", count: min(process.depth, 20))
            table.rows.append([
                Self.seconds(process.start), process.end.map(Self.seconds) ?? "-",
                String(process.pid), String(process.refused), String(process.allowed),
                process.ending ?? "-", indent + Self.shortened(line),
            ])
        }
        return "Processes\n" + table.text
            + Self.rest(report.processes.count, Self.limits.processes, "processes")
    }

    private var refusals: String {
        let groups = Refusal.groups(in: report)
        var table = TextTable(["first", "times", "program", "call", "endpoint", "error", "rule"])
        table.rightAligned = [0, 1]
        for (call, times) in groups.prefix(Self.limits.refusals) {
            let what = [call.operation, call.protocolName].compactMap { $0 }
            table.rows.append([
                Self.seconds(call.time), String(times), call.program.map(lastComponent) ?? "?",
                what.joined(separator: " "), call.endpoint ?? "-",
                (call.errno ?? "-") + (call.result == .wouldDeny ? " (only recorded)" : ""),
                [call.rule, call.place].compactMap { $0 }.joined(separator: " @ "),
            ])
            table.details.append(call.stack.map { details(of: report.stacks[$0]) } ?? [])
        }
        return (report.isWatched ? "Calls that would be refused\n" : "Refused calls\n") + table.text
            + Self.rest(groups.count, Self.limits.refusals, "kinds of refused calls")
    }

    private func details(of stack: Report.Stack) -> [String] {
        var lines = stack.frames
        if !stack.commandLine.isEmpty { lines.append("by \(Self.shortened(stack.commandLine))") }
        for parent in stack.parents where !parent.isEmpty {
            lines.append("started by \(Self.shortened(parent))")
        }
        return lines
    }

    // MARK: - Words

    /// Nanoseconds as seconds with three digits after the point.
    static func seconds(_ nanoseconds: Int64) -> String {
        let milliseconds = (nanoseconds + 500_000) / 1_000_000
        let fraction = String(milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - min(3, fraction.count))
        return "\(milliseconds / 1_000).\(zeros)\(fraction)"
    }

    static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
    }

    private static func rest(_ count: Int, _ limit: Int, _ what: String) -> String {
        count > limit ? "  ... and \(count - limit) more \(what)\n" : ""
    }

    private static func shortened(_ line: String) -> String {
        line.unicodeScalars.count > commandLineLength
            ? String(line.unicodeScalars.prefix(commandLineLength)) + "..." : line
    }
}

/// Rows in columns that are as wide as what is in them.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []
    /// The columns of numbers.
    var rightAligned: Set<Int> = []
    /// Lines below a row, by its place.
    var details: [[String]] = []

    init(_ header: [String]) {
        self.header = header
    }

    var text: String {
        var widths = header.map { $0.unicodeScalars.count }
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.unicodeScalars.count)
            }
        }
        var text = line(header, widths)
        for (place, row) in rows.enumerated() {
            text += line(row, widths)
            guard details.indices.contains(place) else { continue }
            for detail in details[place] { text += "      \(detail)\n" }
        }
        return text
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = " "
        for (column, cell) in cells.enumerated() {
            let padding = String(
                repeating: " ", count: widths[column] - cell.unicodeScalars.count)
            line += rightAligned.contains(column) ? " \(padding)\(cell)" : " \(cell)\(padding)"
            if column + 1 < cells.count { line += " " }
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}

/// Refused calls that differ in nothing but their time.
enum Refusal {
    private struct Key: Hashable {
        var program: String?
        var operation: String
        var protocolName: String?
        var endpoint: String?
        var errno: String?
        var rule: String?
        var place: String?
        var stack: Int?
    }

    /// The first call of each group and how many there are, in the order of their first calls.
    static func groups(in report: Report) -> [(first: Report.Call, times: Int)] {
        var places: [Key: Int] = [:]
        var groups: [(first: Report.Call, times: Int)] = []
        for call in report.calls where call.isRefused {
            let key = Key(
                program: call.program, operation: call.operation, protocolName: call.protocolName,
                endpoint: call.endpoint, errno: call.errno, rule: call.rule, place: call.place,
                stack: call.stack)
            if let place = places[key] {
                groups[place].times += 1
            } else {
                places[key] = groups.count
                groups.append((call, 1))
            }
        }
        return groups
    }
}
