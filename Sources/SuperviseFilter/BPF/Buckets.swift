/// Finds the places of things in a list by what they are: a hash table of numbers only.
///
/// A `Dictionary` of a type's own costs its first user more, at the start of a process, than a
/// whole filter takes to compile.
struct Buckets: Sendable {
    /// The last place in each bucket, -1 where there is none.
    private var last: [Int]
    /// For each place, the one before it in its bucket.
    private var before: [Int] = []

    /// Makes an empty table; the number of buckets is a power of 2.
    init(count: Int) {
        last = Array(repeating: -1, count: count)
        before.reserveCapacity(count)
    }

    /// The place with that hash for which the condition holds, nil where there is none.
    func first(hash: UInt32, where isIt: (Int) -> Bool) -> Int? {
        var place = last[bucket(hash)]
        while place >= 0, !isIt(place) { place = before[place] }
        return place >= 0 ? place : nil
    }

    /// Gives the next place, counted from 0, to something with that hash.
    mutating func append(hash: UInt32) {
        let bucket = bucket(hash)
        before.append(last[bucket])
        last[bucket] = before.count - 1
    }

    private func bucket(_ hash: UInt32) -> Int {
        // Fibonacci hashing: the upper bits of the product depend on all of the hash.
        Int((hash &* 0x9e37_79b9) >> 16) & (last.count - 1)
    }
}
