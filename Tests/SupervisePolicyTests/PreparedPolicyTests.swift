import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("A prepared policy")
struct PreparedPolicyTests {
    @Test("Answers as the reference does, on random policies and calls", arguments: 0..<8)
    func agrees(seed: UInt64) {
        var random = RandomRules(seed)
        // A million pairs in all where the compiler optimizes.
        for _ in 0..<(_isDebugAssertConfiguration() ? 20 : 250) {
            let policy = random.policy(Int.random(in: 0...14, using: &random.random))
            if let call = Self.difference(policy, 500, &random) {
                Issue.record("\(call)")
                return
            }
        }
    }

    /// A random call that the prepared policy answers otherwise, of so many.
    private static func difference(
        _ policy: Policy, _ calls: Int, _ random: inout RandomRules
    ) -> String? {
        let prepared = PreparedPolicy(policy)
        for _ in 0..<calls {
            // Source addresses are about binds before all.
            let bind = Request.bind(random.socket(), random.socketAddress())
            let isBind = policy.source.ipv4 != nil && random.chance(2)
            let (request, subject) = (isBind ? bind : random.request(), random.subject())
            guard prepared.decide(request, by: subject) == policy.decide(request, by: subject),
                prepared.answer(to: request, by: subject)
                    == policy.answer(to: request, by: subject)
            else { return "\(request) by \(subject) under \(policy.rules)" }
        }
        return nil
    }

    /// What the rules of a policy have in common, and how to make one.
    static let shapes: [(String, @Sendable (inout RandomRules) -> Rule)] = [
        (
            "a few networks, any ports",
            { random in
                Rule(
                    random.pick([.allow, .deny(nil)]), random.pick([.outgoing, .incoming]),
                    random.pick([.tcp, .udp, nil]),
                    .internet(random.pick(networks), random.chance(20) ? nil : random.ports()))
            }
        ),
        (
            "rules that are alike but for their ports",
            { random in
                let (first, last) = (random.port(), random.port())
                let ports = PortList([min(first, last)...max(first, last)])
                return Rule(
                    random.chance(9) ? .allow : .deny(nil), .outgoing, random.pick([.udp, .sctp]),
                    random.chance(30) ? nil : .internet(random.pick(networks), ports))
            }
        ),
        (
            "networks within one another",
            { random in
                let (short, long) = (
                    Int.random(in: 0...32, using: &random.random), random.chance(2)
                )
                let address = IPAddress.v4(IPv4Address(bits: 0x0a01_0203))
                let mapped = IPAddress.v6(IPv6Address(high: 0, low: 0xffff_0a01_0203))
                let prefix = IPPrefix(long ? mapped : address, length: long ? 96 + short : short)
                return Rule(
                    random.pick([.allow, .deny(nil)]), random.pick([.all, .outgoing]),
                    random.pick([.tcp, .udp, nil]),
                    .internet(.prefix(prefix), random.chance(2) ? nil : random.ports()))
            }
        ),
        (
            "sets",
            { random in
                let prefixes = (0..<random.pick([1, 3, 40])).map { _ in
                    IPPrefix(
                        random.address(), length: Int.random(in: 0...128, using: &random.random))
                }
                return Rule(
                    random.pick([.allow, .deny(nil)]), random.pick([.outgoing, .incoming]), .tcp,
                    .internet(
                        .set("s", NetworkSet(prefixes)), random.chance(2) ? nil : random.ports()))
            }
        ),
        (
            "rules that ask who it is",
            { random in
                Rule(
                    random.pick([.allow, .deny(nil)]), .outgoing, random.pick([.tcp, nil]),
                    .internet(.any, random.chance(2) ? nil : random.ports()),
                    random.chance(3) ? [] : random.qualifiers())
            }
        ),
        (
            "so many ports of so many users that each port has no list of its own",
            { random in
                let first = UInt16.random(in: 0...9999, using: &random.random)
                let ports = PortList([first...first + 100])
                let user = Account(number: UInt32.random(in: 0...40, using: &random.random))
                return Rule(
                    random.pick([.allow, .deny(nil)]), .outgoing, .tcp,
                    .internet(.any, random.chance(3) ? nil : ports),
                    random.chance(4) ? [] : [.user(user)])
            }
        ),
        (
            "names of AF_UNIX",
            { random in
                let name = Array("/".utf8) + random.name()
                let glob = random.chance(4) ? random.path() : Glob(literal: name)
                return Rule(
                    random.pick([.allow, .deny(nil)]), random.pick([.outgoing, .incoming, .all]),
                    random.pick([.unix, nil]), random.chance(9) ? .unnamed : .path(glob))
            }
        ),
        (
            "abstract names",
            { random in
                let glob = random.chance(4) ? random.glob() : Glob(literal: random.name())
                return Rule(
                    random.pick([.allow, .deny(nil)]), random.pick([.outgoing, .all]), .abstract,
                    .abstractName(glob))
            }
        ),
        (
            "every address, said in different ways",
            { random in
                Rule(
                    random.chance(9) ? .deny(nil) : .allow, random.pick([.bind, .outgoing, .all]),
                    random.pick([.tcp, nil, nil]), random.pick(anywhere),
                    random.chance(3) ? [] : [.user(Account(number: random.pick([0, 33])))])
            }
        ),
        ("everything", { $0.rule() }),
    ]
    private static let anywhere: [Endpoint?] = [
        nil, .internet(.any, nil),
        .internet(.set("s", NetworkSet(zeroAndMore)), nil),
    ]
    private static let zeroAndMore = [0, 8].map {
        IPPrefix(.v4(IPv4Address(bits: 0x0a00_0000)), length: $0)
    }
    private static let networks: [Host] = [
        .any, .prefix(IPPrefix(.v4(IPv4Address(bits: 0x0a00_0000)), length: 8)), .localhost,
    ]

    @Test(
        "Answers as the reference does, rule and place and all, however many are alike",
        arguments: shapes.indices)
    func agrees(shape: Int) {
        let (name, rule) = Self.shapes[shape]
        for seed in 0..<8 {
            var random = RandomRules(UInt64(1000 * shape + seed))
            var policy = random.policy(0)
            // With it the answer depends on whether a rule says which addresses it is about.
            if seed % 2 == 0 { policy.source.ipv4 = IPv4Address(bits: 0x0a00_0001) }
            policy.rules = (0..<random.pick([3, 20, 200, 200])).map {
                var made = rule(&random)
                made.place = .option("allow", $0)
                return made
            }
            if let call = Self.difference(policy, 300, &random) {
                Issue.record("\(name): \(call)")
                return
            }
        }
    }
}

@Suite("What is not known")
struct UnknownTests {
    @Test("Makes no verdict that knowing it would make worse", arguments: 0..<4)
    func cautious(seed: UInt64) {
        var random = RandomRules(100 + seed)
        for _ in 0..<40 {
            let policy = PreparedPolicy(random.policy(Int.random(in: 0...8, using: &random.random)))
            for _ in 0..<40 {
                let (kind, address) = (random.kind(), random.socketAddress())
                let local: LocalName = random.pick([.unbound, .bound(random.socketAddress())])
                let known = SocketState.known(kind, local: local)
                let subject = random.subject()
                for request in [
                    { (socket: SocketState) in Request.bind(socket, address) },
                    { .connect($0, address) }, { .send($0, address) }, { .listen($0) },
                    { .accept($0, address) },
                ] {
                    let verdict = policy.decide(request(known), by: subject).verdict
                    for vague in [SocketState.unknown, .known(kind)] {
                        for asker in [subject, .unknown] {
                            let decision = policy.decide(request(vague), by: asker)
                            let answer = policy.answer(to: request(vague), by: asker)
                            // Names of one family on sockets of another are refused by the kernel.
                            let isMatch = (kind.family == .unix) == (address.family == .unix)
                            if decision.verdict == .allow, verdict != .allow, isMatch {
                                Issue.record("\(request(known)): \(policy.policy.rules)")
                                return
                            }
                            if case .decided(let early) = answer, early.verdict != verdict, isMatch
                            {
                                Issue.record(
                                    "\(request(vague)) by \(asker), \(early.verdict) became \(verdict) by \(known): \(policy.policy.rules)"
                                )
                                return
                            }
                        }
                    }
                }
            }
        }
    }
}
