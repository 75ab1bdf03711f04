import Mustache
import SuperviseAudit
import SupervisePolicy

/// A report as one page of HTML that needs nothing else.
///
/// The page's program builds what it shows of text nodes, so text never becomes markup. Beyond that the page allows
/// itself no program but its own, by a number that nobody who wrote into the log could know, and no
/// network.
public struct PageReport {
    private let report: Report
    private let source: String
    private let nonce: String

    /// Makes the page of a report; `source` is what the log is called, and `nonce` is a random word of
    /// letters and digits.
    public init(_ report: Report, source: String, nonce: String) {
        self.report = report
        self.source = EscapedText.recheck(source)
        self.nonce = nonce
    }

    /// The page, in UTF-8.
    public func html() throws -> String {
        MustacheContentTypes.register(EscapedHTML(), named: "ESCAPED")
        let template = try MustacheTemplate(string: Self.text(PackageResources.page_mustache))
        let refused = report.refused
        return template.render([
            "nonce": nonce,
            "source": source,
            "style": Self.text(PackageResources.page_css),
            "program": Self.text(PackageResources.page_js),
            "data": try PageData(report).json(),
            "start": report.start?.toTheSecond ?? "",
            "isEmpty": report.start == nil,
            "remarks": report.remarks,
            "facts": [
                Fact(
                    refused,
                    (refused == 1 ? "call" : "calls")
                        + (report.isWatched ? " would be refused" : " refused"),
                    isRefused: refused > 0),
                Fact(report.calls.count - refused, "allowed"),
                Fact(
                    report.endpoints.count, report.endpoints.count == 1 ? "endpoint" : "endpoints"),
                Fact(report.processes.count, report.processes.count == 1 ? "process" : "processes"),
                Fact(number: TextReport.seconds(report.duration), name: "seconds"),
            ],
        ])
    }

    /// A number at the top of the page.
    private struct Fact {
        var number: String
        var name: String
        var isRefused = false

        init(number: String, name: String) {
            self.number = number
            self.name = name
        }

        init(_ number: Int, _ name: String, isRefused: Bool = false) {
            self.number = Self.grouped(number)
            self.name = name
            self.isRefused = isRefused
        }

        /// The digits in groups of three.
        private static func grouped(_ number: Int) -> String {
            var groups: [Substring] = []
            var digits = String(number)[...]
            while digits.count > 3 {
                groups.append(digits.suffix(3))
                digits = digits.dropLast(3)
            }
            return ([digits] + groups.reversed()).joined(separator: ",")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// Text for HTML, in elements and in quoted attributes.
///
/// The template engine's own escaping goes by whole characters as people see them. Of a quotation
/// mark with a combining accent it takes neither for the mark that ends an attribute.
struct EscapedHTML: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
