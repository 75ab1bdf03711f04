import SuperviseReport
import Testing

@Suite("Reports in text")
struct TextReportTests {
    @Test("show endpoints, processes and refused calls in columns")
    func example() throws {
        let report = try Logs.report(Logs.example + ["torn"])
        #expect(
            TextReport(report, source: "run.jsonl").text == """
                run.jsonl: 2 calls refused, 1 allowed, 2 endpoints, 4 processes
                from 2026-11-21 05:07:00 UTC, for 0.075 s

                Remarks
                  Line 12 is no event and is left out.

                Endpoints
                  refused  allowed  operation  protocol  endpoint              programs
                        2        0  connect    tcp       192.0.2.1:443         curl
                        0        1  connect    tcp       10.0.0.1:80 (b.test)  curl

                Processes
                  start    end  pid  refused  allowed  ended      process
                  0.000      -  100        0        0  -          make all
                  0.005  0.075  101        0        0  exit 0       sh -c curl a & curl b
                  0.010  0.040  102        2        0  exit 7         curl a
                  0.011  0.070  103        0        1  signal 15      curl b

                Refused calls
                  first  times  program  call         endpoint       error  rule
                  0.020      2  curl     connect tcp  192.0.2.1:443  EPERM  network off @ profile
                      0x7f10 connect in /lib/libc.so.6+0x10
                      0x5520 main at curl.c:7 in /usr/bin/curl+0x20
                      by curl -s ''
                      started by sh -c x

                """)
    }

    @Test(
        "say of a run that was only watched that nothing was refused",
        arguments: [
            (
                ["would-deny", "allowed"], "1 call would be refused, 1 allowed",
                "Calls that would be refused"
            ),
            (["would-deny", "denied"], "2 calls refused, 0 allowed", "Refused calls"),
            (["allowed"], "0 calls refused, 1 allowed", nil),
        ] as [([String], String, String?)])
    func watched(results: [String], head: String, table: String?) throws {
        let lines = results.enumerated().map {
            Logs.call($0 + 1, 7, at: $0, "/bin/a", $1, "10.0.0.1:80")
        }
        let text = TextReport(try Logs.report(lines), source: "x").text
        #expect(text.hasPrefix("x: \(head), 1 endpoint"))
        #expect(table.map { text.contains("\n\($0)") } ?? !text.contains("efused calls"))
    }

    @Test("have nothing in them that a terminal obeys")
    func hostile() throws {
        let text = TextReport(try Hostile.report(), source: "x").text
        let bad = text.unicodeScalars.filter {
            $0 != "\n" && ($0.value < 0x20 || (0x7f...0x9f).contains($0.value))
                || [0x202e, 0x2028, 0x2029].contains($0.value)
        }
        #expect(bad.isEmpty)
        #expect(text.contains(#"\x1b]0;x\x07"#) && text.contains(#"\xe2\x80\xae"#))
    }
}
