/// What the probe printed: `STEP = RESULT` a line, steps within others indented above theirs.
struct Transcript: Equatable, Sendable {
    /// A line, its indentation, and what stands on both sides of the last ` = `.
    struct Line: Equatable, Sendable {
        var indent: Substring
        var step: String
        var result: String
    }

    var lines: [Line]

    init(_ output: String) {
        lines = output.split(separator: "\n").map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard let equals = rest.ranges(of: " = ").last else {
                return Line(indent: indent, step: String(rest), result: "")
            }
            return Line(
                indent: indent, step: String(rest[..<equals.lowerBound]),
                result: String(rest[equals.upperBound...]))
        }
    }

    /// What is expected where nothing is run natively: every step has a result.
    init(of steps: [Step]) {
        lines = steps.flatMap { step in
            step.inner.map { Line(indent: "  ", step: $0.text, result: $0.result) }
                + [Line(indent: "", step: step.text, result: step.result ?? "")]
        }
    }

    /// Puts the expected results of a case's steps in place of the kernel's.
    ///
    /// Returns what is wrong with the expectations: a result that the kernel gives too shows
    /// nothing, and a step that was not made neither.
    mutating func expect(_ steps: [Step]) -> [Deviation] {
        var wrong: [Deviation] = []
        var steps = steps
        var at = 0
        func put(_ result: String, _ index: Int) {
            if lines[index].result == result {
                wrong.append(
                    Deviation(
                        lines[index].step, expected: "\(result), unlike the kernel",
                        seen: "\(result), as the kernel"))
            }
            lines[index].result = result
        }
        for (index, line) in lines.enumerated() {
            if line.indent.isEmpty {
                // A step that ends its process leaves those after it out.
                guard let found = steps[at...].firstIndex(where: { $0.text == line.step })
                else { continue }
                at = found + 1
                if let result = steps[found].result {
                    put(result, index)
                    steps[found].result = nil
                }
            } else if let outer = steps[at...].firstIndex(where: { step in
                step.inner.contains { $0.text == line.step }
            }), let inner = steps[outer].inner.firstIndex(where: { $0.text == line.step }) {
                put(steps[outer].inner.remove(at: inner).result, index)
            }
        }
        for step in steps {
            if let result = step.result {
                wrong.append(Deviation(step.text, expected: result, seen: "not made"))
            }
            for inner in step.inner {
                wrong.append(Deviation(inner.text, expected: inner.result, seen: "not made"))
            }
        }
        return wrong
    }

    /// Where another transcript differs from this one, which is the expected one.
    func deviations(of seen: Transcript) -> [Deviation] {
        var found: [Deviation] = []
        for index in 0..<max(lines.count, seen.lines.count) {
            let (wanted, got) = (lines[safe: index], seen.lines[safe: index])
            guard wanted != got else { continue }
            guard let wanted else {
                found.append(
                    Deviation(got?.step ?? "", expected: "no step", seen: got?.result ?? ""))
                continue
            }
            let isSameStep = got.map { $0.step == wanted.step && $0.indent == wanted.indent }
            found.append(
                Deviation(
                    wanted.step, expected: wanted.result,
                    seen: isSameStep == true
                        ? got?.result ?? "" : got.map { "\($0.step) = \($0.result)" } ?? "nothing"))
            // What follows is only moved.
            if isSameStep != true { break }
        }
        return found
    }
}

/// Something that was not as expected.
struct Deviation: Equatable, Sendable {
    /// The step, or what else was looked at.
    var what: String
    var expected: String
    var seen: String

    init(_ what: String, expected: String, seen: String) {
        self.what = what
        self.expected = expected
        self.seen = seen
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}
