import Testing

@testable import SuperviseSelftest

@Suite("Transcripts of the probe")
struct TranscriptTests {
    private let native = """
        s=socket(x) = 3
          connect(y) = 0
        in-child(connect(y)) = exited 0
        recv(z) = 5 "a = b"
        connect(y) = 0
        connect(y) = 0

        """

    @Test("take the expected results by the steps' places")
    func places() throws {
        var expected = Transcript(native)
        let steps = try Step.parse(
            """
            s=socket(x)
            in-child(connect(y))
              connect(y) -> EPERM
            recv(z)
            connect(y)
            connect(y) -> EACCES
            """, each: [:])
        #expect(expected.expect(steps).isEmpty)
        #expect(expected.lines.map(\.result) == ["3", "EPERM", "exited 0", "b\"", "0", "EACCES"])
    }

    @Test("show expectations that show nothing")
    func nothingShown() throws {
        var expected = Transcript("a() = EPERM\n")
        let wrong = expected.expect([
            Step(text: "a()", result: "EPERM"), Step(text: "b()", result: "EPERM"),
        ])
        #expect(
            wrong == [
                Deviation(
                    "a()", expected: "EPERM, unlike the kernel", seen: "EPERM, as the kernel"),
                Deviation("b()", expected: "EPERM", seen: "not made"),
            ])
    }

    static let differences = [
        ("a() = 1\nb() = 2\n", [Deviation("b()", expected: "3", seen: "2")]),
        ("a() = 1\n", [Deviation("b()", expected: "3", seen: "nothing")]),
        ("a() = 1\nb() = 3\nc() = 4\n", [Deviation("c()", expected: "no step", seen: "4")]),
        ("a() = 1\nx() = 3\ny() = 0\n", [Deviation("b()", expected: "3", seen: "x() = 3")]),
        ("a() = 1\n  b() = 3\n", [Deviation("b()", expected: "3", seen: "b() = 3")]),
        ("a() = 1\nb() = 3\n", []),
    ]

    @Test("are compared line by line", arguments: differences)
    func difference(output: String, deviations: [Deviation]) {
        let expected = Transcript("a() = 1\nb() = 3\n")
        #expect(expected.deviations(of: Transcript(output)) == deviations)
    }

    @Test("come from the steps where nothing is run natively")
    func fromSteps() {
        let steps = [
            Step(text: "a()", result: "0", inner: [Step.Inner(text: "b()", result: "EPERM")])
        ]
        #expect(Transcript(of: steps) == Transcript("  b() = EPERM\na() = 0\n"))
    }

    static let logs = [
        (#"{"call":"a","errno":"EPERM","n":1}"#, []),
        ("", [Deviation("event 1", expected: #"{call: "a", n: 1}"#, seen: "no event")]),
        (
            #"{"call":"b","x":[1,{"y":null}],"n":1}"#,
            [
                Deviation(
                    "event 1", expected: #"{call: "a", n: 1}"#, seen: #"{call: "b", n: 1}"#)
            ]
        ),
        (
            #"{"call":"a","n":1}"# + "\n{}",
            [Deviation("event 2", expected: "no event", seen: "{}")]
        ),
        (
            #"{"call":"#,
            [Deviation("event 1", expected: #"{call: "a", n: 1}"#, seen: #"{"call":"#)]
        ),
    ]

    @Test("of events ask for some keys of each", arguments: logs)
    func events(log: String, deviations: [Deviation]) {
        let wanted = Value.table(["call": .string("a"), "n": .integer(1)])
        #expect(CaseRun.unlike(log: log, [wanted]) == deviations)
    }

    static let globs: [(String, String, Bool)] = [
        ("*", "", true), ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abcbc", true),
        ("a?c", "abc", true), ("a?c", "ac", false), ("a*b", "abc", false), ("", "a", false),
        ("*/x*", "sockets/x32", true),
    ]

    @Test("globs", arguments: globs)
    func glob(pattern: String, text: String, isMatch: Bool) {
        #expect(Glob(pattern).matches(text) == isMatch)
    }

    static let texts: [(String, Value?)] = [
        (#""a\\b\"c\nA""#, .string("a\\b\"c\nA")), ("-7", .integer(-7)),
        ("18446744073709551615", .other("18446744073709551615")), ("true", .boolean(true)),
        ("[]", .array([])), ("{} x", nil), ("[1", nil), ("tru", nil), (#"{"a" 1}"#, nil),
        (#"{"a":{"b":[1,2]}}"#, .table(["a": .table(["b": .array([.integer(1), .integer(2)])])])),
        (String(repeating: "[", count: 100), nil),
    ]

    @Test("JSON", arguments: texts)
    func json(text: String, value: Value?) {
        #expect(parseJSON(text) == value)
    }
}
