import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("The rule that allows a request")
struct NarrowestRuleTests {
    private static let any4 = IPv4Address(bits: 0)
    private static let bound = SocketState.known(
        .tcp, local: .bound(.ipv4(IPv4Address(bits: 0x7f00_0001), port: 8000)))

    @Test(
        "says what was asked for, and no more",
        arguments: [
            (.create(.tcp), "allow create tcp"),
            (.create(SocketKind(family: .netlink, type: .raw)), "allow create netlink"),
            (.create(SocketKind(family: .ipv4, type: .raw, protocolNumber: 1)), "allow create raw"),
            (
                .connect(.tcp, .ipv4(IPv4Address(bits: 0x5db8_d822), port: 443)),
                "allow connect tcp 93.184.216.34:443"
            ),
            (
                .send(
                    .udp6, .ipv6(IPv6Address(high: 0x2001_0db8 << 32, low: 1), port: 53, scope: 2)),
                "allow send udp [2001:db8::1]:53"
            ),
            (
                .connect(.known(.tcp, local: .unbound), .ipv4(any4, port: 80)),
                "allow connect tcp 127.0.0.1:80"
            ),
            (.connect(.tcp, .unspecified), "allow connect tcp unspec"),
            (.bind(.tcp, .ipv4(any4, port: 0)), "allow bind tcp 0.0.0.0:0"),
            (.listen(bound), "allow listen tcp 127.0.0.1:8000"),
            (.listen(.known(.tcp, local: .unbound)), "allow bind,listen tcp 0.0.0.0:0"),
            (
                .connect(
                    .known(SocketKind(family: .ipv4, type: .datagram, protocolNumber: 1)),
                    .ipv4(IPv4Address(bits: 1), port: 7)), "allow connect icmp 0.0.0.1"
            ),
            (
                .send(
                    .known(SocketKind(family: .netlink, type: .raw)), .other(.netlink)),
                "allow send netlink"
            ),
            (.connect(.unknown, .path), "allow connect unix /run/x"),
            (
                .connect(.unknown, .unix(.abstract(Array("a b*'\n\"é".utf8)))),
                #"allow connect abstract a\x20b\*'\x0a"é"#
            ),
            (.bind(.unknown, .unix(.unnamed)), "allow bind unix autobind"),
            (.trace(.inTree), "allow trace"),
            // What too little is known of, and paths that rules cannot have.
            (.connect(.unknown, .ipv4(IPv4Address(bits: 1), port: 1)), nil),
            (.connect(.tcp, .ipv4(any4, port: 80)), nil),
            (.listen(.unknown), nil),
            (.connect(.unknown, .unix(.path(Array("x".utf8)))), nil),
        ] as [(Request, String?)])
    func rules(request: Request, text: String?) {
        #expect(request.narrowestRule?.description == text)
    }

    @Test("allows it, as text too, whatever it is")
    func allows() throws {
        var random = RandomRules(3)
        var count = 0
        for _ in 0..<5_000 {
            let request = random.request()
            guard let rule = request.narrowestRule else { continue }
            count += 1
            let parsed = try Rule(parsing: rule.description)
            #expect(parsed == rule)
            #expect(Policy(rules: [parsed]).decide(request).verdict == .allow, "\(request)")
        }
        #expect(count > 2_000)
    }
}

@Suite("Merging rules")
struct RuleMergingTests {
    @Test(
        "joins what differs in one part only",
        arguments: [
            (["connect tcp :80", "connect tcp :80"], ["connect tcp :80"]),
            (["connect udp [::1]:53", "send udp [::1]:53"], ["outgoing udp [::1]:53"]),
            (
                ["connect tcp 1.2.3.4:80", "connect tcp 1.2.3.4:443", "connect tcp 1.2.3.4:81"],
                ["connect tcp 1.2.3.4:80-81,443"]
            ),
            (
                ["connect tcp 10.0.0.2:80", "connect tcp 10.0.0.3:80", "connect tcp 10.0.0.4:80"],
                ["connect tcp 10.0.0.2/31:80", "connect tcp 10.0.0.4:80"]
            ),
            (
                [0, 3, 1, 2].map { "connect tcp 10.0.0.\($0)" }, ["connect tcp 10.0.0.0/30"]
            ),
            (
                ["connect tcp 10.0.0.2", "connect tcp 10.0.0.3", "connect tcp 10.0.0.2/31"],
                ["connect tcp 10.0.0.2/31"]
            ),
            // Neighbours that are no halves of one network.
            (
                ["send udp 10.0.0.1:1", "send udp 10.0.0.2:1"],
                ["send udp 10.0.0.1:1", "send udp 10.0.0.2:1"]
            ),
            // Every address is no neighbour of one.
            (["bind tcp [::]:0", "bind tcp [::1]:0"], ["bind tcp [::]:0", "bind tcp [::1]:0"]),
            // Two differences: one rule would allow four things.
            (
                ["connect tcp 1.2.3.4:80", "connect tcp 1.2.3.5:443"],
                ["connect tcp 1.2.3.4:80", "connect tcp 1.2.3.5:443"]
            ),
            (["create netlink", "send netlink"], ["create,send netlink"]),
            (["create tcp", "create udp"], ["create tcp", "create udp"]),
            (
                ["connect abstract a", "connect unix /a", "bind abstract a"],
                ["connect,bind abstract a", "connect unix /a"]
            ),
        ] as [([String], [String])])
    func merges(rules: [String], expected: [String]) throws {
        func parsed(_ texts: [String]) throws -> [Rule] {
            try texts.map { try Rule(parsing: $0, action: .allow) }
        }
        #expect(try Rule.merged(parsed(rules)).map(\.rule) == parsed(expected))
    }

    @Test("loses nothing and adds nothing")
    func same() {
        var random = RandomRules(7)
        for _ in 0..<600 {
            // Requests of a small world, so that many are alike.
            let rules = (0..<Int.random(in: 1...12, using: &random.random)).compactMap { _ in
                random.chance(2) ? random.request().narrowestRule : random.rule()
            }.filter { $0.action == .allow }
            let merged = Rule.merged(rules)
            #expect(merged.flatMap(\.parts).sorted() == Array(rules.indices))
            let (before, after) = (Policy(rules: rules), Policy(rules: merged.map(\.rule)))
            for _ in 0..<40 {
                let (request, subject) = (random.request(), random.subject())
                #expect(
                    before.decide(request, by: subject).verdict
                        == after.decide(request, by: subject).verdict,
                    "\(request): \(rules) and \(merged.map(\.rule))")
            }
        }
    }
}

@Suite("What is dangerous, and what helps")
struct DangerTests {
    private static func ipv4(_ bits: UInt32, _ port: UInt16) -> SocketAddress {
        .ipv4(IPv4Address(bits: bits), port: port)
    }

    @Test(
        "A request is dangerous for one of the known reasons",
        arguments: [
            (.connect(.tcp, ipv4(0xa9fe_a9fe, 80)), .metadata),
            (.send(.known(SocketKind(family: .ipv4, type: .datagram)), ipv4(0xa9fe_a9fe, 53)), nil),
            (.connect(.tcp, ipv4(0xa83f_8110, 80)), .metadata),
            (
                .connect(
                    .tcp,
                    .ipv6(IPv6Address(high: 0xfd00_0ec2 << 32, low: 0x254), port: 80, scope: 0)),
                .metadata
            ),
            (.connect(.tcp, ipv4(0x0a00_0001, 80)), nil),
            (.bind(.tcp, ipv4(0, 8000)), .everyInterface),
            (.bind(.tcp, ipv4(0, 0)), nil),
            (.bind(.tcp, ipv4(0x7f00_0001, 8000)), nil),
            (.listen(.known(.tcp, local: .unbound)), .everyInterface),
            (.listen(.known(.tcp, local: .bound(ipv4(0x7f00_0001, 1)))), nil),
            (
                .connect(.unknown, .unix(.path(Array("/var/run/docker.sock".utf8)))),
                .containerEngine
            ),
            (.connect(.unknown, .path), nil),
            (.create(.packet), .raw),
            (.create(SocketKind(family: .ipv6, type: .raw, protocolNumber: 58)), .raw),
            (.create(.tcp), nil),
            (.trace(.inTree), .tracing),
        ] as [(Request, Danger?)])
    func dangers(request: Request, danger: Danger?) {
        #expect(request.danger == danger)
    }

    @Test(
        "A helper is known by where its socket is",
        arguments: [
            ("/run/docker.sock", .containerEngine), ("/var/run/docker.sock", .containerEngine),
            ("/home/a/.docker/run/docker.sock", .containerEngine),
            ("/run/user/1000/podman/podman.sock", .containerEngine),
            ("/run/containerd/containerd.sock", .containerEngine),
            ("/run/dbus/system_bus_socket", .messageBus), ("/run/user/0/bus", .messageBus),
            ("/var/run/nscd/socket", .resolver),
            ("/run/systemd/resolve/io.systemd.Resolve", .resolver),
            ("/run/systemd/private", .serviceManager), ("/tmp/.X11-unix/X0", .display),
            ("@/tmp/.X11-unix/X0", .display), ("@/tmp/dbus-x", .messageBus),
            ("/tmp/x", nil), ("/run/userland/bus", nil), ("@a", nil), ("docker.sock", nil),
        ] as [(String, NetworkHelper?)])
    func helpers(name: String, helper: NetworkHelper?) {
        let bytes = Array(name.utf8)
        let address: UnixName =
            name.hasPrefix("@") ? .abstract(Array(bytes.dropFirst())) : .path(bytes)
        #expect(NetworkHelper(at: .unix(address)) == helper)
    }
}
