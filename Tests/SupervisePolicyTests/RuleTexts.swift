import SupervisePolicy
import SuperviseTestSupport

/// The names that the tests' rules use.
let testNames = Names(
    users: ["root": 0, "nobody": 65534, "www-data": 33],
    groups: ["root": 0, "sudo": 27],
    sets: [
        "mirror": NetworkSet([
            IPPrefix(.v4(IPv4Address(bits: 0x9765_0000)), length: 16),
            IPPrefix(.v6(IPv6Address(high: 0x2a04_4e42 << 32, low: 0)), length: 32),
        ])
    ])

/// Random rules in normal form: all that the grammar can say.
struct RandomRules {
    var random: SeededRandom

    init(_ seed: UInt64) {
        random = SeededRandom(seed)
    }

    mutating func chance(_ parts: Int) -> Bool {
        Int.random(in: 0..<parts, using: &random) == 0
    }

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func rule(place: RulePlace = .unknown) -> Rule {
        let action: RuleAction = pick([
            .allow, .allow, .deny(nil), .deny(ErrorNumber(rawValue: 111)),
        ])
        var operations = OperationSet(
            rawValue: pick([
                OperationSet.outgoing.rawValue, OperationSet.incoming.rawValue,
                OperationSet.all.rawValue, UInt8.random(in: 1...127, using: &random),
                1 << UInt8.random(in: 0...6, using: &random),
            ]))
        var rule = Rule(action, operations, place: place)
        if operations != .trace, !chance(3) { rule.protocol = protocolName() }
        if !operations.isDisjoint(with: [.outgoing, .incoming]), !chance(4) {
            rule.endpoint = endpoint(rule.protocol)
        }
        operations = rule.operations
        if chance(4) { rule.qualifiers = qualifiers() }
        return rule
    }

    mutating func protocolName() -> RuleProtocol {
        pick([
            .tcp, .tcp, .udp, .icmp, .sctp, .raw, .unix, .abstract, .family(.netlink),
            .family(.packet), .family(AddressFamily(rawValue: 99)), .number(136),
        ])
    }

    mutating func endpoint(_ protocol: RuleProtocol?) -> Endpoint? {
        if chance(12) { return .unspecified }
        switch `protocol` {
        case .unix?: return chance(5) ? .unnamed : .path(path())
        case .abstract?: return .abstractName(glob())
        case .family?: return nil
        case .icmp?, .raw?: return .internet(host(), nil)
        case nil where chance(6): return chance(3) ? .unnamed : .path(path())
        default: return .internet(host(), chance(2) ? nil : ports())
        }
    }

    mutating func host() -> Host {
        if chance(3) { return pick(Host.named.map(\.host)) }
        if chance(6) { return .set("mirror", testNames.sets["mirror"] ?? NetworkSet([])) }
        return .prefix(IPPrefix(address(), length: Int.random(in: 0...128, using: &random)))
    }

    /// Addresses near those that matter, so that rules and calls meet.
    mutating func address() -> IPAddress {
        if chance(3) {
            return IPAddress(
                IPv6Address(
                    high: pick([0, 0xfe80 << 48, 0x2a04_4e42 << 32, 0xfc00 << 48, random.next()]),
                    low: pick([0, 1, 0xffff_7f00_0001, random.next()])))
        }
        return .v4(
            IPv4Address(
                bits: pick([
                    0, 0x7f00_0001, 0x0a00_0001, 0x0a01_0203, 0x9765_0101, 0xc0a8_0101,
                    0xa9fe_a9fe, 0xe000_0001, UInt32(truncatingIfNeeded: random.next()),
                ])))
    }

    mutating func port() -> UInt16 {
        pick([0, 22, 53, 80, 443, 8000, 65535, UInt16.random(in: 0...65535, using: &random)])
    }

    mutating func ports() -> PortList {
        PortList(
            (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let (a, b) = (port(), port())
                return chance(2) ? a...a : min(a, b)...max(a, b)
            })
    }

    mutating func path() -> Glob {
        Glob(tokens: [chance(8) ? .globstar : .byte(UInt8(ascii: "/"))] + tokens())
    }

    mutating func glob() -> Glob { Glob(tokens: tokens()) }

    mutating func tokens() -> [Glob.Token] {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return .star
            case 1: return .globstar
            case 2: return .one
            case 3:
                var set = ByteSet()
                for byte in random.bytes(3) { set.insert(byte) }
                return .of(chance(2) ? set : set.inverted)
            case 4: return .byte(random.bytes(1)[0])
            case 5: return .byte(pick(Array(" \\*?[]@=:x\"'!-".utf8)))
            default: return .byte(pick(Array("ab/".utf8)))
            }
        }
    }

    mutating func qualifiers() -> [Qualifier] {
        var result: [Qualifier] = []
        if chance(2) { result.append(.program(program())) }
        if chance(3) { result.append(.ancestor(program())) }
        if chance(3) {
            let hierarchies = ["", "cpu,cpuacct", "name=systemd"].map { Array($0.utf8) }
            result.append(.cgroup(hierarchy: pick(hierarchies), path()))
        }
        if chance(3) {
            result.append(
                .user(
                    pick([
                        Account(number: 65534, name: "nobody"), Account(number: 33),
                        Account(number: 33, name: "www-data"),
                    ])))
        }
        if chance(3) { result.append(.group(Account(number: 27, name: "sudo"))) }
        return result
    }

    mutating func program() -> ProgramPattern {
        chance(3)
            ? .file(FileIdentity(major: 8, minor: 1, inode: random.next()))
            : .named(path())
    }
}
