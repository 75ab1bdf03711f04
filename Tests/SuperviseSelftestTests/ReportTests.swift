import Testing

@testable import SuperviseSelftest

@Suite("Reports of the selftest")
struct ReportTests {
    private let report: SelftestReport = {
        var refused = SemanticsCase(name: "a/refused", title: "is <refused>", profiles: ["p"])
        refused.steps = [
            Step(text: "socket(x)", result: "EPERM"), Step(text: "close(3)", result: nil),
        ]
        refused.events = [.table([:])]
        var skipped = refused
        skipped.name = "b/skipped"
        skipped.steps = []
        skipped.events = nil
        let wide = Variant(abi: .x86_64, profile: "p")
        let narrow = Variant(abi: .i386, profile: "p", way: .garbage)
        let wrong = CaseRun.Result.failed([Deviation("socket(x)", expected: "EPERM", seen: "3")])
        return SelftestReport(items: [
            .init(entry: refused, runs: [(wide, .passed), (narrow, wrong)]),
            .init(entry: skipped, runs: [(wide, .skipped("no IPv6"))]),
        ])
    }()

    @Test("as a table for people")
    func text() {
        #expect(
            report.rendered(as: .text, verbose: true)
                == """
                case       expected                     seen
                a/refused  1 refused, 1 kernel, 1 event  otherwise in 1 of 2 runs
                    socket(x)  EPERM
                    close(3)   kernel
                    i386 p garbage:
                        socket(x): expected EPERM, seen 3
                b/skipped                               skipped
                    skipped: no IPv6
                1 passed, 1 failed, 1 skipped

                """.replacing(
                    "expected                     seen", with: "expected                      seen"
                )
                .replacing(
                    "                               skipped",
                    with: "                                skipped"))
    }

    @Test("in the Test Anything Protocol")
    func tap() {
        #expect(
            report.rendered(as: .tap, verbose: false) == """
                TAP version 13
                1..3
                ok 1 - a/refused x86-64 p
                not ok 2 - a/refused i386 p garbage
                # socket(x): expected EPERM, seen 3
                ok 3 - b/skipped x86-64 p # SKIP no IPv6
                # 1 passed, 1 failed, 1 skipped

                """)
    }

    @Test("as JUnit's XML")
    func junit() {
        #expect(
            report.rendered(as: .junit, verbose: false) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites name="supervise selftest" tests="3" failures="1" skipped="1">
                  <testsuite name="a" tests="2" failures="1" skipped="0">
                    <testcase classname="a/refused" name="is &lt;refused&gt; (x86-64 p)"/>
                    <testcase classname="a/refused" name="is &lt;refused&gt; (i386 p garbage)"><failure>socket(x): expected EPERM, seen 3</failure></testcase>
                  </testsuite>
                  <testsuite name="b" tests="1" failures="0" skipped="1">
                    <testcase classname="b/skipped" name="is &lt;refused&gt; (x86-64 p)"><skipped message="no IPv6"/></testcase>
                  </testsuite>
                </testsuites>

                """)
    }

    @Test("hold only where something was run and nothing was otherwise")
    func allHold() {
        #expect(!report.allHold)
        #expect(!SelftestReport(items: []).allHold)
        #expect(
            SelftestReport(items: [
                .init(entry: report.items[0].entry, runs: [report.items[0].runs[0]])
            ]).allHold)
    }
}
