import SupervisePolicy
import Testing

@Suite("Networks and ports")
struct PrefixTests {
    private func prefix(_ text: String) throws -> IPPrefix {
        try #require(try Names.prefixes(parsing: text).first)
    }

    @Test("A network has each address that begins with it, from the first to the last")
    func lengths() {
        let (high, low) = (UInt64(0x2001_0db8_5555_aaaa), UInt64(0x5555_aaaa_5555_aaaa))
        let whole = UInt128(high) << 64 | UInt128(low)
        func address(_ bits: UInt128) -> IPAddress {
            .v6(
                IPv6Address(
                    high: UInt64(truncatingIfNeeded: bits >> 64),
                    low: UInt64(truncatingIfNeeded: bits)))
        }
        for length in 1...128 {
            let network = IPPrefix(address(whole), length: length)
            let rest = length == 128 ? 0 : UInt128.max >> UInt128(length)
            #expect(network.address == address(whole & ~rest))
            #expect(network.contains(address(whole & ~rest)))
            #expect(network.contains(address(whole | rest)))
            // One bit of the prefix is another.
            #expect(!network.contains(address(whole ^ (rest + 1))))
            #expect(!network.contains(address(whole ^ 1 << 127)))
        }
    }

    @Test("A network of mapped addresses is one of IPv4 from 96 bits on, and not before")
    func mapped() {
        let zero = IPAddress.v6(IPv6Address(high: 0, low: 0xffff_0000_0000))
        #expect(IPPrefix(zero, length: 96) == IPPrefix(.v4(IPv4Address(bits: 0)), length: 0))
        #expect(IPPrefix(zero, length: 97) == IPPrefix(.v4(IPv4Address(bits: 0)), length: 1))
        #expect(!IPPrefix(zero, length: 95).contains(.v4(IPv4Address(bits: 0))))
        #expect(IPPrefix(zero, length: 95).length == 95)
    }

    @Test("A network covers those within it, and itself")
    func covers() throws {
        for (outer, inner, covers) in [
            ("10.0.0.0/8", "10.0.0.0/8", true), ("10.0.0.0/8", "10.0.0.0/9", true),
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/9", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false), ("10.0.0.1", "10.0.0.0/31", false),
            ("10.0.0.0", "10.0.0.0/31", false),
        ] {
            #expect(try prefix(outer).covers(prefix(inner)) == covers, "\(outer), \(inner)")
        }
    }

    @Test(
        "Ranges that overlap or touch are one",
        arguments: [
            ([1...2, 3...4], [1...4]), ([1...2, 4...5], [1...2, 4...5]),
            ([1...10, 2...3], [1...10]),
            ([4...9, 1...6], [1...9]), ([0...65535, 7...7], [0...65535]),
            ([5...5, 5...5], [5...5]),
            ([65535...65535, 65533...65533], [65533...65533, 65535...65535]), ([], []),
        ] as [([ClosedRange<UInt16>], [ClosedRange<UInt16>])])
    func ranges(given: [ClosedRange<UInt16>], merged: [ClosedRange<UInt16>]) {
        let list = PortList(given)
        #expect(list.ranges == merged)
        for port: UInt16 in [0, 1, 2, 3, 4, 5, 9, 10, 11, 65532, 65533, 65534, 65535] {
            #expect(list.contains(port) == given.contains { $0.contains(port) }, "\(port)")
        }
    }

    @Test(
        "A host's name is these networks, from the first address to the last",
        arguments: [
            (
                "localhost",
                ["127.0.0.0", "127.127.255.255", "127.128.0.0", "127.255.255.255", "[::1]"],
                ["126.255.255.255", "128.0.0.0", "[::]", "[::2]"]
            ),
            (
                "private",
                [
                    "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
                    "192.168.255.255", "100.64.0.0", "100.127.255.255", "[fc00::]", "[fdff:ffff::]",
                ],
                [
                    "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
                    "192.169.0.0", "100.63.255.255", "100.128.0.0", "[fbff::]", "[fe00::]",
                ]
            ),
            (
                "link-local", ["169.254.0.0", "169.254.255.255", "[fe80::]", "[febf:ffff::]"],
                ["169.253.255.255", "169.255.0.0", "[fe7f::]", "[fec0::]"]
            ),
            (
                "multicast", ["224.0.0.0", "239.255.255.255", "[ff00::]", "[ffff:ffff::]"],
                ["223.255.255.255", "240.0.0.0", "[feff::]"]
            ),
        ] as [(String, [String], [String])])
    func hosts(name: String, inside: [String], outside: [String]) throws {
        let host = try #require(Host.named.first { $0.name == name }).host
        for text in inside { #expect(try host.contains(prefix(text).address), "\(text)") }
        for text in outside { #expect(try !host.contains(prefix(text).address), "\(text)") }
    }

    /// A search for networks goes outwards from the one that begins last: none around it may be lost.
    @Test("A prepared policy finds each network around an address, whatever ends where it begins")
    func around() throws {
        for rules in [
            ["deny connect tcp 10.0.0.0/31", "allow connect tcp 10.0.0.1:80"],
            ["allow connect tcp 10.0.0.255:80", "deny connect tcp 10.0.0.0/24"],
            [
                "deny connect tcp 10.0.0.0/8:22", "allow connect tcp 10.255.255.255:80",
                "allow connect tcp 10.255.255.254/31:443",
            ],
            ["deny connect tcp [2001:db8::]/127", "allow connect tcp [2001:db8::1]:80"],
        ] {
            let policy = try Policy(rules, network: .off)
            let prepared = PreparedPolicy(policy)
            for host in ["10.0.0.1", "10.0.0.255", "10.255.255.255", "[2001:db8::1]", "10.0.0.0"] {
                for port in [22, 80, 443, 1] {
                    let request = try Call(parsing: "connect tcp \(host):\(port)").request
                    #expect(
                        prepared.answer(to: request) == policy.answer(to: request),
                        "\(host):\(port) by \(rules)")
                }
            }
        }
    }

    @Test("A prepared policy finds the rules of each port where many share a network")
    func ports() throws {
        let rules = (0..<24).map { number in
            "\(number % 3 == 0 ? "deny" : "allow") connect tcp 10.0.0.0/24:"
                + (number % 2 == 0 ? "\(100 + number)" : "\(100 + number)-\(104 + 2 * number)")
        }
        let policy = try Policy(rules, network: .off)
        let prepared = PreparedPolicy(policy)
        for port in 98...155 {
            let request = try Call(parsing: "connect tcp 10.0.0.7:\(port)").request
            #expect(prepared.answer(to: request) == policy.answer(to: request), "\(port)")
        }
    }

    /// With a source address a rule for every address leaves open which it is, one that names some
    /// has decided: of the two, which are about the same addresses, neither may be left out.
    @Test("A prepared policy keeps rules apart that name addresses and that do not")
    func naming() throws {
        let all = try NetworkSet(["0.0.0.0/0", "10.0.0.0/8"].map(prefix))
        let (open, naming) = (
            Rule(.allow, .bind, nil, .internet(.any, nil)),
            Rule(.allow, .bind, nil, .internet(.set("all", all), nil))
        )
        let address = SocketAddress.ipv4(IPv4Address(bits: 0xc000_0201), port: 80)
        for rules in [[open, naming], [naming, open]] {
            var policy = Policy(rules: rules)
            policy.source.ipv4 = IPv4Address(bits: 0x0a00_0001)
            for socket in [
                SocketState.unknown, .known(SocketKind(family: .ipv4, type: .stream)),
            ] {
                let request = Request.bind(socket, address)
                #expect(
                    PreparedPolicy(policy).answer(to: request) == policy.answer(to: request),
                    "\(socket) by \(rules)")
            }
        }
        var policy = Policy(rules: [open, naming])
        policy.source.ipv4 = IPv4Address(bits: 0x0a00_0001)
        #expect(PreparedPolicy(policy).answer(to: .bind(.unknown, address)) == .needs(.socket))
    }
}
