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
            let prepared = PreparedPolicy(policy)
            for _ in 0..<500 {
                let (request, subject) = (random.request(), random.subject())
                guard prepared.decide(request, by: subject) == policy.decide(request, by: subject),
                    prepared.answer(to: request, by: subject)
                        == policy.answer(to: request, by: subject)
                else {
                    Issue.record("\(request) by \(subject) under \(policy.rules)")
                    return
                }
            }
        }
    }

    @Test("Answers as the reference does where many rules share a network", arguments: 0..<4)
    func agreesOnPorts(seed: UInt64) {
        var random = RandomRules(seed)
        let networks = (0..<3).map { _ in random.host() }
        let rules = (0..<200).map { number in
            Rule(
                random.chance(2) ? .allow : .deny(nil), random.chance(2) ? .outgoing : .incoming,
                random.pick([.tcp, .udp, nil]),
                .internet(random.pick(networks), random.chance(20) ? nil : random.ports()),
                place: .option("allow", number))
        }
        let policy = Policy(rules: rules)
        let prepared = PreparedPolicy(policy)
        for _ in 0..<200 {
            let request = random.request()
            #expect(prepared.answer(to: request) == policy.answer(to: request))
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
