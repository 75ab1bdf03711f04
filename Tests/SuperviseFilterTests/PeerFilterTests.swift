import SuperviseFilter
import SupervisePolicy
import Testing

/// A packet as a socket's filter sees it: its network header, and from the transport header on.
private struct Packet {
    var network: [UInt8]
    var transport: [UInt8]

    /// A packet from a peer to a port.
    init(from peer: IPAddress, to port: UInt16) {
        func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
        }
        // All bytes that no filter should look at are otherwise than what it looks for.
        switch peer {
        case .v4(let address):
            network = [0x45] + [UInt8](repeating: 0xee, count: 11) + bytes(UInt64(address.bits), 4)
        case .v6(let address):
            network =
                [0x6e] + [UInt8](repeating: 0xee, count: 7) + bytes(address.high, 8)
                + bytes(address.low, 8)
        }
        network += [UInt8](repeating: 0xdd, count: 16)
        transport = [0xee, 0xee] + bytes(UInt64(port), 2) + [0xee, 0xee, 0xee, 0xee]
    }

    /// So many bytes at an offset of a load: 0xfff00000 is where the network header begins.
    func word(_ k: UInt32, _ count: Int) -> UInt32? {
        let isNetwork = k >= 0xfff0_0000
        let bytes = isNetwork ? network : transport
        let start = Int(isNetwork ? k - 0xfff0_0000 : k)
        guard start + count <= bytes.count else { return nil }
        return bytes[start..<(start + count)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension PeerFilter {
    /// Whether the packet gets through, nil where the filter has no end.
    ///
    /// A load behind the packet's end drops it, as the kernel's `bpf_prog_run` does.
    fileprivate func passes(_ packet: Packet) -> Bool? {
        var (next, accumulator) = (0, UInt32(0))
        while instructions.indices.contains(next) {
            let instruction = instructions[next]
            let k = instruction.k
            next += 1
            func branch(_ holds: Bool) { next += Int(holds ? instruction.jt : instruction.jf) }
            switch instruction.code {
            case 0x20, 0x28, 0x30:
                let count = [0x20: 4, 0x28: 2, 0x30: 1][instruction.code] ?? 0
                guard let word = packet.word(k, count) else { return false }
                accumulator = word
            case 0x05: next += Int(k)
            case 0x06: return k != 0
            case 0x15: branch(accumulator == k)
            case 0x25: branch(accumulator > k)
            case 0x35: branch(accumulator >= k)
            case 0x54: accumulator &= k
            case 0x74: accumulator >>= k
            default: return nil
            }
        }
        return nil
    }
}

@Suite("The filter of a socket's own packets")
struct PeerFilterTests {
    private static let udp = SocketKind(family: .ipv6, type: .datagram)

    private func filter(
        _ rules: [String], _ kind: SocketKind = udp, by subject: Subject = .unknown
    ) throws -> PeerFilter? {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: .on)
        return PeerFilter(policy: policy, kind: kind, subject: subject)
    }

    private func peer(_ text: String) throws -> IPAddress {
        try #require(try Names.prefixes(parsing: text).first).address
    }

    @Test(
        "drops what the rules refuse, by the peer's address and the local port",
        arguments: [
            // The first and the last of each, and those next to them.
            ("deny accept udp any:1000-1003", "10.0.0.1", 999, true),
            ("deny accept udp any:1000-1003", "10.0.0.1", 1000, false),
            ("deny accept udp any:1000-1003", "10.0.0.1", 1003, false),
            ("deny accept udp any:1000-1003", "10.0.0.1", 1004, true),
            ("deny accept udp any:1000-1003", "[2001:db8::1]", 1003, false),
            ("deny accept udp 10.1.0.0/16", "10.0.255.255", 7, true),
            ("deny accept udp 10.1.0.0/16", "10.1.0.0", 7, false),
            ("deny accept udp 10.1.0.0/16", "10.1.255.255", 7, false),
            ("deny accept udp 10.1.0.0/16", "10.2.0.0", 7, true),
            ("deny accept udp 10.1.0.0/16", "[a01::]", 7, true),
            ("deny accept udp 10.1.2.3:5", "10.1.2.3", 5, false),
            ("deny accept udp 10.1.2.3:5", "10.1.2.3", 6, true),
            ("deny accept udp 10.1.2.3:5", "10.1.2.2", 5, true),
            ("deny accept udp [2001:db8::1]", "[2001:db8::1]", 5, false),
            ("deny accept udp [2001:db8::1]", "[2001:db8::2]", 5, true),
            ("deny accept udp [2001:db8::1]", "[2001:db9::1]", 5, true),
            ("deny accept udp [2001:db8::1]", "[2001:db8:0:1::1]", 5, true),
            ("deny accept udp [2001:db8::1]", "[2001:db8::1:0:1]", 5, true),
            ("deny accept udp [2001:db8:0:4000::]/50", "[2001:db8:0:3fff:ffff::]", 5, true),
            ("deny accept udp [2001:db8:0:4000::]/50", "[2001:db8:0:4000::]", 5, false),
            ("deny accept udp [2001:db8:0:4000::]/50", "[2001:db8:0:7fff:ffff::]", 5, false),
            ("deny accept udp [2001:db8:0:4000::]/50", "[2001:db8:0:8000::]", 5, true),
            ("deny accept udp localhost", "127.200.0.1", 5, false),
            ("deny accept udp localhost", "[::1]", 5, false),
            ("deny accept udp localhost", "[::2]", 5, true),
        ] as [(String, String, UInt16, Bool)])
    func drops(rule: String, from: String, port: UInt16, passes: Bool) throws {
        let filter = try #require(try filter([rule]))
        #expect(filter.passes(Packet(from: try peer(from), to: port)) == passes)
    }

    @Test("asks the rules in their order")
    func order() throws {
        let filter = try #require(
            try filter([
                "allow accept udp 10.1.0.0/16:53", "deny accept udp 10.0.0.0/8",
                "allow accept [2001:db8::1]", "deny accept udp any:1-1023,5000",
            ]))
        for (from, port, passes) in [
            ("10.1.0.1", 53, true), ("10.1.0.1", 54, false), ("10.2.0.1", 53, false),
            ("11.0.0.1", 1023, false), ("11.0.0.1", 1024, true), ("11.0.0.1", 5000, false),
            ("11.0.0.1", 0, true), ("[2001:db8::1]", 80, true), ("[2001:db8::2]", 80, false),
        ] as [(String, UInt16, Bool)] {
            #expect(
                filter.passes(Packet(from: try peer(from), to: port)) == passes,
                "\(from) to \(port)")
        }
    }

    @Test("is none where nothing would be dropped")
    func none() throws {
        for rules in [
            [], ["allow accept udp"], ["deny connect udp"], ["deny accept tcp"],
            ["deny accept unix"],
        ] {
            #expect(try filter(rules) == nil, "\(rules)")
        }
    }

    @Test("takes what is not known of the process for what would be refused")
    func unknown() throws {
        let unknown = try #require(
            try filter(["allow accept udp user=root", "deny accept udp 10.0.0.0/8"]))
        #expect(unknown.passes(Packet(from: try peer("10.0.0.1"), to: 7)) == false)
        let denied = try #require(try filter(["deny accept udp user=root"]))
        #expect(denied.passes(Packet(from: try peer("10.0.0.1"), to: 7)) == false)
    }

    @Test("compares ports only where there are ports")
    func ports() throws {
        let raw = SocketKind(family: .ipv4, type: .raw)
        #expect(try filter(["deny accept any:80"], raw) == nil)
        let whole = try #require(try filter(["deny accept raw 10.0.0.0/8"], raw))
        #expect(whole.passes(Packet(from: try peer("10.0.0.1"), to: 7)) == false)
    }
}
