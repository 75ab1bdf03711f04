import SupervisePolicy
import Testing

@Suite("What would lead past the rules")
struct SteeringTests {
    /// A policy, and what it does not leave to a program.
    static let policies: [(NetworkSwitch, [String], Steering)] = [
        // Sockets that are connected lead where they are connected to.
        (.off, [], everything), (.off, ["allow * unix"], everything),
        (.off, ["allow bind udp"], everything), (.off, ["allow send udp"], [.associations]),
        // Wider than what has a scope, and within it.
        (.off, ["allow send udp 224.0.0.0/3"], everything.subtracting([.groups, .scopes])),
        (.off, ["allow outgoing udp localhost"], everything),
        (.off, ["allow bind udp", "allow send udp localhost"], everything),
        (.off, ["allow connect tcp 10.0.0.0/8:80"], everything),
        (.off, ["allow outgoing udp multicast"], everything.subtracting([.groups, .scopes])),
        (.off, ["allow send udp 224.0.0.251"], everything.subtracting([.groups, .scopes])),
        (
            .off, ["allow send udp 10.0.0.1", "allow send udp [ff02::fb]"],
            everything.subtracting([.groups, .scopes])
        ),
        (.off, ["allow bind udp [fe80::]/10"], everything.subtracting(.scopes)),
        (.off, ["allow outgoing udp"], [.associations]),
        (.off, ["allow connect tcp :443"], [.routes, .associations]),
        (.off, ["allow outgoing program=/bin/true"], everything.subtracting(.groups)),
        (.off, ["allow * sctp"], everything.subtracting([.groups, .associations])),
        (.on, ["deny outgoing 10.0.0.0/8"], [.routes, .associations]),
        (.on, ["deny outgoing udp 10.0.0.0/8"], .routes),
        (
            .on, ["allow outgoing localhost", "deny outgoing any"],
            everything
        ),
        (.on, ["deny connect tcp"], []), (.on, ["deny send udp"], []),
        (.on, ["deny connect sctp"], .associations), (.on, ["deny send sctp"], .associations),
    ]

    private static let everything: Steering =
        [.routes, .interfaces, .groups, .scopes, .associations]

    @Test("Is what makes a difference to them", arguments: policies)
    func forbidden(network: NetworkSwitch, rules: [String], expected: Steering) throws {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        #expect(policy.forbiddenSteering == expected)
    }

    @Test("Leaves interfaces and groups alone where the profile does so with what no rule is about")
    func otherwise() {
        #expect(Policy(network: .off, profile: .landlockTCP).forbiddenSteering == .routes)
    }

    @Test("Is another source than the socket is to have")
    func sources() throws {
        let short = IPv4Address(bits: 0x0a01_0203)
        let only4 = SourceAddresses(ipv4: short)
        let both = SourceAddresses(ipv4: short, ipv6: IPv6Address(high: 1 << 56, low: 2))
        #expect(
            Policy(network: .on, profile: .sourceAddress, source: only4).forbiddenSteering
                == [.sources])
        let own6: [UInt8] = [1] + [UInt8](repeating: 0, count: 14) + [2]
        let other6: [UInt8] = [1] + [UInt8](repeating: 0, count: 14) + [3]
        let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [255, 255]
        let cases: [([UInt8], forOnly4: Bool, forBoth: Bool)] = [
            ([10, 1, 2, 3], false, false), ([10, 1, 2, 4], true, true),
            ([0, 0, 0, 0], false, false), ([127, 0, 0, 1], false, false),
            (own6, false, false), (other6, false, true),
            (mapped + [10, 1, 2, 3], false, false), (mapped + [10, 1, 2, 4], true, true),
            ([UInt8](repeating: 0, count: 16), false, false), ([], true, true),
        ]
        let only6 = SourceAddresses(ipv6: IPv6Address(high: 1 << 56, low: 2))
        #expect(!only6.forbidsSending(from: [10, 1, 2, 4]))
        #expect(only6.forbidsSending(from: other6))
        for (source, forOnly4, forBoth) in cases {
            #expect(only4.forbidsSending(from: source) == forOnly4)
            #expect(both.forbidsSending(from: source) == forBoth)
        }
    }
}
