import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("The summary of a run")
struct SummarySinkTests {
    private func refusal(
        _ operation: SupervisePolicy.Operation, _ protocolName: String?, _ remote: String?,
        by path: String, _ errno: Int32 = 1, result: AuditEvent.Outcome = .denied,
        rule: Reason? = Reason(text: "network off", place: "profile")
    ) -> AuditEvent {
        .example.with {
            $0.operation = operation
            $0.protocolName = protocolName
            $0.remote = remote
            $0.program?.path = bytes(path)
            $0.errno = ErrorNumber(rawValue: errno)
            $0.result = result
            $0.rule = rule
        }
    }

    private func summary(_ events: [AuditEvent], rowLimit: Int = 1_000, color: Bool = false)
        -> String
    {
        let sink = SummarySink(rowLimit: rowLimit)
        for event in events { sink.record(event) }
        return sink.render(color: color)
    }

    private var three: [AuditEvent] {
        [
            refusal(.create, "tcp", nil, by: "/usr/bin/wget"),
            refusal(.connect, "tcp", "127.0.0.1:8080", by: "/usr/bin/curl"),
            refusal(.connect, "tcp", "127.0.0.1:8080", by: "/usr/bin/curl"),
        ]
    }

    @Test("A run in which nothing was refused has no summary")
    func nothing() {
        #expect(summary([.minimal, .example.with { $0.result = .allowed }]) == "")
        #expect(summary([.minimal], rowLimit: 0, color: true) == "")
    }

    @Test("Refused calls are counted by what, where to and by whom, the most frequent first")
    func refused() {
        #expect(
            summary(three) == """
                supervise: 3 calls were refused (network off)
                  2x connect tcp 127.0.0.1:8080   curl   EPERM
                  1x create tcp                   wget   EPERM

                """)
    }

    @Test("The counts, errors and rules have colours when told so")
    func colored() {
        let red = "\u{1b}[31m"
        let dim = "\u{1b}[2m"
        let off = "\u{1b}[0m"
        #expect(
            summary(three, color: true) == """
                supervise: \(red)3 calls\(off) were refused \(dim)(network off)\(off)
                  \(red)2x\(off) connect tcp 127.0.0.1:8080   curl   \(red)EPERM\(off)
                  \(red)1x\(off) create tcp                   wget   \(red)EPERM\(off)

                """)
    }

    @Test("A watched run says what would have been refused")
    func audit() {
        let watched = three.map { event in event.with { $0.result = .wouldDeny } }
        #expect(
            summary(watched) == """
                supervise: 3 calls would have been refused (network off)
                  2x connect tcp 127.0.0.1:8080   curl   EPERM
                  1x create tcp                   wget   EPERM

                """)
        #expect(
            summary([watched[0]], color: true) == """
                supervise: \u{1b}[33m1 call\u{1b}[0m would have been refused \
                \u{1b}[2m(network off)\u{1b}[0m
                  \u{1b}[33m1x\u{1b}[0m create tcp   wget   \u{1b}[33mEPERM\u{1b}[0m

                """)
    }

    @Test("What was refused stands before what would have been")
    func both() {
        #expect(
            summary([
                three[1].with { $0.result = .wouldDeny },
                refusal(.trace, nil, nil, by: "/usr/bin/gdb", rule: nil),
            ]) == """
                supervise: 1 call was refused
                  1x trace   gdb   EPERM
                supervise: 1 call would have been refused (network off)
                  1x connect tcp 127.0.0.1:8080   curl   EPERM

                """)
    }

    @Test("Several rules stand on their rows, with their places")
    func rules() {
        let rule = Reason(text: "deny connect tcp :22", place: "policy.toml rules[3]")
        #expect(
            summary([
                refusal(.connect, "tcp", "10.0.0.1:22", by: "/usr/bin/ssh", 111, rule: rule),
                refusal(.bind, "udp", nil, by: "/bin/a").with { $0.local = "0.0.0.0:53" },
                refusal(.connect, "tcp", "10.0.0.1:22", by: "/bin/a", rule: nil),
            ]) == """
                supervise: 3 calls were refused
                  1x connect tcp 10.0.0.1:22   ssh   ECONNREFUSED   \
                deny connect tcp :22 @ policy.toml rules[3]
                  1x bind udp 0.0.0.0:53       a     EPERM          network off
                  1x connect tcp 10.0.0.1:22   a     EPERM

                """)
        #expect(
            summary([refusal(.create, "tcp", nil, by: "/bin/a", rule: rule)]) == """
                supervise: 1 call was refused (deny connect tcp :22 @ policy.toml rules[3])
                  1x create tcp   a   EPERM

                """)
    }

    @Test("Programs of one name are told apart by their paths; others keep their names")
    func sameName() {
        #expect(
            summary([
                refusal(.create, "tcp", nil, by: "/usr/bin/curl"),
                refusal(.create, "udp", nil, by: "/tmp/curl"),
                refusal(.create, "udp", nil, by: "/usr/bin/wget"),
                refusal(.create, "raw", nil, by: "").with {
                    $0.program = nil
                    $0.command = bytes("thread")
                },
                refusal(.create, "sctp", nil, by: "").with {
                    $0.program = nil
                    $0.command = nil
                },
            ]) == """
                supervise: 5 calls were refused (network off)
                  1x create tcp    /usr/bin/curl   EPERM
                  1x create udp    /tmp/curl       EPERM
                  1x create udp    wget            EPERM
                  1x create raw    thread          EPERM
                  1x create sctp                   EPERM

                """)
    }

    @Test("Ten rows are shown, the rest is counted")
    func more() {
        var events: [AuditEvent] = []
        for port in 1...12 {
            for _ in 0..<(port == 12 ? 10 : port == 11 ? 3 : 1) {
                events.append(refusal(.connect, "tcp", "10.0.0.1:\(port)", by: "/bin/a"))
            }
        }
        #expect(
            summary(events) == """
                supervise: 23 calls were refused (network off)
                  10x connect tcp 10.0.0.1:12   a   EPERM
                   3x connect tcp 10.0.0.1:11   a   EPERM
                   1x connect tcp 10.0.0.1:1    a   EPERM
                   1x connect tcp 10.0.0.1:2    a   EPERM
                   1x connect tcp 10.0.0.1:3    a   EPERM
                   1x connect tcp 10.0.0.1:4    a   EPERM
                   1x connect tcp 10.0.0.1:5    a   EPERM
                   1x connect tcp 10.0.0.1:6    a   EPERM
                   1x connect tcp 10.0.0.1:7    a   EPERM
                   1x connect tcp 10.0.0.1:8    a   EPERM
                  ... and 2 more

                """)
    }

    @Test("Rows beyond the limit are counted together, known ones go on being counted")
    func overflow() {
        let known = refusal(.create, "tcp", nil, by: "/bin/a")
        let events =
            [known, refusal(.create, "udp", nil, by: "/bin/a")]
            + (1...5).map { refusal(.connect, "tcp", "10.0.0.1:\($0)", by: "/bin/a") } + [known]
        #expect(
            summary(events, rowLimit: 2) == """
                supervise: 8 calls were refused (network off)
                  2x create tcp   a   EPERM
                  1x create udp   a   EPERM
                  5x others

                """)
        #expect(
            summary(events, rowLimit: 0) == """
                supervise: 8 calls were refused (network off)
                  8x others

                """)
    }

    @Test("A hundred thousand different addresses are a thousand rows and the rest")
    func bounded() {
        let sink = SummarySink()
        for port in 0..<100_000 {
            sink.record(refusal(.connect, "tcp", "10.0.0.1:\(port)", by: "/bin/a"))
        }
        #expect(sink.count == 100_000)
        #expect(sink.rowCount == 1_000)
        let lines = sink.render(color: false).split(separator: "\n")
        #expect(lines.count == 12)
        #expect(lines.first == "supervise: 100000 calls were refused (network off)")
        #expect(lines.last == "  ... and 99990 more")
    }

    @Test("Long and hostile names are shortened and escaped")
    func hostile() {
        let long = String(repeating: "x", count: 107)
        let half = String(repeating: "x", count: 28)
        #expect(
            summary([
                refusal(.connect, "unix", "@" + long, by: "/bin/" + long, 13),
                refusal(.connect, "unix", "@a\n\u{1b}[2J\\x0a", by: "/bin/\n\u{1b}[2J", 13),
            ]) == """
                supervise: 2 calls were refused (network off)
                  1x connect unix @\(half)...\(half)   xxxxxxxxxxxxxx...xxxxxxxxxxxxx   EACCES
                  1x connect unix @a\\x0a\\x1b[2J\\x0a\(String(repeating: " ", count: 43))\
                   \\x0a\\x1b[2J                      EACCES

                """)
    }

    @Test(
        "A refused X client is told how to fall back, once",
        arguments: [
            ("@/tmp/.X11-unix/X0", 1, .connect, .denied, true),
            ("@/tmp/.X11-unix/X0", 111, .connect, .denied, false),
            ("@/tmp/.X11-unix/X0", 1, .bind, .denied, false),
            ("@/tmp/.X11-unix/X0", 1, .connect, .wouldDeny, false),
            ("@/tmp/.X11-unix/X0", 1, .connect, .allowed, false),
            ("/tmp/.X11-unix/X0", 1, .connect, .denied, false),
            ("@/tmp/.ICE-unix/1", 1, .connect, .denied, false),
        ] as [(String, Int32, SupervisePolicy.Operation, AuditEvent.Outcome, Bool)])
    func display(
        remote: String, errno: Int32, operation: SupervisePolicy.Operation,
        result: AuditEvent.Outcome, hinted: Bool
    ) {
        let event = refusal(operation, "unix", remote, by: "/bin/xterm", errno, result: result)
        let lines = summary([event, event]).split(separator: "\n")
        let hints = lines.filter { $0.utf8.starts(with: "  hint:".utf8) }
        #expect(
            hints
                == (hinted
                    ? ["  hint: X clients fall back to their path socket with --errno ECONNREFUSED"]
                    : []))
        #expect(!hinted || lines.last == hints.last)
    }
}

@Suite("The whole summary of a run")
struct WholeSummaryTests {
    private func summary(
        _ events: [AuditEvent], _ scope: SummarySink.Scope = .everything, color: Bool = false
    ) -> String {
        let sink = SummarySink(scope, start: AuditEvent.example.time)
        for event in events { sink.record(event) }
        return sink.render(color: color)
    }

    private func after(_ seconds: Int64, _ event: AuditEvent) -> AuditEvent {
        event.with { $0.time.seconds += seconds }
    }

    private let on = Reason(text: "network on", place: "profile")
    private let option = Reason(text: "allow connect tcp :443", place: "--allow 1")

    @Test("has what was allowed, when, and the names of addresses, then what was refused")
    func whole() throws {
        let web = try Request.called("connect tcp 1.2.3.4:443")
        let text = summary([
            .of(try .called("create tcp"), .allowed, rule: on),
            .of(try .called("create netlink"), .allowed, rule: on),
            .of(web, .allowed, name: "x.org", rule: option),
            after(12, .of(web, .allowed, name: "x.org", rule: option)),
            after(2, .of(try .called("connect udp 1.2.3.4:53"), by: "/bin/b", .denied)),
        ])
        #expect(
            text == """
                supervise: 3 calls were allowed
                  2x connect tcp 1.2.3.4:443 (x.org)   a   0.0-12.0s   allow connect tcp :443 @ --allow 1
                  1x create netlink                    a   0.0s        network on
                supervise: 1 call was refused (network off)
                  1x connect udp 1.2.3.4:53   b   EPERM
                  to allow: --allow 'connect udp 1.2.3.4:53'

                """)
    }

    @Test("says so where there was nothing")
    func nothing() {
        #expect(summary([]) == "supervise: the network was not used\n")
        #expect(summary([], .refusals) == "")
    }

    @Test("shows the kernel's error of what was allowed and never came about")
    func failures() throws {
        let path = try Request.called("connect unix /run/x")
        let failed = AuditEvent.of(path, .returned, rule: on).with {
            $0.errno = ErrorNumber(rawValue: 111)
        }
        let allowed = AuditEvent.of(path, .allowed, rule: on)
        let once = summary([allowed, failed])
        #expect(
            once == "supervise: 1 call was allowed (network on)\n"
                + "  1x connect unix /run/x   a   ECONNREFUSED\n")
        #expect(!summary([allowed, failed, allowed]).contains("ECONNREFUSED"))
        // Looks for what this machine does not have tell nothing.
        let absent = try Request.called("connect unix /var/run/nscd/socket")
        let looks: [AuditEvent] = [
            .of(absent, .allowed, rule: on),
            .of(absent, .returned, rule: on).with { $0.errno = ErrorNumber(rawValue: 2) },
        ]
        #expect(summary(looks) == "supervise: the network was not used\n")
        #expect(
            summary(looks + [.of(path, .allowed, rule: option)])
                == "supervise: 1 call was allowed (allow connect tcp :443 @ --allow 1)\n"
                + "  1x connect unix /run/x   a\n")
    }

    @Test(
        "warns of what uses the network for others, once, where it was reached",
        arguments: [SummarySink.Scope.everything, .refusals])
    func helpers(scope: SummarySink.Scope) throws {
        let bus = try Request.called("connect unix /run/dbus/system_bus_socket")
        let text = summary(
            [
                .of(bus, .allowed, rule: on), .of(bus, .returned, rule: on),
                .of(bus, .returned, rule: on), .of(try .called("create tcp"), .denied),
            ], scope)
        let warning =
            "supervise: warning: a used D-Bus (/run/dbus/system_bus_socket): "
            + "its services may use the network for who asks\n"
        #expect(text.hasSuffix("finds what for\n" + warning))
        // A run of which nobody wants to hear, in which nothing was refused, says nothing.
        let quiet = summary([.of(bus, .allowed, rule: on), .of(bus, .returned, rule: on)], scope)
        #expect(quiet.contains(warning) == (scope == .everything))
    }

    @Test(
        "ends with what would allow what was refused",
        arguments: [
            (["connect tcp 1.2.3.4:80", "create tcp"], "--allow 'connect tcp 1.2.3.4:80'"),
            (
                ["connect tcp 1.2.3.4:80", "connect tcp 1.2.3.4:81", "send udp 1.2.3.4:53"],
                "--allow 'connect tcp 1.2.3.4:80-81' --allow 'send udp 1.2.3.4:53'"
            ),
            (["create tcp"], "--allow 'create tcp'; --learn FILE finds what for"),
            (["connect abstract it's"], #"--allow 'connect abstract it'\''s'"#),
            // With a combining mark Swift takes it for another character, a shell does not.
            (["connect abstract it'\u{301};s"], "--allow 'connect abstract it'\\''\u{301};s'"),
            (
                [
                    "connect tcp 1.2.3.4:1", "bind tcp 1.2.3.4:2", "send udp 1.2.3.4:3",
                    "create raw",
                ],
                "--learn FILE writes the rules that it takes"
            ),
            (["trace"], nil),
        ] as [([String], String?)])
    func hints(calls: [String], hint: String?) throws {
        for result in [AuditEvent.Outcome.denied, .wouldDeny] {
            let text = summary(try calls.map { .of(try .called($0), result) }, .refusals)
            let last = text.split(separator: "\n").last.map(String.init)
            if let hint {
                #expect(last == "  to allow: " + hint)
            } else {
                #expect(!text.contains("to allow"))
            }
        }
        // What an option refuses, its user wanted refused.
        let why = Reason(text: "deny connect", place: "--deny 1")
        let text = summary(try calls.map { .of(try .called($0), .denied, rule: why) }, .refusals)
        #expect(!text.contains("to allow"))
    }
}
