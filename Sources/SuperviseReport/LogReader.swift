public import FoundationEssentials
import SuperviseAudit
import SupervisePolicy

/// Takes a log apart, line by line.
public struct LogReader {
    private let decoder = JSONDecoder()
    private var builder = ReportBuilder()
    private var number = 0
    private var garbage = Occurrences()
    private var unknown = Occurrences()
    private var twice = Occurrences()
    private var accepted = 0
    private var tornLine: Int?

    /// What makes a file no log.
    public struct Failure: Error, Hashable, CustomStringConvertible {
        /// What was found and what was expected.
        public var description: String
    }

    /// Lines of a kind: how many, and where the first is.
    private struct Occurrences {
        var count = 0
        var first = 0

        mutating func add(_ line: Int) {
            if count == 0 { first = line }
            count += 1
        }
    }

    private init() {}

    /// The report on a log's bytes; throws where they are no JSON log.
    public static func report(on bytes: Data) throws(Failure) -> Report {
        var reader = LogReader()
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            reader.take(rest[..<end], isWhole: true)
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { reader.take(rest, isWhole: false) }
        guard reader.accepted > 0 || reader.garbage.count + reader.unknown.count == 0 else {
            throw Failure(description: Self.whatItIs(bytes))
        }
        var report = reader.builder.report()
        report.remarks = reader.remarks + report.remarks
        return report
    }

    private mutating func take(_ bytes: Data, isWhole: Bool) {
        number += 1
        guard bytes.contains(where: { !$0.isBlank }) else { return }
        let line: LogLine
        do {
            line = try decoder.decode(LogLine.self, from: bytes)
        } catch {
            if isWhole { garbage.add(number) } else { tornLine = number }
            return
        }
        switch builder.add(line) {
        case .added: accepted += 1
        case .twice: twice.add(number)
        case .unknown: unknown.add(number)
        }
    }

    private var remarks: [String] {
        var all: [String] = []
        if let tornLine {
            all.append(
                "Line \(tornLine), the last, is incomplete: the log ended while it was being written."
            )
        }
        func remark(_ lines: Occurrences, one: String, many: String) {
            guard lines.count > 0 else { return }
            all.append(
                lines.count == 1
                    ? "Line \(lines.first) \(one)."
                    : "\(lines.count) lines \(many), the first is line \(lines.first).")
        }
        remark(garbage, one: "is no event and is left out", many: "are no events and are left out")
        remark(
            unknown, one: "is of a kind that this version does not know, and is left out",
            many: "are of a kind that this version does not know, and are left out")
        remark(
            twice, one: "repeats an earlier one and is left out",
            many: "repeat earlier ones and are left out")
        return all
    }

    /// What a file is that has no event.
    private static func whatItIs(_ bytes: Data) -> String {
        let expected = "expected a log in JSON lines, of --log FILE.jsonl or --log-format json"
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        if let time = words.first, words.count == 3,
            String(decoding: time, as: UTF8.self).wholeMatch(of: /\d{4}-\d\d-\d\dT[\d:.]+Z/) != nil
        {
            return "is a log in text; \(expected)"
        }
        if bytes.contains(0) { return "is no text; \(expected)" }
        return "has no event in it; \(expected)"
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0d }
}
