/// What somebody who wrote a name wrong could have meant.
public enum Suggestion {
    /// The name that is nearest to a word, nil where none is near; the first of equals.
    public static func nearest(to word: String, among names: [String]) -> String? {
        nearest(to: Array(word.utf8), among: names)
    }

    /// The name that is nearest to a word, nil where none is near; of equals the first with its
    /// first letter, else the first.
    static func nearest(to word: some Collection<UInt8>, among names: some Sequence<String>)
        -> String?
    {
        // Nobody takes that for a name; and the time it takes is the product of two lengths.
        guard word.count <= 64 else { return nil }
        let word = word.map(lowered)
        var best: (name: String, distance: Int, isAlike: Bool)?
        for name in names {
            let limit = min(word.count, name.utf8.count) < 4 ? 1 : word.count < 6 ? 2 : 3
            let letters = Array(name.utf8)
            guard abs(letters.count - word.count) <= limit else { continue }
            let distance = distance(word, letters.map(lowered))
            guard distance <= limit, distance < letters.count else { continue }
            let isAlike = letters.first.map(lowered) == word.first
            if let best,
                best.distance < distance
                    || best.distance == distance && (best.isAlike || !isAlike)
            {
                continue
            }
            best = (name, distance, isAlike)
        }
        return best?.name
    }

    /// The end of a message: `; did you mean 'tcp'?`, or nothing.
    static func ending(for word: some Collection<UInt8>, among names: some Sequence<String>)
        -> String
    {
        nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// How many letters have to be put in, left out, replaced or swapped with their neighbour.
    ///
    /// The distance of Damerau and Levenshtein where no letter is changed twice.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (before, last) = ([Int](), Array(0...right.count))
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
                var cost = min(replaced, last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[right.count]
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
