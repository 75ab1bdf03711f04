/// The numbers that the judged calls have in one calling convention.
public struct SyscallTable: Hashable, Sendable {
    /// A call and its number.
    public struct Entry: Hashable, Sendable {
        /// The call's number.
        public let number: UInt32
        /// The call.
        public let call: JudgedCall
    }

    /// Every judged call that the convention has, by rising number.
    public let entries: [Entry]

    /// The call of that number, nil where the number is not judged.
    public func call(numbered number: UInt32) -> JudgedCall? {
        entries.first { $0.number == number }?.call
    }

    /// The number of a call, nil where the convention does not have it.
    public func number(of call: JudgedCall) -> UInt32? {
        entries.first { $0.call == call }?.number
    }

    /// Makes a table of its rows in any order.
    init(_ rows: [(number: UInt32, call: JudgedCall)]) {
        entries = rows.map { Entry(number: $0.number, call: $0.call) }
            .sorted { $0.number < $1.number }
    }
}
