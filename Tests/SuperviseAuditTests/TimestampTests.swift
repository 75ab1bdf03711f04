import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "A moment is written as RFC 3339 with nanoseconds, in UTC",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (0, 999_999_999, "1970-01-01T00:00:00.999999999Z"),
            (59, 1, "1970-01-01T00:00:59.000000001Z"),
            (86_399, 0, "1970-01-01T23:59:59.000000000Z"),
            (86_400, 0, "1970-01-02T00:00:00.000000000Z"),
            (31_535_999, 0, "1970-12-31T23:59:59.000000000Z"),
            (31_536_000, 0, "1971-01-01T00:00:00.000000000Z"),
            // Leap years: by four, by a hundred (2100 is none), by four hundred (2000 is one).
            (68_169_599, 0, "1972-02-28T23:59:59.000000000Z"),
            (68_169_600, 0, "1972-02-29T00:00:00.000000000Z"),
            (68_256_000, 0, "1972-03-01T00:00:00.000000000Z"),
            (94_694_399, 0, "1972-12-31T23:59:59.000000000Z"),
            (951_782_400, 0, "2000-02-29T00:00:00.000000000Z"),
            (951_868_800, 0, "2000-03-01T00:00:00.000000000Z"),
            (978_307_199, 0, "2000-12-31T23:59:59.000000000Z"),
            (2_147_483_648, 0, "2038-01-19T03:14:08.000000000Z"),
            (1_795_237_620, 123_456_789, "2026-11-21T05:07:00.123456789Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
            (13_574_563_200, 0, "2400-02-29T00:00:00.000000000Z"),
            (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] as [(Int64, Int32, String)])
    func format(seconds: Int64, nanoseconds: Int32, text: String) {
        #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds).description == text)
        let read = Timestamp(parsing: text)
        #expect(read == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(
        "What is no moment is not read as one",
        arguments: [
            "", "2026-11-21", "2026-11-21T05:07:00Z", "2026-11-21T05:07:00.Z",
            "2026-11-21T05:07:00.1234567890Z", "2026-11-21 05:07:00.123Z",
            "2026-13-21T05:07:00.123Z", "2026-00-21T05:07:00.123Z", "2026-11-32T05:07:00.123Z",
            "2026-11-21T24:07:00.123Z", "2026-11-21T05:60:00.123Z", "1969-11-21T05:07:00.123Z",
            "2026-11-21T05:07:-1.123Z", "2026-11-21T05:07:00.12x9Z",
            "2026-11-21T05:07:00.123456789",
        ])
    func noMoment(text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test("Moments are added to, and taken from each other, where that is no matter of centuries")
    func arithmetic() {
        let early = Timestamp(seconds: 10, nanoseconds: 900_000_000)
        let late = Timestamp(seconds: 12, nanoseconds: 100_000_000)
        #expect(late.nanoseconds(since: early) == 1_200_000_000)
        #expect(early.nanoseconds(since: late) == -1_200_000_000)
        #expect(early.adding(nanoseconds: 1_200_000_000) == late)
        #expect(late.adding(nanoseconds: -1_200_000_000) == early)
        let last = Timestamp(seconds: 253_402_300_799, nanoseconds: 999_999_999)
        #expect(last.nanoseconds(since: early) == nil && early.nanoseconds(since: last) == nil)
    }

    @Test(
        "What lies outside 1970 to 9999 is the nearest moment within",
        arguments: [
            (-1, 0, "1970-01-01T00:00:00.000000000Z"),
            (.min, .min, "1970-01-01T00:00:00.000000000Z"),
            (253_402_300_800, 0, "9999-12-31T23:59:59.000000000Z"),
            (.max, .max, "9999-12-31T23:59:59.999999999Z"),
        ] as [(Int64, Int32, String)])
    func clamp(seconds: Int64, nanoseconds: Int32, text: String) {
        #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds).description == text)
    }

    @Test("Every month from 1970 to 9999 begins and ends as the calendar has it")
    func calendar() {
        var wrong = 0
        var year = 1970
        var month = 1
        var day = 1
        for days in 0..<(253_402_300_800 / 86_400) {
            func padded(_ number: Int, _ width: Int) -> String {
                let digits = String(number)
                return String(repeating: "0", count: width - digits.count) + digits
            }
            // The days next to a month's end, or a debug build takes long over three millions.
            if day == 1 || day >= 28 {
                let text = Timestamp(seconds: Int64(days) * 86_400, nanoseconds: 0).description
                let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
                if !text.utf8.starts(with: date.utf8) { wrong += 1 }
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            day += 1
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(wrong == 0)
        #expect((year, month, day) == (10_000, 1, 1))
    }

    @Test("A log writes every event's own time, whatever came before")
    func cache() throws {
        let writer = CollectingWriter()
        let sink = JSONLinesSink(writer: writer)
        let times: [(Int64, Int32)] = [(60, 1), (60, 2), (61, 2), (60, 3), (-5, 0), (60, 3)]
        for (seconds, nanoseconds) in times {
            try sink.record(
                .minimal.with { $0.time = Timestamp(seconds: seconds, nanoseconds: nanoseconds) })
        }
        let written = writer.writes.map {
            String(decoding: $0.dropFirst(9).prefix(30), as: UTF8.self)
        }
        #expect(
            written == [
                "1970-01-01T00:01:00.000000001Z", "1970-01-01T00:01:00.000000002Z",
                "1970-01-01T00:01:01.000000002Z", "1970-01-01T00:01:00.000000003Z",
                "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:01:00.000000003Z",
            ])
    }
}
