import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("Text lines")
struct TextSinkTests {
    private func text(_ event: AuditEvent, color: Bool = false) throws -> String {
        let writer = CollectingWriter()
        try TextSink(writer: writer, color: color).record(event)
        #expect(writer.writes.count == 1)
        return writer.text
    }

    @Test(
        "An event is one line in columns",
        arguments: [
            (
                .example,
                "2026-11-21T05:07:00.123456Z    4242 curl            connect  tcp     "
                    + "127.0.0.1:8080        denied EPERM       network off @ profile\n"
            ),
            (
                .minimal,
                "1970-01-01T00:00:00.000000Z       1 -               socket   -       "
                    + "-                     allowed\n"
            ),
            (
                .minimal.with {
                    $0.command = bytes("тест")
                    $0.call = "bind"
                    $0.operation = .bind
                    $0.protocolName = "unix"
                    $0.local = "/run/x"
                    $0.returned = 0
                },
                "1970-01-01T00:00:00.000000Z       1 тест            bind     unix    "
                    + "/run/x                allowed = 0\n"
            ),
            (
                .complete,
                "2026-11-21T05:07:00.000000Z 2147483647 тест            sendto/i386 udp     "
                    + "[fe80::1%2]:53 (ns.example.org) would-deny ECONNREFUSED = -111 "
                    + " deny(ECONNREFUSED) send udp @ policy.toml rules[3]\n"
                    + "    0x7f01c2a4e8b4 sendto at socket/sendto.c:27 in "
                    + "/usr/lib/libc.so.6+0x10e8b4\n"
                    + "    0xffffffffffffffff\n"
                    + "    0x0 in [vdso]+0x0\n"
                    + "    by worker a b ''\n"
                    + "    started by make all\n"
            ),
        ] as [(AuditEvent, String)])
    func wholeLine(event: AuditEvent, line: String) throws {
        #expect(try text(event) == line)
    }

    @Test(
        "The result and the rule have a colour when told so",
        arguments: [
            (.denied, "\u{1b}[31mdenied\u{1b}[0m EPERM       "),
            (.wouldDeny, "\u{1b}[33mwould-deny\u{1b}[0m EPERM   "),
            (.allowed, "allowed EPERM      "),
        ] as [(AuditEvent.Outcome, String)])
    func color(result: AuditEvent.Outcome, shown: String) throws {
        #expect(
            try text(.example.with { $0.result = result }, color: true)
                == "2026-11-21T05:07:00.123456Z    4242 curl            connect  tcp     "
                + "127.0.0.1:8080        " + shown
                + "\u{1b}[2mnetwork off @ profile\u{1b}[0m\n")
    }

    @Test("Hostile bytes are escaped in every field")
    func hostile() throws {
        let shown = AuditEvent.hostileShown
        #expect(
            try text(.hostile)
                == "1970-01-01T00:00:00.000000Z       2 \(shown) connect  "
                + #"p\x0a   @r"\xe2\x80\xae\x00 (\#(shown)) denied 4095        "#
                + #"deny "\x0a @ a\x09b.toml"# + "\n"
                + "    0x2 \(shown) at \(shown) in \(shown)+0x1\n"
                + "    by \(shown)\n    started by \(shown)\n")
    }

    @Test("A program's name is the last component of its path")
    func baseNames() throws {
        let table: [(path: String, name: String)] = [
            ("/usr/bin/curl", "curl"), ("curl", "curl"), ("/", "/"), ("/a/", "/a/"), ("", ""),
        ]
        for (path, name) in table {
            let line = try text(.example.with { $0.program?.path = bytes(path) })
            let column = line.dropFirst(36).prefix(16)
            #expect(column == name + String(repeating: " ", count: 16 - name.count))
        }
    }
}
