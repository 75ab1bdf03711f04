extension Timestamp {
    /// Reads a moment as logs have it: `2026-11-21T05:07:00.123456789Z`, with 1 to 9 digits after the
    /// point.
    public init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard (22...30).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
        for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, ".")]
        where bytes[place] != mark.utf8.first {
            return nil
        }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), year >= 1970, let month = number(5..<7),
            (1...12).contains(month), let day = number(8..<10), (1...31).contains(day),
            let hour = number(11..<13), hour < 24, let minute = number(14..<16), minute < 60,
            let second = number(17..<19), second < 60, var fraction = number(20..<bytes.count - 1)
        else { return nil }
        for _ in bytes.count..<30 { fraction *= 10 }
        // Howard Hinnant's days from civil: the year begins in March, so that the odd day is its last.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days =
            365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        self.init(
            seconds: Int64(days * 86_400 + hour * 3_600 + minute * 60 + second),
            nanoseconds: Int32(fraction))
    }

    /// The time from another moment to this one; nil where that is centuries.
    public func nanoseconds(since other: Timestamp) -> Int64? {
        let (difference, overflow) = (seconds - other.seconds)
            .multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = difference.addingReportingOverflow(
            Int64(nanoseconds) - Int64(other.nanoseconds))
        // Two of them are added and subtracted without a thought.
        return overflow || carry || sum.magnitude > 1 << 61 ? nil : sum
    }

    /// The moment so much later.
    public func adding(nanoseconds more: Int64) -> Timestamp {
        let sum = Int64(nanoseconds) + more
        let rest = (sum % 1_000_000_000 + 1_000_000_000) % 1_000_000_000
        return Timestamp(
            seconds: seconds + (sum - rest) / 1_000_000_000, nanoseconds: Int32(rest))
    }
}
