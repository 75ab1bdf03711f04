/// The forms that programs read: a test for each run.
extension SelftestReport {
    /// The Test Anything Protocol, version 13.
    var tap: String {
        let runs = items.flatMap { item in item.runs.map { (item.entry, $0) } }
        var lines = ["TAP version 13", "1..\(runs.count)"]
        for (index, (entry, run)) in runs.enumerated() {
            let name = "\(index + 1) - \(entry.name) \(run.variant.name)"
            switch run.result {
            case .passed: lines.append("ok \(name)")
            case .skipped(let reason): lines.append("ok \(name) # SKIP \(reason)")
            case .failed(let deviations):
                lines.append("not ok \(name)")
                lines += deviations.map {
                    "# \($0.what): expected \($0.expected), seen \($0.seen)"
                }
            }
        }
        return (lines + ["# \(summary)"]).map { $0 + "\n" }.joined()
    }

    /// JUnit's XML: a suite for each file of cases.
    var junit: String {
        let counts = counts
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites name="supervise selftest" "#
                + attributes(counts.passed, counts.failed, counts.skipped) + ">",
        ]
        var files: [String] = []
        for item in items where !files.contains(item.file) { files.append(item.file) }
        for file in files {
            let runs = items.filter { $0.file == file }
                .flatMap { item in item.runs.map { (item.entry, $0) } }
            let part = SelftestReport(items: items.filter { $0.file == file }).counts
            lines.append(
                #"  <testsuite name="\#(escaped(file))" "#
                    + attributes(part.passed, part.failed, part.skipped) + ">")
            for (entry, run) in runs {
                let start =
                    #"    <testcase classname="\#(escaped(entry.name))" "#
                    + #"name="\#(escaped("\(entry.title) (\(run.variant.name))"))""#
                switch run.result {
                case .passed:
                    lines.append(start + "/>")
                case .skipped(let reason):
                    lines.append(start + #"><skipped message="\#(escaped(reason))"/></testcase>"#)
                case .failed(let deviations):
                    let text = deviations.map {
                        "\($0.what): expected \($0.expected), seen \($0.seen)"
                    }.joined(separator: "\n")
                    lines.append(start + "><failure>\(escaped(text))</failure></testcase>")
                }
            }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).map { $0 + "\n" }.joined()
    }

    private func attributes(_ passed: Int, _ failed: Int, _ skipped: Int) -> String {
        #"tests="\#(passed + failed + skipped)" failures="\#(failed)" skipped="\#(skipped)""#
    }

    /// A text as XML has it.
    ///
    /// Control characters, which XML cannot have, become question marks.
    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "\n"
            default: result.unicodeScalars.append(scalar.value < 0x20 ? "?" : scalar)
            }
        }
        return result
    }
}

extension Selftest.Item {
    /// The file that the case is in.
    fileprivate var file: String {
        String(entry.name.prefix { $0 != "/" })
    }
}
