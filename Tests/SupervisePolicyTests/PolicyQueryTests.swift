import SupervisePolicy
import Testing

@Suite("Profile landlock-tcp")
struct LandlockProfileTests {
    private let profile = Profile.landlockTCP(bind: [8000...8099], connect: [443...443])

    @Test(
        "Judges ports of TCP, and nothing else",
        arguments: [
            ("bind tcp 0.0.0.0:8000", "allow"), ("bind tcp [::]:80", "EACCES"),
            ("connect tcp 192.0.2.1:443", "allow"), ("connect tcp [::1]:80", "EACCES"),
            ("connect tcp unspec", "allow"), ("listen tcp", "EACCES"),
            ("listen tcp 127.0.0.1:9", "allow"), ("create tcp", "allow"),
            ("create packet", "allow"),
            ("connect udp 192.0.2.1:80", "allow"), ("bind sctp 192.0.2.1:80", "allow"),
            ("connect abstract x", "allow"), ("connect unix /x", "allow"), ("trace", "allow"),
            ("send udp 192.0.2.1:1", "allow"), ("accept tcp 192.0.2.1:1", "allow"),
        ])
    func table(call: String, word: String) throws {
        #expect(try Policy([], profile: profile).word(call) == word)
    }

    @Test("Judges MPTCP as TCP, and AF_UNSPEC as the kernel takes it")
    func forms() throws {
        let policy = try Policy([], profile: profile)
        let mptcp = SocketState.known(
            SocketKind(family: .ipv4, type: .stream, protocolNumber: 262), local: .unbound)
        let any = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 0), port: 80)
        #expect(policy.word(.connect(mptcp, .localhost)) == "EACCES")
        #expect(policy.word(.bind(mptcp, any)) == "EACCES")
        #expect(policy.word(.bind(mptcp, .unspecified)) == "allow")
        #expect(policy.word(.connect(mptcp, any)) == "allow")
        #expect(policy.word(.trace(.outside)) == "deny")
        let closed = Profile.landlockTCP(bind: [], connect: [], disconnect: false)
        #expect(try Policy([], profile: closed).word(.connect(mptcp, any)) == "EACCES")
        let listening = Profile.landlockTCP(bind: [0...0], connect: [])
        #expect(try Policy([], profile: listening).word(.listen(mptcp)) == "allow")
    }

    @Test("Stands behind the policy's own rules, which may name the ports instead")
    func rules() throws {
        let policy = try Policy(["allow connect tcp :80"], profile: .landlockTCP)
        #expect(try policy.word("connect tcp 192.0.2.1:80") == "allow")
        #expect(try policy.word("connect tcp 192.0.2.1:81") == "EACCES")
        #expect(
            policy.decide(.bind(.tcp, .localhost)).reason
                == Reason(text: "deny(EACCES) bind tcp any", place: "profile"))
    }
}

@Suite("What a policy says about itself")
struct PolicyQueryTests {
    @Test(
        "Whether some call could be allowed",
        arguments: [
            ([], .off, [.bind, .connect], .tcp, false), ([], .on, .connect, .tcp, true),
            (["allow connect :80"], .off, .connect, .tcp, true),
            (["allow connect :80"], .off, .bind, .tcp, false),
            (["allow connect udp :80"], .off, .connect, .tcp, false),
            (["allow connect unix /x"], .off, .connect, .abstract, false),
            (["allow connect abstract x"], .off, .connect, .abstract, true),
            ([], .off, .connect, .unix, true),
        ] as [([String], NetworkSwitch, OperationSet, RuleProtocol, Bool)])
    func couldAllow(
        rules: [String], network: NetworkSwitch, operations: OperationSet, protocol: RuleProtocol,
        answer: Bool
    ) throws {
        let policy = try Policy(rules, network: network)
        #expect(policy.couldAllow(operations, `protocol`) == answer)
    }

    @Test(
        "Which ports some call could be allowed with",
        arguments: [
            ([], .off, .bind, []), ([], .on, .bind, [0...65535]),
            (["allow bind :80", "allow bind tcp localhost:81"], .off, .bind, [80...81]),
            (["allow bind :80"], .off, .connect, []),
            (["allow bind udp :80", "allow bind unix /x"], .off, .bind, []),
            (["allow bind sctp :80", "allow bind 132 :90"], .off, .bind, [80...80, 90...90]),
            (["allow bind tcp 10.0.0.1"], .off, .bind, [0...65535]),
            (["allow bind raw"], .off, .bind, []), (["allow *"], .off, .bind, [0...65535]),
            (["deny bind tcp", "allow bind tcp :7"], .off, .bind, [7...7]),
            (["deny bind tcp"], .on, .bind, [0...65535]),
        ] as [([String], NetworkSwitch, OperationSet, [ClosedRange<UInt16>])])
    func ports(
        rules: [String], network: NetworkSwitch, operations: OperationSet,
        ranges: [ClosedRange<UInt16>]
    ) throws {
        let policy = try Policy(rules, network: network)
        #expect(policy.portsThatCouldBeAllowed(operations) == PortList(ranges))
    }

    @Test(
        "Whether the verdict on an address depends on the socket",
        arguments: [
            // One kind of socket only may exist, or all of them are judged alike.
            ([], .off, "connect tcp 10.0.0.1:80", false),
            (["allow connect tcp :80"], .off, "connect tcp 10.0.0.1:80", false),
            (["allow connect any"], .off, "connect tcp 10.0.0.1:80", false),
            (
                ["allow connect tcp :80", "allow connect udp :53"], .off, "connect tcp 10.0.0.1:80",
                true
            ),
            (
                ["allow connect tcp :80", "allow connect udp :53"], .off, "connect tcp 10.0.0.1:9",
                false
            ),
            (["deny connect tcp :25"], .on, "connect tcp 10.0.0.1:25", true),
            (["deny connect tcp :25"], .on, "connect tcp 10.0.0.1:80", false),
            (["deny connect unix /x"], .on, "connect unix /x", false),
            ([], .off, "connect abstract x", false),
            (["allow connect tcp :80"], .off, "listen tcp", true),
        ] as [([String], NetworkSwitch, String, Bool)])
    func socketDependence(rules: [String], network: NetworkSwitch, call: String, depends: Bool)
        throws
    {
        let policy = try Policy(rules, network: network)
        let request = try Call(parsing: call).request
        let address: SocketAddress
        switch request {
        case .connect(_, let named): address = named
        default: address = .unspecified
        }
        #expect(policy.verdictDependsOnSocket(request.operation, address) == depends)
        #expect(
            PreparedPolicy(policy).verdictDependsOnSocket(request.operation, address) == depends)
    }

    @Test("An inherited socket of a kind that could not be made counts where it is told")
    func inherited() throws {
        let policy = try Policy(["allow connect tcp :80"])
        let address = SocketAddress.ipv4(IPv4Address(bits: 0x0a00_0001), port: 80)
        #expect(policy.verdictDependsOnSocket(.connect, address, inherited: [.udp6]))
    }

    @Test("Which rules can never decide")
    func shadows() throws {
        let policy = try Policy([
            "allow outgoing tcp 10.0.0.0/8", "deny connect tcp 10.1.0.0/16:80", "deny connect udp",
            "allow connect udp :53 user=root", "allow connect tcp 11.0.0.0/8", "deny incoming",
            "allow bind tcp localhost:80-90", "allow connect unix /run/*",
            "deny connect unix /run/x",
        ])
        #expect(
            policy.shadows.map(\.description) == [
                "policy.toml rules[1]: 'deny connect tcp 10.1.0.0/16:80' never decides: "
                    + "'allow outgoing tcp 10.0.0.0/8' (policy.toml rules[0]) matches all of it before",
                "policy.toml rules[3]: 'allow connect udp :53 user=root' never decides: "
                    + "'deny connect udp' (policy.toml rules[2]) matches all of it before",
                "policy.toml rules[6]: 'allow bind tcp localhost:80-90' never decides: "
                    + "'deny incoming' (policy.toml rules[5]) matches all of it before",
                "policy.toml rules[8]: 'deny connect unix /run/x' never decides: "
                    + "'allow connect unix /run/*' (policy.toml rules[7]) matches all of it before",
            ])
    }

    @Test("A rule's shadow is the first of the rules before it that cover it", arguments: 0..<4)
    func shadowsAreFound(seed: UInt64) {
        var random = RandomRules(300 + seed)
        var found = 0
        for _ in 0..<20 {
            var policy = Policy(network: .off)
            policy.rules = (0..<60).map { random.rule(place: .option("allow", $0)) }
            let rules = policy.rules
            let expected = rules.indices.compactMap { number in
                rules[..<number].first { $0.covers(rules[number]) }
                    .map { Shadow(rule: rules[number], earlier: $0) }
            }
            #expect(policy.shadows == expected)
            found += expected.count
        }
        #expect(found > 20)
    }

    @Test("A rule in a shadow decides no random call", arguments: 0..<4)
    func shadowsHold(seed: UInt64) {
        var random = RandomRules(200 + seed)
        for _ in 0..<60 {
            let policy = random.policy(12)
            let hidden = Set(policy.shadows.map(\.rule))
            guard !hidden.isEmpty else { continue }
            let prepared = PreparedPolicy(policy)
            for _ in 0..<60 {
                let request = random.request()
                // For making a socket only refusals of whole operations count.
                if request.operation == .create { continue }
                // Leave to disconnect comes with leave to connect, behind a refusal of it, too.
                if case .connect(_, let address) = request, address.family == .unspecified {
                    continue
                }
                guard
                    case .decided(let decision) = prepared.answer(
                        to: request, by: random.subject()), let number = decision.rule,
                    number < policy.rules.count, hidden.contains(policy.rules[number])
                else { continue }
                Issue.record("\(policy.rules[number]) decided \(request) under \(policy.rules)")
                return
            }
        }
    }

    @Test(
        "Why it decides as it does, and what came nearest to deciding otherwise",
        arguments: [
            (
                "connect tcp 10.0.0.1:80", "network off", "allow outgoing tcp 10.0.0.0/8:443",
                "port 80 is not in 443"
            ),
            (
                "connect tcp 11.0.0.1:443", "network off", "allow outgoing tcp 10.0.0.0/8:443",
                "11.0.0.1 is not in 10.0.0.0/8"
            ),
            (
                "connect udp 10.0.0.1:443", "network off", "allow outgoing tcp 10.0.0.0/8:443",
                "udp is not tcp"
            ),
            (
                "connect tcp 10.0.0.1:22 program=/bin/sh", "network off",
                "allow connect tcp :22 program=/usr/bin/ssh",
                "the program /bin/sh is not /usr/bin/ssh"
            ),
            (
                "connect abstract y", "network off", "allow connect abstract x*",
                "@y does not fit x*"
            ),
            (
                "connect tcp 10.0.0.1:443", "allow outgoing tcp 10.0.0.0/8:443",
                "deny connect tcp 10.9.0.0/16", "10.0.0.1 is not in 10.9.0.0/16"
            ),
            ("bind tcp 10.0.0.1:80", "network off", "", ""),
        ])
    func explanations(call: String, text: String, nearest: String, why: String) throws {
        let policy = try Policy([
            "deny connect tcp 10.9.0.0/16", "allow outgoing tcp 10.0.0.0/8:443",
            "allow connect tcp :22 program=/usr/bin/ssh", "allow connect abstract x*",
        ])
        let call = try Call(parsing: call)
        let explanation = policy.explain(call.request, by: call.subject)
        #expect(explanation.decision.reason.text == text)
        #expect(explanation.nearest?.rule.description ?? "" == nearest)
        #expect(explanation.nearest?.why ?? "" == why)
    }

    @Test(
        "A call in words that says too little or too much is an error",
        arguments: [
            ("outgoing tcp 10.0.0.1:80", "column 1: a call is one operation, not outgoing"),
            (
                "connect tcp 10.0.0.0/8:80",
                "column 1: '10.0.0.0/8:80' fits many; a call has one address"
            ),
            (
                "connect tcp 10.0.0.1:80,81",
                "column 1: '10.0.0.1:80-81' fits many; a call has one address"
            ),
            (
                "connect tcp",
                "column 1: the call's address is missing, as in 'connect tcp 10.0.0.1:80'"
            ),
            (
                "connect 10.0.0.1:80",
                "column 1: the call's protocol is missing, as in 'connect tcp'"
            ),
            ("connect tcp 10.0.0.1", "column 1: the port is missing, as in '10.0.0.1:80'"),
            (
                "allow connect tcp 10.0.0.1:80",
                "column 1: 'allow' is an action: here the operation comes first"
            ),
            ("create tcp program=/usr/*", "column 1: 'program=/usr/*' fits many; a call has one"),
            ("conect tcp", "column 1: 'conect' is no operation; did you mean 'connect'?"),
        ])
    func wrongCalls(text: String, message: String) {
        #expect { try Call(parsing: text) } throws: { "\($0)" == message }
    }
}
