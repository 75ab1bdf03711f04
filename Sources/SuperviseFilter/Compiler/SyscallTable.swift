/// The numbers that the judged calls have in one calling convention.
public struct SyscallTable: Hashable, Sendable {
    /// A call and its number.
    public struct Entry: Hashable, Sendable {
        /// The call's number.
        public let number: UInt32
        /// The call.
        public let call: JudgedCall

        init(_ number: UInt32, _ call: JudgedCall) {
            self.number = number
            self.call = call
        }
    }

    /// Every judged call that the convention has, by rising number.
    public let entries: [Entry]

    /// The call of that number, nil where the number is not judged.
    ///
    /// One look into a list: this is asked at every stop.
    public func call(numbered number: UInt32) -> JudgedCall? {
        guard number < places.count else { return nil }
        let place = Int(places[Int(number)])
        return place < entries.count ? entries[place].call : nil
    }

    /// The number of a call, nil where the convention does not have it.
    public func number(of call: JudgedCall) -> UInt32? {
        entries.first { $0.call == call }?.number
    }

    /// For each number up to the greatest, where its entry is; beyond the entries where it has none.
    private let places: [UInt8]

    /// Makes a table of its entries, by rising number.
    init(_ entries: [Entry]) {
        self.entries = entries
        var places = [UInt8](repeating: .max, count: Int(entries.last?.number ?? 0) + 1)
        for (place, entry) in entries.enumerated() {
            places[Int(entry.number)] = UInt8(truncatingIfNeeded: place)
        }
        self.places = places
    }
}
