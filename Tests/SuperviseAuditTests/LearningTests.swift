import SuperviseAudit
import SupervisePolicy
import Testing

extension AuditEvent {
    /// A decision on a request, as the tracer records it.
    static func of(
        _ request: Request, by program: String = "/usr/bin/a", _ result: Outcome = .wouldDeny,
        name: String? = nil, rule: Reason = Reason(text: "network off", place: "profile")
    ) -> AuditEvent {
        .example.with {
            $0.operation = request.operation
            $0.protocolName = request.narrowestRule?.protocol?.description
            $0.remote = request.narrowestRule?.endpoint?.description
            $0.program?.path = bytes(program)
            $0.result = result
            $0.errno = result == .allowed || result == .returned ? nil : .notPermitted
            $0.name = name.map(bytes)
            $0.rule = rule
            $0.request = request
        }
    }
}

extension Request {
    /// The request of a call as `supervise explain` takes it.
    static func called(_ text: String) throws -> Request { try Call(parsing: text).request }
}

@Suite("What a watched run teaches")
struct LearningTests {
    /// Events from lines: the program, the call, and a name behind an `=`.
    private func learn(
        _ lines: [String], onto policy: Policy = Policy(), limit: Int = 100
    ) throws -> LearnedPolicy {
        let sink = LearningSink(limit: limit)
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            let parts = words[1].split(separator: "=").map(String.init)
            let request = try Request.called(parts[0])
            let decision = policy.decide(request)
            sink.record(
                .of(
                    request, by: "/bin/\(words[0])",
                    decision.verdict == .allow ? .allowed : .wouldDeny,
                    name: parts.count > 1 ? parts[1] : nil, rule: decision.reason))
        }
        return sink.learned(onto: policy, chosenPorts: 32768...60999)
    }

    /// The rules with their comments, by program; what is dangerous begins with a `!`.
    private func text(_ learned: LearnedPolicy) -> [String] {
        func line(_ rule: LearnedRule) -> String { "\(rule.rule) # \(rule.comment)" }
        return learned.groups.flatMap { group in [group.program] + group.rules.map(line) }
            + learned.dangers.map { "! " + line($0) } + learned.refusals.map(\.description)
    }

    @Test(
        "is few rules, by program, each with who needed it and how often",
        arguments: [
            (
                [
                    "a create tcp", "a connect tcp 1.2.3.4:443=x.org",
                    "a connect tcp 1.2.3.4:443=x.org",
                ],
                ["/bin/a", "allow connect tcp 1.2.3.4:443 # a 2x; x.org"]
            ),
            (
                [
                    "a connect tcp 1.2.3.4:443=x.org", "b connect udp 127.0.0.1:53",
                    "b connect tcp 1.2.3.4:443=y.org", "b send udp 127.0.0.1:53",
                    "a connect tcp 1.2.3.4:80", "a connect tcp 1.2.3.4:443",
                ],
                [
                    "/bin/a", "allow connect tcp 1.2.3.4:80,443 # a 3x, b 1x; x.org, y.org",
                    "/bin/b", "allow outgoing udp 127.0.0.1:53 # b 2x",
                ]
            ),
            // A socket that is used for nothing has a rule of its own; one of two programs, one.
            (["a create udp", "b create udp"], ["/bin/a", "allow create udp # a 1x, b 1x"]),
            (
                ["a create tcp", "b connect tcp 1.2.3.4:1"],
                ["/bin/b", "allow connect tcp 1.2.3.4:1 # b 1x"]
            ),
            (["a connect udp unspec"], ["/bin/a", "allow connect udp unspec # a 1x"]),
            (
                ["a connect udp unspec", "a connect udp 1.2.3.4:1"],
                ["/bin/a", "allow connect udp 1.2.3.4:1 # a 1x"]
            ),
            // A server of its own, on a port of the kernel's choice.
            (
                [
                    "a bind tcp 127.0.0.1:0", "a listen tcp 127.0.0.1:40000",
                    "a connect tcp 127.0.0.1:40000", "a connect tcp 127.0.0.1:22",
                    "a connect tcp 10.0.0.1:40000",
                ],
                [
                    "/bin/a", "allow bind tcp 127.0.0.1:0 # a 1x",
                    "allow listen,connect tcp 127.0.0.1:32768-60999 # a 2x; ports of the kernel's choice",
                    "allow connect tcp 127.0.0.1:22 # a 1x",
                    "allow connect tcp 10.0.0.1:40000 # a 1x",
                ]
            ),
            // Who looks for a free port binds to it when it has been told; where nobody looked, it
            // is the port that is wanted.
            (
                [
                    "a bind tcp 127.0.0.1:0", "a bind tcp 127.0.0.1:40000",
                    "a bind tcp [::1]:40000", "a bind tcp 127.0.0.1:22",
                ],
                [
                    "/bin/a",
                    "allow bind tcp 127.0.0.1:0,22,32768-60999 # a 3x; ports of the kernel's choice",
                    "allow bind tcp [::1]:40000 # a 1x",
                ]
            ),
            // Nobody here has such a server: it is somebody else's, with that port.
            (
                ["a connect tcp 127.0.0.1:40000"],
                ["/bin/a", "allow connect tcp 127.0.0.1:40000 # a 1x"]
            ),
            // A client's datagram socket gets its port by itself.
            (
                ["a bind udp 127.0.0.1:53", "a send udp 127.0.0.1:45000"],
                [
                    "/bin/a", "allow bind udp 127.0.0.1:53 # a 1x",
                    "allow send udp 127.0.0.1:32768-60999 # a 1x; ports of the kernel's choice",
                ]
            ),
            // What is dangerous, and the socket for it.
            (
                ["a create tcp", "a connect tcp 169.254.169.254:80=metadata"],
                ["! allow connect tcp 169.254.169.254:80 # a 1x; metadata"]
            ),
            (
                ["a bind tcp 0.0.0.0:80", "a listen tcp 0.0.0.0:80", "a trace"],
                ["! allow bind,listen tcp 0.0.0.0:80 # a 2x", "! allow trace # a 1x"]
            ),
            (["a create raw"], ["! allow create raw # a 1x"]),
        ] as [([String], [String])])
    func rules(calls: [String], expected: [String]) throws {
        #expect(text(try learn(calls)) == expected)
    }

    @Test("adds nothing for what a policy allows, and nothing against its rules")
    func onto() throws {
        let policy = Policy(rules: [
            try Rule(parsing: "allow connect tcp 1.2.3.4:80"),
            try Rule(parsing: "deny connect tcp 10.0.0.0/8", place: .file("p.toml", 1)),
        ])
        let learned = try learn(
            ["a create tcp", "a connect tcp 1.2.3.4:80", "a connect tcp 10.1.1.1:1"], onto: policy)
        #expect(
            learned
                == {
                    var none = LearnedPolicy(); none.refusedByRules = 1; return none
                }())
    }

    @Test("refuses a container engine that the profile would allow, where it was reached")
    func engine() throws {
        let request = try Request.called("connect unix /var/run/docker.sock")
        let why = Reason(text: "AF_UNIX paths", place: "profile")
        func learned(_ event: AuditEvent) -> [String] {
            let sink = LearningSink()
            sink.record(.of(request, .allowed, rule: why))
            sink.record(event)
            return text(sink.learned(onto: Policy(), chosenPorts: 1...2))
        }
        #expect(
            learned(.of(request, .returned, rule: why)) == [
                "! allow connect unix /var/run/docker.sock # a 1x",
                "deny connect unix /var/run/docker.sock",
            ])
        // It is not there.
        #expect(
            learned(
                .of(request, .returned, rule: why).with { $0.errno = ErrorNumber(rawValue: 2) })
                == [])
    }

    @Test("is bounded, and says what it leaves out")
    func bounded() throws {
        let learned = try learn((1...9).map { "a connect tcp 1.2.3.4:\($0)" }, limit: 4)
        #expect(text(learned) == ["/bin/a", "allow connect tcp 1.2.3.4:1-4 # a 4x"])
        #expect(learned.uncovered == 5)
        let sink = LearningSink()
        sink.record(.of(.listen(.unknown)))
        #expect(sink.learned(onto: Policy(), chosenPorts: 1...2).uncovered == 1)
    }

    @Test("names of programs and addresses do no harm")
    func hostile() throws {
        let sink = LearningSink()
        sink.record(
            .of(try .called("connect tcp 1.2.3.4:1")).with {
                $0.program?.path = AuditEvent.hostileBytes
                $0.name = AuditEvent.hostileBytes
            })
        let shown = AuditEvent.hostileShown
        #expect(
            text(sink.learned(onto: Policy(), chosenPorts: 1...2)) == [
                shown, "allow connect tcp 1.2.3.4:1 # \(shown) 1x; \(shown)",
            ])
    }
}
