extension DecisionGraph {
    /// Neighbouring values of a word with one decision for all of them.
    ///
    /// A run goes from its first value to the next run's, the last one on to the greatest value.
    struct Run {
        /// The first value.
        var first: UInt32
        /// What is decided for the run.
        var decision: RegisterDecision
        /// What its values mean, shown where a comparison singles the run out.
        var meaning: Meaning?
    }

    /// How many runs are told apart one after the other; with more, the middle is asked first.
    private static let longestChain = 6

    /// Decides by a word's value, with few comparisons.
    ///
    /// The runs are in rising order and hold every value that can be: from 0, or what is known of
    /// the word, to below `end`. Equal neighbours are merged; a value between equals costs one
    /// comparison for equality; many runs are searched by halves.
    mutating func select(
        _ word: Question.Word, _ runs: [Run], below end: UInt64 = 1 << 32
    ) -> RegisterDecision {
        let runs = Self.merged(runs)
        guard let first = runs.first else { return answer(.killProcess) }
        guard runs.count > 1 else { return first.decision }
        if runs.count <= Self.longestChain, let index = Self.singleValue(in: runs, below: end) {
            var rest = runs
            let single = rest.remove(at: index)
            rest = Self.merged(rest)
            let note = Note(constant: single.meaning, otherwise: Self.onlyMeaning(of: rest))
            let otherwise = select(word, rest, below: end)
            return when(
                .word(word, .equals(single.first), note: note), then: single.decision,
                else: otherwise)
        }
        let middle = runs.count / 2
        let (lower, upper) = (Array(runs[..<middle]), Array(runs[middle...]))
        let pivot = upper[0].first
        let note = Note(then: Self.onlyMeaning(of: upper), otherwise: Self.onlyMeaning(of: lower))
        let then = select(word, upper, below: end)
        let otherwise = select(word, lower, below: UInt64(pivot))
        return when(.word(word, .atLeast(pivot), note: note), then: then, else: otherwise)
    }

    /// Decides by a word's value: these values, each a run of its own, one way, all others another.
    mutating func select(
        _ word: Question.Word, values: [Run], else otherwise: RegisterDecision
    ) -> RegisterDecision {
        var runs = [Run(first: 0, decision: otherwise)]
        runs.reserveCapacity(2 * values.count + 1)
        for value in values.sorted(by: { $0.first < $1.first }) where value.decision != otherwise {
            if runs[runs.count - 1].first == value.first { runs.removeLast() }
            runs.append(value)
            if value.first < .max { runs.append(Run(first: value.first + 1, decision: otherwise)) }
        }
        return select(word, runs)
    }

    /// What the values of a single run mean, nil where there are more runs.
    private static func onlyMeaning(of runs: [Run]) -> Meaning? {
        runs.count == 1 ? runs[0].meaning : nil
    }

    private static func merged(_ runs: [Run]) -> [Run] {
        var result: [Run] = []
        result.reserveCapacity(runs.count)
        for run in runs {
            guard let last = result.last, last.decision == run.decision else {
                result.append(run)
                continue
            }
            guard let meaning = run.meaning else { continue }
            if last.meaning == nil {
                result[result.count - 1].meaning = meaning
            } else {
                result[result.count - 1].meaning?.append(meaning)
            }
        }
        return result
    }

    /// A run of one value that is best asked for by equality: between equal neighbours, which are
    /// one run then, else at either end.
    private static func singleValue(in runs: [Run], below end: UInt64) -> Int? {
        let last = runs.count - 1
        func isSingle(_ index: Int) -> Bool {
            (index < last ? UInt64(runs[index + 1].first) : end) == UInt64(runs[index].first) + 1
        }
        for index in runs.indices.dropFirst().dropLast()
        where isSingle(index) && runs[index - 1].decision == runs[index + 1].decision {
            return index
        }
        return isSingle(0) ? 0 : isSingle(last) ? last : nil
    }
}
