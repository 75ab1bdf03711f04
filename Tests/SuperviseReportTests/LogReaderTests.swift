import Foundation
import SuperviseAudit
import SuperviseReport
import Testing

@Suite("Logs that are read")
struct LogReaderTests {
    private func tree(_ report: Report) -> [String] {
        report.processes.map {
            String(repeating: "  ", count: $0.depth) + "\($0.pid) \($0.label) +\($0.descendants)"
        }
    }

    @Test("give the tree of processes, whatever the order of their lines")
    func processes() throws {
        let report = try Logs.report(Logs.example)
        #expect(
            tree(report) == ["100 make +3", "  101 dash +2", "    102 curl +0", "    103 curl +0"])
        #expect(report.processes.map(\.refused) == [0, 0, 2, 0])
        #expect(report.processes.map(\.allowed) == [0, 0, 0, 1])
        #expect(report.processes.map(\.ending) == [nil, "exit 0", "exit 7", "signal 15"])
        #expect(report.processes.map(\.start) == [0, 5_000_000, 10_000_000, 11_000_000])
        #expect(report.start?.description == Logs.time(0) && report.duration == 75_000_000)
        #expect(report.remarks == [])
    }

    @Test("tell one call by its two lines, and equal stacks once")
    func calls() throws {
        let report = try Logs.report(Logs.example)
        #expect(report.calls.map(\.seq) == [1, 2, 3])
        #expect(report.calls.map(\.returned) == [nil, nil, -111])
        #expect(report.calls.map(\.errno) == ["EPERM", "EPERM", "ECONNREFUSED"])
        #expect(report.calls.map(\.took) == [nil, nil, 12_000_000])
        #expect(report.calls.map(\.stack) == [0, 0, nil])
        #expect(report.calls.map(\.name) == [nil, nil, "b.test"])
        #expect(
            report.stacks.map(\.frames) == [
                [
                    "0x7f10 connect in /lib/libc.so.6+0x10",
                    "0x5520 main at curl.c:7 in /usr/bin/curl+0x20",
                ]
            ])
    }

    @Test(
        "are told of where they are not as they should be",
        arguments: [
            (
                [Logs.example[3], #"{"time":"2026-1"#], "",
                ["Line 2, the last, is incomplete: the log ended while it was being written."]
            ),
            ([Logs.example[3]], "", []),
            (
                ["nonsense", "", Logs.example[3], "{}", "[1]", "\u{1b}[2J"], "\n",
                ["4 lines are no events and are left out, the first is line 1."]
            ),
            (
                [Logs.example[3], Logs.example[3]], "\n",
                ["Line 2 repeats an earlier one and is left out."]
            ),
            (
                [Logs.example[0], Logs.example[0], Logs.example[3]], "\n",
                ["Line 2 repeats an earlier one and is left out."]
            ),
            (
                [
                    Logs.example[3],
                    #"{"time":"2026-11-21T05:07:00.5Z","event":"moon","pid":1,"phase":"full"}"#,
                ], "\n",
                ["Line 2 is of a kind that this version does not know, and is left out."]
            ),
            (
                [
                    Logs.call(1, 5, at: 1, "/a", "allowed", "10.0.0.1:80"),
                    Logs.call(4, 5, at: 2, "/a", "allowed", "10.0.0.1:80"),
                ], "\n",
                ["2 numbers between those of the calls are missing: events were lost."]
            ),
            (
                [
                    Logs.call(1, 5, at: 1, "/a", "denied", "10.0.0.1:80"),
                    Logs.call(4, 5, at: 2, "/a", "denied", "10.0.0.1:80"),
                ], "\n", []
            ),
            (
                [
                    Logs.call(1, 5, at: 1, "/a", "denied", "10.0.0.1:80"),
                    Logs.call(1, 6, at: 2, "/b", "denied", "10.0.0.1:80"),
                ], "\n",
                ["A call has the number of another: is this the log of more than one run?"]
            ),
        ] as [([String], String, [String])])
    func remarks(lines: [String], ending: String, remarks: [String]) throws {
        let report = try Logs.report(lines, ending: ending)
        #expect(report.remarks == remarks)
        #expect(!report.calls.isEmpty)
    }

    @Test(
        "are refused in one line where they are none",
        arguments: [
            (
                "2026-11-21T08:50:31.548557Z     502 fetch connect tcp 192.0.2.1:443 denied\n",
                "is a log in text; "
            ),
            ("root:x:0:0\nbin:x:1:1\n", "has no event in it; "),
            ("{\"a\":1}\n", "has no event in it; "),
            ("\u{7f}ELF\0\0\n", "is no text; "),
            ("{\"time\":\"2026-11-21T", ""),
        ])
    func noLog(text: String, found: String) throws {
        let expected = "expected a log in JSON lines, of --log FILE.jsonl or --log-format json"
        if found.isEmpty {
            // A run that was killed in its first line.
            let report = try LogReader.report(on: Data(text.utf8))
            #expect(report.calls.isEmpty && report.remarks.count == 1)
        } else {
            let error = #expect(throws: LogReader.Failure.self) {
                try LogReader.report(on: Data(text.utf8))
            }
            #expect(error?.description == found + expected)
        }
    }

    @Test("may be empty")
    func empty() throws {
        let report = try LogReader.report(on: Data())
        #expect(report.start == nil && report.remarks == [])
        #expect(TextReport(report, source: "x").text == "x: no events\n")
    }

    @Test("may have keys that are not known")
    func unknownKeys() throws {
        let line = Logs.call(
            1, 5, at: 1, "/a", "denied", "10.0.0.1:80", more: #","later":{"a":[1]},"name":{"x":1}"#)
        let report = try Logs.report([line])
        #expect(report.calls.count == 1 && report.remarks == [])
    }

    @Test("without lines of processes have their parents from the stacks")
    func parents() throws {
        let report = try Logs.report([Logs.example[3]])
        #expect(tree(report) == ["9 sh +1", "  102 curl +0"])
    }

    @Test("may use a number for several processes, one after the other")
    func numbers() throws {
        let report = try Logs.report([
            Logs.start(1, at: 0, "/bin/a", "a"), Logs.start(5, at: 10, by: 1, "/bin/b", "b"),
            Logs.call(1, 5, at: 11, "/bin/b", "denied", "10.0.0.1:80"),
            Logs.exit(5, at: 20, #""status":0"#), Logs.start(5, at: 30, by: 1, "/bin/c", "c"),
            Logs.call(2, 5, at: 31, "/bin/c", "denied", "10.0.0.1:80"),
            // Made by the first of them, and told of late.
            Logs.start(6, at: 15, by: 5, "/bin/d", "d"),
            Logs.call(3, 6, at: 40, "/bin/d", "denied", "10.0.0.1:80"),
        ])
        #expect(tree(report) == ["1 a +3", "  5 b +1", "    6 d +0", "  5 c +0"])
        #expect(report.processes.map(\.refused) == [0, 1, 1, 1])
    }

    @Test("that are forged do no harm", arguments: ["parent", "time", "numbers"])
    func forged(what: String) throws {
        let lines =
            switch what {
            case "parent":
                [
                    Logs.start(1, at: 5, by: 1, "/bin/a", "a"),
                    Logs.start(2, at: 0, by: 2, "/bin/b", "b"),
                    Logs.call(1, 1, at: 9, "/bin/a", "denied", "x"),
                ]
            case "time":
                [
                    Logs.example[3],
                    #"{"time":"9999-12-31T23:59:59.999999999Z","event":"exit","pid":102,"status":1}"#,
                    #"{"time":"1970-01-01T00:00:00.000000000Z","event":"exit","pid":102,"status":1}"#,
                    #"{"time":"2026-99-99T99:99:99.000000000Z","event":"exit","pid":102,"status":1}"#,
                ]
            default:
                [
                    Logs.call(0, .max, at: 9, "/bin/a", "denied", "x"),
                    Logs.call(0, 1, at: 9, "/bin/a", "denied", "x").replacing(
                        "\"seq\":0", with: "\"seq\":18446744073709551615"),
                    Logs.call(3, 1, at: 9, "/bin/a", "allowed", "x"),
                ]
            }
        let report = try Logs.report(lines)
        #expect(report.calls.isEmpty == false)
        #expect(!TextReport(report, source: "x").text.isEmpty)
        #expect(try PageReport(report, source: "x", nonce: "0").html().hasPrefix("<!DOCTYPE html>"))
    }
}
