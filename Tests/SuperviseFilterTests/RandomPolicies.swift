import SuperviseFilter
import SupervisePolicy

/// Random policies, calls and callers, the same for the same seed.
struct RandomPolicies {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int(random.next() % UInt64(choices.count))]
    }

    mutating func chance(_ parts: UInt64) -> Bool { random.next() % parts == 0 }

    // MARK: Policies

    private static let operations = [
        "outgoing", "incoming", "*", "connect", "send", "bind", "listen", "accept", "create",
        "bind,connect", "connect,send,create", "trace",
    ]
    private static let protocols = [
        "", "", "tcp", "tcp", "udp", "icmp", "sctp", "raw", "unix", "abstract", "netlink",
        "packet", "smc", "33", "136", "6", "65535",
    ]
    private static let endpoints = [
        "", "", "any", "localhost", "10.0.0.0/8:443", ":80", ":1-1023", "[::1]:53", "private",
        "127.0.0.1:0", ":0", "/run/**", "/tmp/x", "@name", "autobind", "unspec",
    ]
    private static let qualifiers = [
        "", "", "", "program=/bin/a", "program=/bin/*", "program=@8:1:7", "ancestor=/bin/b",
        "cgroup=/a/**", "user=1", "group=2",
    ]

    mutating func rule() -> Rule {
        while true {
            let words = [
                pick(["allow", "allow", "deny", "deny(EACCES)", "deny(ECONNREFUSED)"]),
                pick(Self.operations), pick(Self.protocols), pick(Self.endpoints),
                pick(Self.qualifiers),
            ]
            // Not all words go together.
            if let rule = try? Rule(parsing: words.filter { !$0.isEmpty }.joined(separator: " ")) {
                return rule
            }
        }
    }

    mutating func policy() -> Policy {
        let count = pick([0, 1, 1, 2, 3, 5, 9])
        var policy = Policy(
            rules: (0..<count).map { _ in rule() }, network: pick([.on, .off]),
            profile: pick(Profile.all), refusal: pick([.notPermitted, .badAddress]))
        if chance(4) { policy.source.ipv4 = IPv4Address(bits: 0x0a01_0203) }
        if chance(8) { policy.source.ipv6 = IPv6Address(high: 0x2001_0db8 << 32, low: 1) }
        return policy
    }

    // MARK: Callers

    mutating func subject() -> Subject {
        Subject(
            program: program(), ancestors: chance(2) ? [] : [program(), program()],
            cgroups: [.init(path: Array(pick(["/a/b", "/c", "/"]).utf8))], user: pick([0, 1]),
            groups: pick([[0], [1, 2], []]))
    }

    private mutating func program() -> Subject.Program {
        let file = pick([
            FileIdentity(major: 8, minor: 1, inode: 7), FileIdentity(major: 0, minor: 1, inode: 9),
        ])
        return Subject.Program(
            file: file, names: [Array(pick(["/bin/a", "/bin/b", "/opt/c"]).utf8)])
    }

    // MARK: Calls

    mutating func kind() -> SocketKind {
        SocketKind(
            asked: AddressFamily(rawValue: pick([1, 2, 2, 2, 10, 10, 16, 17, 43, 0, 40, 45])),
            SocketType(rawValue: pick([1, 1, 2, 2, 3, 5, 10, 0, 6])),
            pick([
                0, 0, 0, 1, 6, 17, 18, 33, 58, 132, 136, 137, 255, 256, 262, 263, 65535, 65536, -1,
                .min, .max, Int32(truncatingIfNeeded: random.next()),
            ]))
    }

    mutating func socket() -> SocketState {
        let local: LocalName = chance(2) ? .unbound : .bound(address())
        return .known(kind(), isListening: chance(4), local: local)
    }

    mutating func address() -> SocketAddress {
        let port: UInt16 = pick([0, 53, 80, 443, 1023, 1024, 65535])
        let short = IPv4Address(
            bits: pick([0, 0x7f00_0001, 0x0a01_0203, 0xc0a8_0101, 0x0808_0808, 0xe000_0001]))
        let long = pick([
            IPv6Address(high: 0, low: 0), IPv6Address(high: 0, low: 1),
            IPv6Address(high: 0, low: 0xffff_7f00_0001), IPv6Address(high: 0xfe80 << 48, low: 5),
            IPv6Address(high: 0x2001_0db8 << 32, low: 1),
        ])
        return pick([
            .ipv4(short, port: port), .ipv4(short, port: port), .ipv6(long, port: port, scope: 0),
            .unspecified, .unspecifiedIPv4(short, port: port), .unix(.path(Array("/tmp/x".utf8))),
            .unix(.path(Array("/run/a/b".utf8))), .unix(.abstract(Array("name".utf8))),
            .unix(.abstract([])), .unix(.unnamed), .other(pick([.ipv4, .netlink, .packet])),
        ])
    }

    /// A call's registers, and a request that it could come to once memory and socket are known;
    /// nil where it is none.
    mutating func call() -> (call: JudgedCall, arguments: [UInt64], request: Request?) {
        let garbage: UInt64 = pick([0, 0xffff_ffff_0000_0000, 0x1_0000_0000])
        switch pick([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        case 0, 1:
            let kind = kind()
            // SOCK_PACKET is asked for as AF_INET, too.
            let isPacket = kind.family == .packet && kind.type.rawValue == 10
            let family = isPacket && chance(2) ? 2 : UInt64(kind.family.rawValue)
            let type = UInt64(kind.type.rawValue) | pick([0, 0o4000, 0o2_000_000])
            let number = UInt64(UInt32(bitPattern: kind.protocolNumber))
            return (
                chance(3) ? .socketpair : .socket,
                [family | garbage, type | garbage, number | garbage, 0x1000], .create(kind)
            )
        case 2: return (.bind, [3, 0x1000, 16], .bind(socket(), address()))
        case 3, 4: return (.connect, [3, 0x1000, 16], .connect(socket(), address()))
        case 5: return (.listen, [3, 5], .listen(socket()))
        default: return message(garbage)
        }
    }

    private mutating func message(
        _ garbage: UInt64
    ) -> (call: JudgedCall, arguments: [UInt64], request: Request?) {
        let flags: UInt64 = pick([0, 0x4000, 0x2000_0000, 0x2000_4000])
        let isNamed = !chance(4)
        let (state, address) = (socket(), address())
        let isFast = flags & 0x2000_0000 != 0 && state.kind?.type == .stream
        let connects = isFast && state.kind?.family != .unix
        let request: Request = connects ? .connect(state, address) : .send(state, address)
        switch pick([0, 1, 2]) {
        case 0:
            let pointer: UInt64 = isNamed ? 0x1000 : 0
            return (
                .sendto, [3, 1, 2, flags | garbage, pointer, 16], isNamed ? request : nil
            )
        case 1: return (.sendmsg, [3, 0x1000, flags | garbage], isNamed ? request : nil)
        default: return (.sendmmsg, [3, 0x1000, 2, flags | garbage], isNamed ? request : nil)
        }
    }
}
