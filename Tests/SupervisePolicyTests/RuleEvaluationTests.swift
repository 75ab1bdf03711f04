import SupervisePolicy
import Testing

extension Policy {
    /// A policy of rules as text.
    init(_ rules: [String], network: NetworkSwitch = .off, profile: Profile = .rlimitNetwork)
        throws
    {
        self.init(
            rules: try rules.enumerated().map {
                try Rule(parsing: $1, names: testNames, place: .file("policy.toml", $0))
            }, network: network, profile: profile)
    }

    /// The word for a verdict, with the error where it is not EPERM.
    func word(_ request: Request, by subject: Subject = .unknown) -> String {
        switch decide(request, by: subject).verdict {
        case .allow: "allow"
        case .deny(.notPermitted): "deny"
        case .deny(let error): "\(error)"
        }
    }

    /// What is said to a call written as text.
    func word(_ call: String) throws -> String {
        let call = try Call(parsing: call, names: testNames)
        return word(call.request, by: call.subject)
    }
}

/// Rules, then calls with the word for their verdict.
struct Ruling: Sendable, CustomStringConvertible {
    let rules: [String]
    var network = NetworkSwitch.off
    let calls: [(String, String)]

    var description: String { rules.joined(separator: "; ") }
}

private let rulings: [Ruling] = [
    Ruling(
        rules: ["deny(EACCES) connect tcp 10.1.0.0/16", "allow outgoing tcp 10.0.0.0/8:443"],
        calls: [
            ("connect tcp 10.1.2.3:443", "EACCES"), ("connect tcp 10.2.2.3:443", "allow"),
            ("connect tcp 10.2.2.3:80", "deny"), ("connect udp 10.2.2.3:443", "deny"),
            ("connect tcp [::ffff:10.2.2.3]:443", "allow"), ("connect tcp unspec", "allow"),
            ("connect tcp [2001:db8::1]:443", "deny"), ("send tcp 10.1.2.3:443", "allow"),
            ("bind tcp 10.2.2.3:443", "deny"), ("create tcp", "allow"), ("create udp", "deny"),
            ("create sctp", "deny"), ("create raw", "deny"), ("create unix", "allow"),
        ]),
    Ruling(
        rules: ["allow incoming tcp localhost:8000-8099"],
        calls: [
            ("bind tcp 127.0.0.1:8000", "allow"), ("bind tcp [::1]:8099", "allow"),
            ("bind tcp 0.0.0.0:8000", "deny"), ("bind tcp [::]:8000", "deny"),
            ("bind tcp 127.0.0.1:8100", "deny"), ("listen tcp 127.0.0.1:8000", "allow"),
            ("listen tcp", "deny"), ("accept tcp 127.0.0.1:8000", "allow"),
            ("connect tcp 127.0.0.1:8000", "deny"), ("create tcp", "allow"),
        ]),
    // To "any address" is to this host.
    Ruling(
        rules: ["allow connect tcp localhost"],
        calls: [
            ("connect tcp 0.0.0.0:80", "allow"), ("connect tcp [::]:80", "allow"),
            ("connect tcp [::ffff:0.0.0.0]:80", "allow"), ("bind tcp 127.0.0.1:80", "deny"),
        ]),
    // The internet, but not private networks, in one line.
    Ruling(
        rules: ["deny outgoing private", "deny outgoing link-local", "allow outgoing any"],
        calls: [
            ("connect tcp 192.0.2.1:80", "allow"), ("connect udp [2001:db8::1]:53", "allow"),
            ("connect tcp 10.0.0.1:80", "deny"), ("connect tcp 172.31.0.1:80", "deny"),
            ("connect tcp 100.64.0.1:80", "deny"), ("connect tcp [fd00::1]:80", "deny"),
            ("send udp 169.254.169.254:80", "deny"), ("connect tcp [fe80::1]:80", "deny"),
            // Their traffic may go elsewhere than the call says.
            ("create raw", "deny"), ("create packet", "deny"), ("connect sctp 192.0.2.1:9", "deny"),
        ]),
    Ruling(
        rules: ["allow outgoing sctp any", "allow send netlink"],
        calls: [
            ("create sctp", "allow"), ("create netlink", "allow"), ("create packet", "deny"),
            ("connect sctp 192.0.2.1:9", "allow"),
        ]),
    Ruling(
        rules: [
            "deny connect unix /run/*.sock", "deny(ECONNREFUSED) connect abstract /tmp/.X11-unix/*",
        ],
        calls: [
            ("connect unix /run/a.sock", "deny"), ("connect unix /run/a/b.sock", "allow"),
            ("connect abstract /tmp/.X11-unix/X0", "ECONNREFUSED"),
            ("connect abstract other", "deny"), ("bind unix /run/a.sock", "allow"),
            ("bind unix autobind", "allow"), ("create unix", "allow"),
        ]),
    Ruling(
        rules: ["deny * unix", "allow connect abstract dbus"],
        calls: [
            ("connect unix /x", "deny"), ("connect abstract dbus", "allow"),
            ("create unix", "deny"), ("bind unix autobind", "deny"),
        ]),
    Ruling(
        rules: ["allow connect tcp :22 program=/usr/bin/ssh", "allow connect tcp :80 user=nobody"],
        calls: [
            ("connect tcp 192.0.2.1:22 program=/usr/bin/ssh", "allow"),
            ("connect tcp 192.0.2.1:22 program=/usr/bin/curl", "deny"),
            ("connect tcp 192.0.2.1:22", "deny"), ("create tcp program=/usr/bin/ssh", "allow"),
            ("create tcp program=/usr/bin/curl user=root", "deny"),
            ("connect tcp 192.0.2.1:80 user=nobody", "allow"),
        ]),
    Ruling(
        rules: [
            "deny connect cgroup=/quiet/**", "allow connect ancestor=/usr/bin/make group=sudo",
        ],
        calls: [
            ("connect tcp 192.0.2.1:9 cgroup=/quiet/a/b ancestor=/usr/bin/make group=27", "deny"),
            ("connect tcp 192.0.2.1:9 cgroup=/loud ancestor=/usr/bin/make group=27", "allow"),
            ("connect tcp 192.0.2.1:9 cgroup=/loud ancestor=/bin/sh group=27", "deny"),
        ]),
    // What only refused rules would allow is no reason for a socket.
    Ruling(
        rules: ["deny outgoing tcp", "allow outgoing tcp :443", "allow accept udp"],
        calls: [
            ("create tcp", "deny"), ("create udp", "deny"), ("connect tcp 192.0.2.1:443", "deny"),
        ]),
    // Nor is one that names every operation, on some endpoint.
    Ruling(
        rules: ["deny incoming,outgoing tcp", "allow * tcp localhost", "allow * udp localhost"],
        calls: [("create tcp", "deny"), ("create udp", "allow")]),
    Ruling(
        rules: ["deny connect tcp :25"], network: .on,
        calls: [
            ("connect tcp 192.0.2.1:25", "deny"), ("connect tcp 192.0.2.1:26", "allow"),
            ("create tcp", "allow"), ("create packet", "allow"), ("connect tcp unspec", "allow"),
            ("listen tcp", "allow"), ("trace", "allow"),
        ]),
    Ruling(
        rules: ["deny listen tcp", "deny bind udp :0"], network: .on,
        calls: [
            ("listen tcp", "deny"), ("listen tcp 10.0.0.1:80", "deny"),
            ("bind tcp 10.0.0.1:80", "allow"), ("bind udp 10.0.0.1:0", "deny"),
        ]),
    Ruling(
        rules: ["deny accept tcp 192.168.0.0/16:8080"], network: .on,
        calls: [
            ("accept tcp 192.168.1.1:8080", "deny"), ("accept tcp 192.168.1.1:80", "allow"),
            ("accept tcp 10.0.0.1:8080", "allow"), ("bind tcp 192.168.1.1:8080", "allow"),
        ]),
    Ruling(
        rules: ["allow *"],
        calls: [
            ("create packet", "allow"), ("connect tcp 192.0.2.1:1", "allow"), ("trace", "allow"),
            ("send netlink unspec", "allow"),
        ]),
]

@Suite("Rules")
struct RuleEvaluationTests {
    @Test("Decide calls in their order", arguments: rulings)
    func order(ruling: Ruling) throws {
        let policy = try Policy(ruling.rules, network: ruling.network)
        let words = try ruling.calls.map { "\($0.0): \(try policy.word($0.0))" }
        #expect(words == ruling.calls.map { "\($0.0): \($0.1)" })
    }

    @Test("Say which one decided, and where it stands")
    func reasons() throws {
        let policy = try Policy(["deny(EACCES) connect tcp 10.1.0.0/16", "allow connect tcp"])
        #expect(
            policy.decide(.connect(.tcp, .localhost))
                == Decision(
                    .allow, Reason(text: "allow connect tcp", place: "policy.toml rules[1]"),
                    rule: 1))
        #expect(
            policy.decide(.bind(.tcp, .localhost))
                == Decision(.deny(.notPermitted), Reason(text: "network off", place: "profile")))
    }

    @Test("Take AF_UNSPEC for what the kernel would do on that socket")
    func unspecified() throws {
        let policy = try Policy(["allow bind,send udp 10.0.0.1:53", "allow bind udp 0.0.0.0:53"])
        let ipv4 = SocketState.known(SocketKind(family: .ipv4, type: .datagram))
        let target = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 0x0a00_0001), port: 53)
        let any = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 0), port: 53)
        #expect(policy.word(.send(ipv4, target)) == "allow")
        #expect(policy.word(.send(.udp6, target)) == "deny")
        #expect(policy.word(.bind(ipv4, any)) == "allow")
        #expect(policy.word(.bind(ipv4, target)) == "deny")
        #expect(policy.word(.bind(.udp6, any)) == "deny")
        #expect(policy.answer(to: .send(.unknown, target)) == .needs([.socket, .local]))
    }

    @Test("Take a destination without an address for the one that the socket is bound to")
    func reached() throws {
        let policy = try Policy(["allow connect tcp 10.0.0.9:80"])
        let own = SocketAddress.ipv4(IPv4Address(bits: 0x0a00_0009), port: 5)
        let any = SocketAddress.ipv4(IPv4Address(bits: 0), port: 80)
        let kind = SocketKind.tcp
        #expect(policy.word(.connect(.known(kind, local: .bound(own)), any)) == "allow")
        #expect(policy.word(.connect(.known(kind, local: .unbound), any)) == "deny")
        #expect(policy.answer(to: .connect(.known(kind), any)) == .needs(.local))
    }

    @Test("Take a multicast or broadcast address that a socket is bound to for no source")
    func receivingOnly() throws {
        let policy = try Policy(["allow connect multicast", "allow connect 255.255.255.255"])
        let kind = SocketKind(family: .ipv4, type: .datagram, protocolNumber: 17)
        for bits: UInt32 in [0xe000_00fb, .max] {
            let own = LocalName.bound(.ipv4(IPv4Address(bits: bits), port: 5))
            let any = SocketAddress.ipv4(IPv4Address(bits: 0), port: 80)
            #expect(policy.word(.connect(.known(kind, local: own), any)) == "deny")
        }
    }

    @Test("Say how an address is written, so that a socket that changes takes it for the same")
    func wording() throws {
        let udp = SocketKind(family: .ipv4, type: .datagram, protocolNumber: 17)
        let raw6 = SocketKind(family: .ipv6, type: .raw, protocolNumber: 17)
        let echo6 = SocketKind(family: .ipv6, type: .datagram, protocolNumber: 58)
        let any = SocketAddress.ipv4(IPv4Address(bits: 0), port: 80)
        let any6 = SocketAddress.ipv6(IPv6Address(high: 0, low: 0), port: 80, scope: 0)
        let unspecified = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 0), port: 80)
        let other = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 1), port: 80)
        let own = IPAddress.v4(IPv4Address(bits: 0x0a00_0009))
        let bound = LocalName.bound(.ipv4(IPv4Address(bits: 0x0a00_0009), port: 5))
        let localhost = Wording.reached(.v4(IPv4Address(bits: 0x7f00_0001)))
        let rows: [(Request, Wording)] = [
            (.send(.udp6, unspecified), .familyOnly), (.send(.udp6, other), .familyOnly),
            (.send(.known(echo6), other), .same), (.send(.known(raw6), other), .same),
            (.bind(.udp6, unspecified), .noFamily), (.bind(.udp6, other), .same),
            (.bind(.known(raw6), unspecified), .same), (.bind(.known(udp), unspecified), .same),
            (.connect(.udp6, unspecified), .same), (.send(.known(udp), other), .same),
            (.send(.known(udp, local: .unbound), unspecified), localhost),
            (.connect(.known(udp, local: .unbound), any), localhost),
            (.connect(.known(udp, local: bound), any), .reached(own)),
            (.connect(.known(.udp6, local: .unbound), any6), .reached(.v6(.init(high: 0, low: 1)))),
            (.connect(.known(.udp6, local: bound), any6), localhost),
            (.connect(.known(udp), any), .same), (.connect(.unknown, any), .same),
            (.bind(.known(udp, local: .unbound), any), .same),
            (.send(.known(udp), .localhost), .same),
        ]
        for (request, wording) in rows {
            #expect(request.wording(tellsAddressesApart: true) == wording, "\(request)")
        }
        #expect(
            Request.connect(.known(udp, local: .unbound), any).wording(tellsAddressesApart: false)
                == .same)
        #expect(try Policy(["deny send udp 10.0.0.0/8"]).tellsAddressesApart)
        #expect(try !Policy(["deny send udp :53", "allow connect any:22"]).tellsAddressesApart)
    }

    @Test("Do not guess what a raw socket of IPv6 takes AF_UNSPEC for")
    func unspecifiedIPv6() throws {
        let policy = try Policy(["allow send raw 10.0.0.1"])
        let raw6 = SocketState.known(SocketKind(family: .ipv6, type: .raw, protocolNumber: 253))
        let target = SocketAddress.unspecifiedIPv4(IPv4Address(bits: 0x0a00_0001), port: 0)
        #expect(policy.word(.send(raw6, target)) == "deny")
        #expect(policy.verdictDependsOnSocket(.send(raw6, target)))
    }

    @Test("Ask only for what the verdict depends on")
    func needs() throws {
        let rules = ["allow connect tcp :22 program=/usr/bin/ssh", "deny bind cgroup=/a user=root"]
        let policy = try Policy(rules)
        let address = SocketAddress.ipv4(IPv4Address(bits: 0x0a00_0009), port: 22)
        #expect(policy.needsSubject(.connect(.tcp, address)) == .program)
        #expect(policy.needsSubject(.connect(.tcp, .localhost)) == [])
        #expect(policy.needsSubject(.create(.tcp)) == .program)
        #expect(policy.needsSubject(.bind(.unixStream, .path)) == [.cgroups, .user])
        // It is refused anyway.
        #expect(policy.needsSubject(.bind(.tcp, .localhost)) == [])
        #expect(policy.answer(to: .connect(.unknown, address)) == .needs([.socket, .program]))
        #expect(policy.programPatterns.map(\.description) == ["/usr/bin/ssh"])
    }

    @Test("Allow a socket that several programs hold what all of them may do")
    func shared() throws {
        let policy = try Policy(["allow connect tcp :22 program=/usr/bin/ssh"])
        let call = try Call(parsing: "connect tcp 10.0.0.1:22 program=/usr/bin/ssh")
        let other = try Call(parsing: "connect tcp 10.0.0.1:22 program=/bin/sh").subject
        let request = call.request
        #expect(policy.decide(request, byAll: [call.subject]).verdict == .allow)
        #expect(policy.decide(request, byAll: [call.subject, other]).verdict.isDenial)
    }

    @Test("Bind programs by their files, whatever these are called")
    func identity() throws {
        let policy = try Policy(["allow connect tcp program=@8:1:77"])
        let file = FileIdentity(major: 8, minor: 1, inode: 77)
        let other = FileIdentity(major: 8, minor: 2, inode: 77)
        for (identity, word) in [(file, "allow"), (other, "deny")] {
            let program = Subject.Program(file: identity, names: [Array("/x".utf8)])
            let subject = Subject(program: program)
            #expect(policy.word(.connect(.tcp, .localhost), by: subject) == word)
        }
    }
}
