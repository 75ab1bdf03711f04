/// A moment in UTC, as `clock_gettime(CLOCK_REALTIME)` gives it.
public struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    /// Whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public var seconds: Int64
    /// The rest, 0 to 999,999,999.
    public var nanoseconds: Int32

    /// Makes a moment of its two parts.
    public init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The moment as RFC 3339 writes it: `2026-11-21T05:07:00.123456789Z`.
    ///
    /// What lies outside the years 1970 to 9999 is shown as the nearest moment within.
    public var description: String {
        var line = LineBuffer()
        var text = TimestampText()
        text.append(self, fractionDigits: 9, to: &line)
        return String(decoding: line.bytes, as: UTF8.self)
    }
}

/// Writes moments as text, and keeps what it worked out for the second it wrote last.
///
/// Events come in bursts; most share their second with the one before.
struct TimestampText {
    /// 9999-12-31T23:59:59Z, the last second with a year of four digits.
    private static let lastSecond: Int64 = 253_402_300_799

    private var second: Int64 = -1
    /// The text of `second`, up to and with the decimal point.
    private var prefix = LineBuffer()

    /// Appends the moment with so many digits (1 to 9) after the decimal point.
    mutating func append(_ time: Timestamp, fractionDigits: Int, to line: inout LineBuffer) {
        let wanted = min(max(time.seconds, 0), Self.lastSecond)
        if wanted != second {
            second = wanted
            prefix.removeAll()
            Self.append(second: UInt64(wanted), to: &prefix)
        }
        line.append(contentsOf: prefix.bytes)
        var fraction = UInt64(min(max(time.nanoseconds, 0), 999_999_999))
        for _ in fractionDigits..<9 { fraction /= 10 }
        line.append(decimal: fraction, width: fractionDigits)
        line.append(UInt8(ascii: "Z"))
    }

    private static func append(second: UInt64, to line: inout LineBuffer) {
        let date = CivilDate(daysSinceEpoch: Int(second / 86_400))
        let time = second % 86_400
        line.append(decimal: UInt64(date.year), width: 4)
        line.append(UInt8(ascii: "-"))
        line.append(decimal: UInt64(date.month), width: 2)
        line.append(UInt8(ascii: "-"))
        line.append(decimal: UInt64(date.day), width: 2)
        line.append(UInt8(ascii: "T"))
        line.append(decimal: time / 3_600, width: 2)
        line.append(UInt8(ascii: ":"))
        line.append(decimal: time / 60 % 60, width: 2)
        line.append(UInt8(ascii: ":"))
        line.append(decimal: time % 60, width: 2)
        line.append(UInt8(ascii: "."))
    }
}

/// A day of the Gregorian calendar.
struct CivilDate {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int

    /// The day so many days (0 or more) after 1970-01-01.
    init(daysSinceEpoch: Int) {
        let days = Self.daysBefore(year: 1970) + daysSinceEpoch
        // 400 years have 146,097 days; the guess is at most a year off.
        var year = 1970 + daysSinceEpoch * 400 / 146_097
        while Self.daysBefore(year: year) > days { year -= 1 }
        while Self.daysBefore(year: year + 1) <= days { year += 1 }

        let isLeap = Self.daysBefore(year: year + 1) - Self.daysBefore(year: year) == 366
        var rest = days - Self.daysBefore(year: year)
        var month = 1
        for length in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
            guard rest >= length else { break }
            rest -= length
            month += 1
        }
        self.year = year
        self.month = month
        day = rest + 1
    }

    /// The days from 0001-01-01 to the first day of a year.
    private static func daysBefore(year: Int) -> Int {
        let complete = year - 1
        return 365 * complete + complete / 4 - complete / 100 + complete / 400
    }
}
