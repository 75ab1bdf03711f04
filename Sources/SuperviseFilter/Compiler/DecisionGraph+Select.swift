extension RegisterDecision {
    /// Neighbouring values of a word with one decision for all of them.
    ///
    /// A run goes from its first value to the next run's, the last one on to the greatest value.
    struct Run {
        /// The first value.
        var first: UInt32
        /// What is decided for the run.
        var decision: RegisterDecision
        /// What its values mean, shown where a comparison singles the run out.
        var notes: [String] = []

        /// The notes in one line, nil where there are none or too many to say anything.
        var note: String? {
            switch notes.count {
            case 1, 2: notes.joined(separator: ", ")
            case 3, 4: "\(notes[0]) to \(notes[notes.count - 1])"
            default: nil
            }
        }
    }

    /// How many runs are told apart one after the other; with more, the middle is asked first.
    private static let longestChain = 6

    /// Decides by a word's value, with few comparisons.
    ///
    /// The runs are in rising order and hold every value that can be: from 0, or what is known of
    /// the word, to below `end`. Equal neighbours are merged; a value between equals costs one
    /// comparison for equality; many runs are searched by halves.
    static func select(
        _ word: Question.Word, _ runs: [Run], below end: UInt64 = 1 << 32
    ) -> RegisterDecision {
        let runs = merged(runs)
        guard let first = runs.first else { return .answer(.killProcess) }
        guard runs.count > 1 else { return first.decision }
        if runs.count <= longestChain, let index = singleValue(in: runs, below: end) {
            var rest = runs
            let single = rest.remove(at: index)
            rest = merged(rest)
            return .when(
                .word(word, .equals(single.first), note: note(single.note, else: rest)),
                then: single.decision, else: select(word, rest, below: end))
        }
        let middle = runs.count / 2
        let (lower, upper) = (Array(runs[..<middle]), Array(runs[middle...]))
        let pivot = upper[0].first
        let then = upper.count == 1 ? upper[0].note.map { "then \($0)" } : nil
        return .when(
            .word(word, .atLeast(pivot), note: note(then, else: lower)),
            then: select(word, upper, below: end),
            else: select(word, lower, below: UInt64(pivot)))
    }

    /// A comparison's note: what it singles out, and what is left over where that is one run.
    private static func note(_ then: String?, else rest: [Run]) -> String? {
        let otherwise = rest.count == 1 ? rest[0].note.map { "else \($0)" } : nil
        let notes = [then, otherwise].compactMap { $0 }
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// Decides by a word's value: these values one way, all others another.
    static func select(
        _ word: Question.Word,
        _ cases: [(value: UInt32, decision: RegisterDecision, note: String?)],
        else otherwise: RegisterDecision
    ) -> RegisterDecision {
        var runs = [Run(first: 0, decision: otherwise)]
        for (value, decision, note) in cases.sorted(by: { $0.value < $1.value }) {
            if runs[runs.count - 1].first == value { runs.removeLast() }
            runs.append(Run(first: value, decision: decision, notes: note.map { [$0] } ?? []))
            if value < .max { runs.append(Run(first: value + 1, decision: otherwise)) }
        }
        return select(word, runs)
    }

    private static func merged(_ runs: [Run]) -> [Run] {
        var result: [Run] = []
        for run in runs {
            if result.last?.decision == run.decision {
                result[result.count - 1].notes += run.notes
            } else {
                result.append(run)
            }
        }
        return result
    }

    /// A run of one value that is best asked for by equality: between equal neighbours, which are
    /// one run then, else at either end.
    private static func singleValue(in runs: [Run], below end: UInt64) -> Int? {
        let last = runs.count - 1
        let singles = runs.indices.filter { index in
            (index < last ? UInt64(runs[index + 1].first) : end) == UInt64(runs[index].first) + 1
        }
        let between = singles.first { index in
            index > 0 && index < last && runs[index - 1].decision == runs[index + 1].decision
        }
        return between ?? singles.first { $0 == 0 || $0 == last }
    }
}
