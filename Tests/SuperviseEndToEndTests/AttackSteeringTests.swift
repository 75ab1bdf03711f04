import Glibc
import SuperviseTestSupport
import Testing

/// An address says where packets go only as long as nothing else does: what would lead them elsewhere
/// is refused where rules allow some hosts.
@Suite("What leads packets elsewhere", .serialized)
struct AttackSteeringTests {
    /// A way of `Fixtures/attacks/lead-out`, the versions of IP that have it, and how many packets leave
    /// by it in 20 tries.
    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        var versions = ["4", "6"]
        var packets = 20
        /// The kernel says again after a random time what it says (IGMP, MLD): more packets are as many.
        var isRepeated = false
        /// Another thread has a say in how many leave.
        var isRace = false
        /// Why it need not lead anywhere without `supervise`; nil: it always does.
        var unless: String?

        var testDescription: String { name }
    }

    static let ways = [
        Way(name: "device"), Way(name: "index"), Way(name: "unicast"),
        Way(name: "sticky", versions: ["6"]), Way(name: "scope", versions: ["6"]),
        Way(name: "message"), Way(name: "flipped", isRace: true),
        Way(name: "swapped", isRace: true),
        Way(name: "several"), Way(name: "connected"),
        Way(name: "route", versions: ["4"], unless: "this user makes no source routes"),
        Way(name: "route-option", versions: ["4"], unless: "this user makes no source routes"),
        Way(name: "group", packets: 1, isRepeated: true),
    ]

    static let program = Programs.path("lead-out")
    /// The loopback addresses, and one host that lies outside.
    static let rules = [
        "--allow", "outgoing udp localhost", "--allow", "connect tcp localhost",
        "--allow", "send udp 10.77.0.9", "--allow", "bind udp",
    ]

    /// How many packets left; nil where no interface could be made.
    private func left(
        _ way: Way, _ version: String, _ abi: String, _ prefix: [String], as user: User
    ) async throws -> Int? {
        let number = user == .nobody ? "65534" : "\(geteuid())"
        let outcome = try await run(
            [Self.program, "watch", number] + prefix + [
                Self.program, way.name, version, abi, way.isRace ? "2000" : "20",
            ])
        if outcome.error.hasPrefix("unshare: ") || outcome.error.hasPrefix("/dev/net/tun: ") {
            return nil
        }
        let words = outcome.output.split { $0 == " " || $0 == "\n" }
        try #require(words.count == 2 && outcome.error.isEmpty, "\(outcome)")
        return Int(words[1]).map { way.isRepeated ? min($0, way.packets) : $0 }
    }

    @Test(
        "is refused where rules allow some hosts", arguments: ways, User.available)
    func refused(way: Way, user: User) async throws {
        let supervise = [Programs.path("supervise"), "--quiet"]
        for version in way.versions {
            for abi in ["x86-64", "i386"] {
                let native = try await left(way, version, abi, [], as: user)
                guard let native else {
                    return print("skipped: \(way.name): no interface can be made")
                }
                if way.isRace {
                    #expect(native > 0)
                } else if native != way.packets, let reason = way.unless {
                    print("skipped: \(way.name) as \(user): \(reason)")
                } else {
                    #expect(native == way.packets)
                }
                #expect(
                    try await left(
                        way, version, abi, supervise + Self.rules + ["--"], as: user) == 0)
                // Where every host is allowed there is nothing to lead past.
                guard abi == "x86-64", !way.isRace else { continue }
                let free = ["--allow", "bind,outgoing udp", "--allow", "connect tcp", "--"]
                #expect(
                    try await left(way, version, abi, supervise + free, as: user) == native)
            }
        }
    }

    /// Steps of `probe` that send control data which lead nowhere: to a UDP socket, and over a pair of
    /// AF_UNIX sockets.
    static let harmless: [String] = {
        func item(_ level: UInt32, _ type: UInt32, _ data: [UInt32], wide: Bool) -> String {
            let length = UInt32((wide ? 16 : 12) + 4 * data.count)
            let words = (wide ? [length, 0] : [length]) + [level, type] + data
            return (words + (wide && data.count % 2 == 1 ? [0] : [])).map { word in
                (0..<4).map { byte in
                    let digits = String(word >> UInt32(8 * byte) & 0xff, radix: 16)
                    return digits.count == 1 ? "0" + digits : digits
                }.joined()
            }.joined()
        }
        return [true, false].flatMap { wide in
            let abi = wide ? "" : "i386:"
            // IP_PKTINFO by no interface, by the loopback one, with a source; IP_TOS before it.
            let unbound = item(0, 8, [0, 0, 0], wide: wide)
            let inside = item(0, 8, [1, 0x0100_007f, 0], wide: wide)
            let service = item(0, 1, [16], wide: wide)
            // Rights: a hundred copies of standard output.
            let rights = item(1, 1, [UInt32](repeating: 1, count: 100), wide: wide)
            return [unbound, inside, service + inside].map {
                "\(abi)sendmsg($u,in:127.0.0.1:9,control=hex:\($0))"
            } + [
                "\(abi)sendmmsg($u,[in:127.0.0.1:9;in:127.0.0.1:9],control=hex:\(service + inside))",
                "\(abi)sendmsg($u,in:127.0.0.1:9,control=hex:\(inside),controllen=17)",
                "\(abi)sendmsg($u,in:127.0.0.1:9,control=bad)",
                "\(abi)sendmsg($u,-,iov=bad,control=bad)",
                "\(abi)sendmsg($p.0,-,control=rights:1)",
                "\(abi)sendmsg($p.0,-,control=hex:\(rights))",
                "\(abi)sendmmsg($p.0,[-;-],control=hex:\(rights))",
                "\(abi)sendmsg(-1,-,control=hex:\(unbound))",
            ]
        }
    }()

    @Test("leaves other control data as they are", arguments: User.available)
    func harmless(user: User) async throws {
        let probe =
            [Programs.path("probe"), "u=socket(AF_INET,SOCK_DGRAM,0)"]
            + ["p=socketpair(AF_UNIX,SOCK_STREAM,0)"] + Self.harmless
        let native = try await run(probe, as: user)
        #expect(native.end == .exited(0))
        for options in [
            ["--allow", "outgoing localhost"], ["--allow", "create udp"] + Self.rules,
        ] {
            #expect(
                try await run(
                    [Programs.path("supervise"), "--quiet"] + options + ["--"] + probe, as: user)
                    == native)
        }
    }

    @Test("is logged with why, beside the messages that are sent", arguments: User.available)
    func logged(user: User) async throws {
        // IP_RETOPTS with a source route, in the message to one host only.
        let route = "18000000000000000000000007000000" + "018307040a4d0042"
        let outcome = try await run(
            [
                Programs.path("supervise"), "--log", "-", "--log-level", "all", "--quiet",
                "--allow", "outgoing udp localhost", "--", Programs.path("probe"),
                "u=socket(AF_INET,SOCK_DGRAM,0)", "sendmsg($u,in:127.0.0.1:9)",
                "sendmsg($u,in:127.0.0.1:9,control=hex:\(route))",
            ], as: user)
        #expect(
            outcome.output.hasSuffix(
                " = 5\nsendmsg($u,in:127.0.0.1:9,control=hex:\(route)) = EPERM\n"))
        let lines = outcome.error.split(separator: "\n").filter { $0.contains("sendmsg") }
        #expect(lines.filter { $0.contains("allowed") }.count == 1, "\(lines)")
        #expect(
            lines.filter { $0.contains("control data that lead past the rules") }.count == 1,
            "\(lines)")
    }
}
