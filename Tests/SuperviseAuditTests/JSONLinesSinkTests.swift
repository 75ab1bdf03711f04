import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("JSON lines")
struct JSONLinesSinkTests {
    @Test(
        "An event is one line with its keys in the documented order",
        arguments: [
            (
                .example,
                #"{"time":"2026-11-21T05:07:00.123456789Z","seq":17,"pid":4242,"tid":4243,"#
                    + #""program":{"path":"/usr/bin/curl","device":"8:1","inode":1835102},"#
                    + #""command":"curl","call":"connect","abi":"x86-64","operation":"connect","#
                    + #""protocol":"tcp","remote":"127.0.0.1:8080","result":"denied","#
                    + #""errno":"EPERM","rule":{"text":"network off","place":"profile"}}"#
            ),
            (
                .minimal,
                #"{"time":"1970-01-01T00:00:00.000000000Z","seq":0,"pid":1,"tid":1,"#
                    + #""call":"socket","abi":"x86-64","operation":"create","result":"allowed"}"#
            ),
            (
                .complete,
                #"{"time":"2026-11-21T05:07:00.000000005Z","seq":18446744073709551615,"#
                    + #""pid":2147483647,"tid":2147483647,"program":{"path":"/opt/a b/тест","#
                    + #""device":"4294967295:4294967295","inode":18446744073709551615},"#
                    + #""command":"worker \"1\"","call":"sendto","abi":"i386","#
                    + #""operation":"send","protocol":"udp","local":"10.0.0.1:5353","#
                    + #""remote":"[fe80::1%2]:53","name":"ns.example.org","result":"would-deny","errno":"ECONNREFUSED","#
                    + #""returned":-111,"rule":{"text":"deny(ECONNREFUSED) send udp","#
                    + #""place":"policy.toml rules[3]"},"backtrace":["#
                    + #"{"module":"/usr/lib/libc.so.6","offset":"0x10e8b4","symbol":"sendto","#
                    + #""file":"socket/sendto.c","line":27,"pc":"0x7f01c2a4e8b4"},{"pc":"0xffffffffffffffff"},"#
                    + #"{"module":"[vdso]","offset":"0x0","pc":"0x0"}],"#
                    + #""arguments":["worker","a b",""],"parents":[{"pid":7,"#
                    + #""arguments":["make","all"]},{"pid":6,"arguments":[]}]}"#
            ),
            (
                .minimal.with {
                    $0.backtrace = []
                    $0.returned = .min
                    $0.command = []
                },
                #"{"time":"1970-01-01T00:00:00.000000000Z","seq":0,"pid":1,"tid":1,"#
                    + #""command":"","call":"socket","abi":"x86-64","operation":"create","#
                    + #""result":"allowed","returned":-9223372036854775808,"backtrace":[]}"#
            ),
        ] as [(AuditEvent, String)])
    func wholeLine(event: AuditEvent, line: String) throws {
        let writer = CollectingWriter()
        try JSONLinesSink(writer: writer).record(event)
        #expect(writer.text == line + "\n")
    }

    @Test("Hostile bytes are escaped in every field")
    func hostile() throws {
        let writer = CollectingWriter()
        try JSONLinesSink(writer: writer).record(AuditEvent.hostile)
        let shown =
            #"a\"b\\x5cc\\x0a\\x1b[2J\\x7f\\xc2\\x85\\xe2\\x80\\xae\\xe2\\x80\\xa8é\\xff\\xc3\\x00"#
        #expect(
            writer.text
                == #"{"time":"1970-01-01T00:00:00.000000000Z","seq":1,"pid":2,"tid":3,"#
                + #""program":{"path":"/\#(shown)","device":"0:0","inode":0},"#
                + #""command":"\#(shown)","call":"connect","abi":"x86-64","#
                + #""operation":"connect","protocol":"p\\x0a","local":"/l\"\\x1b\\x0a","#
                + #""remote":"@r\"\\xe2\\x80\\xae\\x00","name":"\#(shown)","#
                + #""result":"denied","errno":"4095","#
                + #""rule":{"text":"deny \"\\x0a","place":"a\\x09b.toml"},"#
                + #""backtrace":[{"module":"\#(shown)","offset":"0x1","symbol":"\#(shown)","#
                + #""file":"\#(shown)","pc":"0x2"}],"arguments":["\#(shown)"],"#
                + #""parents":[{"pid":1,"arguments":["\#(shown)"]}]}"# + "\n")
    }

    @Test("So are they in the lines of processes")
    func hostileProcess() throws {
        let writer = CollectingWriter()
        try JSONLinesSink(writer: writer).record(ProcessEvent.hostile)
        let shown =
            #"a\"b\\x5cc\\x0a\\x1b[2J\\x7f\\xc2\\x85\\xe2\\x80\\xae\\xe2\\x80\\xa8é\\xff\\xc3\\x00"#
        #expect(
            writer.text
                == #"{"time":"1970-01-01T00:00:00.000000000Z","event":"exec","pid":2,"#
                + #""program":{"path":"/\#(shown)","device":"0:0","inode":0},"#
                + #""arguments":["\#(shown)","\#(shown)"]}"# + "\n")
    }

    @Test("No byte of a name leaves its string or its line", arguments: 0...255)
    func everyByte(byte: Int) throws {
        let writer = CollectingWriter()
        let name = bytes("x") + [UInt8(byte)] + bytes("y")
        try JSONLinesSink(writer: writer).record(.minimal.with { $0.command = name })
        let line = try JSON(parsing: writer.text)
        #expect(line["command"] == .string(EscapedText.escape(name)))
        #expect(writer.text.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(writer.text.utf8.allSatisfy { $0 >= 0x20 || $0 == UInt8(ascii: "\n") })
    }

    @Test("Each event is one write")
    func writes() throws {
        let writer = CollectingWriter()
        let sink = JSONLinesSink(writer: writer)
        for event: AuditEvent in [.complete, .minimal, .hostile] { try sink.record(event) }
        #expect(writer.writes.count == 3)
        #expect(writer.writes.allSatisfy { $0.last == UInt8(ascii: "\n") })
    }

    @Test("A line that cannot be written is an error that names the file and the reason")
    func failure() {
        let writer = CollectingWriter()
        writer.failure = SinkError(destination: "audit.jsonl", error: ErrorNumber(rawValue: 28))
        let sink = JSONLinesSink(writer: writer)
        let error = #expect(throws: SinkError.self) { try sink.record(.example) }
        #expect(error?.description == "cannot write audit.jsonl: ENOSPC")
    }
}
