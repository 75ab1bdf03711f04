/// What came of the cases.
public struct SelftestReport: Sendable {
    let items: [Selftest.Item]

    /// How a report is written.
    public enum Format: String, CaseIterable, Sendable {
        /// A table for people.
        case text
        /// The Test Anything Protocol, version 13.
        case tap
        /// The XML that continuous integration reads.
        case junit
    }

    /// Whether something was run, and all that was run was as expected.
    public var allHold: Bool { counts.failed == 0 && counts.passed > 0 }

    /// How many runs there were of each kind.
    var counts: (passed: Int, failed: Int, skipped: Int) {
        var counts = (passed: 0, failed: 0, skipped: 0)
        for run in items.flatMap(\.runs) {
            switch run.result {
            case .passed: counts.passed += 1
            case .failed: counts.failed += 1
            case .skipped: counts.skipped += 1
            }
        }
        return counts
    }

    /// The closing line, one that runners of tests understand.
    var summary: String {
        let counts = counts
        return "\(counts.passed) passed, \(counts.failed) failed"
            + (counts.skipped > 0 ? ", \(counts.skipped) skipped" : "")
    }

    /// The whole report.
    public func rendered(as format: Format, verbose: Bool) -> String {
        switch format {
        case .text: text(verbose: verbose)
        case .tap: tap
        case .junit: junit
        }
    }
}
