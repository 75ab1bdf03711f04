/// A step of the probe, with the result it is to have under `supervise`.
struct Step: Equatable, Sendable {
    /// The step as the probe is given it.
    var text: String
    /// Its result under `supervise`; nil where the kernel's own is expected.
    var result: String?
    /// Steps within this one that are not to have the kernel's result.
    var inner: [Inner] = []

    /// The expectation of a step within another one.
    struct Inner: Equatable, Sendable {
        var text: String
        var result: String
    }

    /// Reads the steps of a case, one a line, with each `{name}` replaced by each of its values.
    ///
    /// A line that is indented is no step, but what is expected of one within the step above it.
    static func parse(
        _ lines: some StringProtocol, each: [String: [String]]
    ) throws(CaseError) -> [Step] {
        var steps: [Step] = []
        // Those that the last line became.
        var last = 0..<0
        for line in lines.split(separator: "\n") {
            let isInner = line.first == " "
            if !isInner { last = steps.endIndex..<steps.endIndex }
            for expanded in try expand(String(line), each: each) {
                let (text, result) = split(expanded)
                guard isInner else {
                    steps.append(Step(text: text, result: result))
                    last = last.lowerBound..<steps.endIndex
                    continue
                }
                guard let result, !last.isEmpty else {
                    throw CaseError(
                        "steps: '\(text)': an indented line says what a step within the one above it "
                            + "is to give; expected '  STEP -> RESULT' below a step")
                }
                for index in last { steps[index].inner.append(Inner(text: text, result: result)) }
            }
        }
        return steps
    }

    private static func split(_ line: String) -> (String, String?) {
        guard let arrow = line.ranges(of: " -> ").last else { return (trimmed(line), nil) }
        return (
            trimmed(String(line[..<arrow.lowerBound])), trimmed(String(line[arrow.upperBound...]))
        )
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// The line with every combination of values; the first name changes slowest.
    private static func expand(
        _ line: String, each: [String: [String]]
    ) throws(CaseError) -> [String] {
        guard let open = line.firstIndex(of: "{"),
            let close = line[open...].firstIndex(of: "}")
        else { return [line] }
        let name = String(line[line.index(after: open)..<close])
        guard let values = each[name] else {
            throw CaseError("steps: '\(line)': each.\(name) is missing")
        }
        var lines: [String] = []
        for value in values {
            lines += try expand(line.replacing("{\(name)}", with: value), each: each)
        }
        return lines
    }
}
