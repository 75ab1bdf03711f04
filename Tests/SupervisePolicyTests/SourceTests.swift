import SupervisePolicy
import Testing

private let own = SourceAddresses(
    ipv4: IPv4Address(bits: 0x0a01_0203), ipv6: IPv6Address(high: 0x2001_0db8 << 32, low: 1))

/// A call, the address that its socket is bound to, and what becomes of it.
private struct Sourcing: Sendable, CustomTestStringConvertible {
    let call: String
    var local: LocalName
    let result: String

    init(_ call: String, at local: LocalName = .unbound, _ result: String) {
        (self.call, self.local, self.result) = (call, local, result)
    }

    var testDescription: String { "\(call) at \(local)" }

    /// The request, on a socket that is bound to that address.
    func request() throws -> Request {
        func moved(_ socket: SocketState) -> SocketState {
            guard case .known(let kind, let isListening, _) = socket else { return socket }
            return .known(kind, isListening: isListening, local: local)
        }
        return switch try Call(parsing: call).request {
        case .connect(let socket, let peer): .connect(moved(socket), peer)
        case .send(let socket, let peer): .send(moved(socket), peer)
        case .listen(let socket): .listen(moved(socket))
        case let other: other
        }
    }
}

private func at(_ bits: UInt32, _ port: UInt16 = 80) -> LocalName {
    .bound(.ipv4(IPv4Address(bits: bits), port: port))
}

private let sourcings: [Sourcing] = [
    // bind
    Sourcing("bind tcp 127.0.0.1:80", "kernel"),
    Sourcing("bind tcp 127.1.2.3:80", "kernel"),
    Sourcing("bind tcp 0.0.0.0:80", "bound to 10.1.2.3 instead"),
    Sourcing("bind udp [::ffff:0.0.0.0]:80", "bound to 10.1.2.3 instead"),
    Sourcing("bind tcp 10.1.2.3:80", "kernel"),
    Sourcing("bind udp [::ffff:10.1.2.3]:80", "kernel"),
    Sourcing("bind tcp 10.1.2.4:80", "EPERM: source 10.1.2.3, 2001:db8::1, not 10.1.2.4:80"),
    Sourcing("bind raw 10.1.2.4", "EPERM: source 10.1.2.3, 2001:db8::1, not 10.1.2.4:0"),
    Sourcing("bind tcp [::]:80", "bound to 2001:db8::1 instead"),
    Sourcing("bind tcp [::1]:80", "kernel"),
    Sourcing("bind tcp [2001:db8::1]:80", "kernel"),
    Sourcing(
        "bind tcp [2001:db8::2]:80", "EPERM: source 10.1.2.3, 2001:db8::1, not [2001:db8::2]:80"),
    // connect, on a socket that has no address yet, and on one that has
    Sourcing("connect tcp 192.0.2.1:80", "bound to 10.1.2.3 first"),
    Sourcing("connect tcp 127.0.0.1:80", "bound to 10.1.2.3 first"),
    Sourcing("connect udp [::ffff:192.0.2.1]:80", "bound to 10.1.2.3 first"),
    Sourcing("connect udp [2001:db8::9]:80", "bound to 2001:db8::1 first"),
    Sourcing("connect tcp 192.0.2.1:80", at: at(0x0a01_0203), "kernel"),
    Sourcing("connect tcp 192.0.2.1:80", at: at(0x0a01_0203, 0), "kernel"),
    Sourcing("connect tcp 192.0.2.1:80", at: at(0x7f00_0001), "kernel"),
    Sourcing(
        "connect tcp 192.0.2.1:80", at: at(0x0a01_0204),
        "EPERM: source 10.1.2.3, 2001:db8::1, not 10.1.2.4:80"),
    Sourcing(
        "connect tcp 192.0.2.1:80", at: at(0),
        "EPERM: source 10.1.2.3, 2001:db8::1, not 0.0.0.0:80"),
    Sourcing("connect tcp 192.0.2.1:80", at: .unknown, "EPERM: source 10.1.2.3, 2001:db8::1"),
    // What a raw socket has for a port is its protocol.
    Sourcing("connect raw 192.0.2.1", at: at(0, 255), "bound to 10.1.2.3 first"),
    Sourcing("connect tcp unspec", "kernel"),
    // messages, and listen
    Sourcing("send udp 192.0.2.1:80", "bound to 10.1.2.3 first"),
    Sourcing("send icmp 192.0.2.1", "bound to 10.1.2.3 first"),
    Sourcing("send udp 192.0.2.1:80", at: at(0x0a01_0203), "kernel"),
    Sourcing("send tcp 192.0.2.1:80", "kernel"),
    Sourcing("listen tcp", "bound to 10.1.2.3 first"),
    Sourcing("listen tcp", at: at(0x0a01_0203), "kernel"),
    Sourcing("listen udp", "kernel"),
    // others
    Sourcing("create tcp", "kernel"), Sourcing("bind unix /x", "kernel"),
    Sourcing("connect abstract @x", "kernel"), Sourcing("bind tcp unspec", "kernel"),
]

extension Policy {
    fileprivate func sourcing(_ request: Request) -> String {
        let decision = decide(request)
        return switch (decision.verdict, decision.source) {
        case (.allow, nil): "kernel"
        case (.allow, let step?): step.description
        case (.deny(let error), _): "\(error): \(decision.reason.text)"
        }
    }
}

@Suite("Source addresses")
struct SourceTests {
    @Test("say what becomes of a call, alone and prepared", arguments: sourcings)
    private func table(row: Sourcing) throws {
        let policy = Policy(network: .on, source: own)
        let request = try row.request()
        #expect(policy.sourcing(request) == row.result)
        #expect(PreparedPolicy(policy).decide(request) == policy.decide(request))
        let profile = Policy(profile: .sourceAddress, source: own)
        #expect(profile.sourcing(request) == row.result)
        // Unset is unrestricted.
        #expect(Policy(profile: .sourceAddress).sourcing(request) == "kernel")
    }

    @Test("leave the other version alone, but for IPv6 sockets that take IPv4 too")
    func versions() throws {
        var policy = Policy(network: .on, source: own)
        policy.source.ipv6 = nil
        func result(_ call: String) throws -> String {
            policy.sourcing(try Call(parsing: call).request)
        }
        #expect(try result("bind tcp [2001:db8::2]:80") == "kernel")
        #expect(try result("bind tcp [::]:80") == "for IPv6 alone")
        #expect(try result("connect tcp [2001:db8::9]:80") == "kernel")
        #expect(try result("connect udp [::ffff:192.0.2.1]:80") == "bound to 10.1.2.3 first")
        let socket = SocketState.known(SocketKind(family: .ipv6, type: .stream), local: .unbound)
        #expect(policy.sourcing(.listen(socket)) == "for IPv6 alone")
        policy.source = SourceAddresses(ipv6: own.ipv6)
        #expect(try result("bind tcp 10.1.2.4:80") == "kernel")
        #expect(try result("bind tcp [::]:80") == "bound to 2001:db8::1 instead")
        #expect(try result("connect tcp 192.0.2.1:80") == "kernel")
        #expect(try result("connect tcp [2001:db8::9]:80") == "bound to 2001:db8::1 first")
        #expect(try result("connect udp [::ffff:192.0.2.1]:80") == "kernel")
    }

    @Test("take a mapped peer of an IPv6 socket for one of IPv4")
    func mapped() {
        var policy = Policy(network: .on, source: own)
        let socket = SocketState.known(SocketKind(family: .ipv6, type: .datagram), local: .unbound)
        let peer = SocketAddress.ipv6(
            IPv6Address(high: 0, low: 0xffff_c000_0201), port: 80, scope: 0)
        for request in [Request.connect(socket, peer), .send(socket, peer)] {
            policy.source = own
            #expect(policy.sourcing(request) == "bound to 10.1.2.3 first")
            policy.source = SourceAddresses(ipv6: own.ipv6)
            #expect(policy.sourcing(request) == "kernel")
        }
    }

    @Test("come after rules: several addresses, networks with exceptions, ranges of ports")
    func rules() throws {
        var policy = try Policy(
            [
                "deny(EACCES) bind any:1-1023", "deny bind 10.2.0.9", "allow bind tcp 10.2.0.0/24",
                "allow bind udp 0.0.0.0:5353", "allow bind any:8080",
                "deny(ECONNREFUSED) connect tcp 192.0.2.1",
            ], network: .on)
        policy.source = own
        func result(_ call: String, at local: LocalName = .unbound) throws -> String {
            policy.sourcing(try Sourcing(call, at: local, "").request())
        }
        let refused = "EPERM: source 10.1.2.3, 2001:db8::1, not "
        #expect(try result("bind tcp 0.0.0.0:80") == "EACCES: deny(EACCES) bind :1-1023")
        #expect(try result("bind tcp 10.2.0.8:2000") == "kernel")
        #expect(try result("bind udp 10.2.0.8:2000") == refused + "10.2.0.8:2000")
        #expect(try result("bind tcp 10.2.0.9:2000") == "EPERM: deny bind 10.2.0.9")
        #expect(try result("bind udp 0.0.0.0:5353") == "kernel")
        // A rule that names no address leaves that open.
        #expect(try result("bind tcp 0.0.0.0:8080") == "bound to 10.1.2.3 instead")
        #expect(try result("bind tcp 10.9.9.9:8080") == refused + "10.9.9.9:8080")
        // What may be bound may be connected from.
        #expect(try result("connect tcp 192.0.2.2:80", at: at(0x0a02_0008, 2000)) == "kernel")
        #expect(
            try result("connect tcp 192.0.2.2:80", at: at(0x0a02_0009, 2000))
                == refused + "10.2.0.9:2000")
        #expect(
            try result("connect tcp 192.0.2.1:80")
                == "ECONNREFUSED: deny(ECONNREFUSED) connect tcp 192.0.2.1")
    }

    @Test("have every call of theirs looked at, on the very socket")
    func refusability() throws {
        let policy = Policy(network: .on, source: SourceAddresses(ipv4: own.ipv4))
        #expect(policy.restricts)
        for operation in Operation.allCases {
            let isLookedAt = [.bind, .connect, .listen, .send, .trace].contains(operation)
            #expect(policy.couldRefuse(operation) == isLookedAt, "\(operation)")
        }
        for (call, depends) in [
            ("bind tcp 0.0.0.0:80", false), ("connect tcp 192.0.2.1:80", true),
            ("send udp 192.0.2.1:80", true), ("connect tcp [2001:db8::9]:80", false),
        ] {
            let request = try Call(parsing: call).request
            #expect(policy.verdictDependsOnSocket(request) == depends, "\(call)")
        }
    }

    @Test("are one of each version, once and for all")
    func once() throws {
        var source = SourceAddresses()
        #expect(source.isEmpty)
        try source.set(SourceAddresses.address(parsing: "::ffff:10.1.2.3"))
        try source.set(SourceAddresses.address(parsing: "2001:db8::1"))
        #expect(source == own)
        for text in ["10.1.2.4", "10.1.2.3", "2001:db8::2"] {
            #expect(throws: SourceError.self) {
                try source.set(SourceAddresses.address(parsing: text))
            }
        }
        for text in [
            "", "10.1.2", "10.1.2.3/32", "localhost", "255.255.255.255", "224.0.0.1", "::",
        ] {
            #expect(throws: SourceError.self) { try SourceAddresses.address(parsing: text) }
        }
        #expect(source == own)
    }
}
