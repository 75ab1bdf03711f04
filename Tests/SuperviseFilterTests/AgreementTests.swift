import Foundation
import SuperviseFilter
import SupervisePolicy
import Testing

/// Filter and evaluator are two forms of one meaning.
///
/// Each policy is compiled and asked about many calls, each of a random process with random memory:
/// where the filter allows, the evaluator must; where it fails a call, the evaluator must refuse it
/// with that error; else the tracer asks the evaluator itself. 60,000 pairs of a policy and a call
/// are tried, each in both ABIs. `SUPERVISE_PAIRS` is how many instead, and `SUPERVISE_SEED` the
/// seed of the first policy, the next ones have the next: `make agreement` tries a million.
@Suite("Filter and evaluator agree on random policies")
struct AgreementTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let pairs = environment["SUPERVISE_PAIRS"].flatMap { Int($0) }
    private static let first = environment["SUPERVISE_SEED"].flatMap { UInt64($0) } ?? 0
    /// Of each policy.
    private static let calls = 200
    private static let policies = ((pairs ?? 60_000) + calls - 1) / calls
    private static let batch = 100
    static let batches = (policies + batch - 1) / batch

    @Test("What the filter answers is what the evaluator says", arguments: 0..<batches)
    func agreement(number: Int) throws {
        let places = number * Self.batch..<min((number + 1) * Self.batch, Self.policies)
        for place in places {
            try agreement(seed: Self.first &+ UInt64(place))
        }
        if Self.pairs != nil {
            let seeds = places.map { Self.first &+ UInt64($0) }
            print(
                "seeds \(seeds[0])-\(seeds[seeds.count - 1]): \(seeds.count * Self.calls) pairs tried"
            )
        }
    }

    /// Compiles the policy of a seed, and asks for it.
    private func agreement(seed: UInt64) throws {
        var random = RandomPolicies(seed: seed)
        let policy = random.policy()
        let name = "seed \(seed): \(policy.network), \(policy.profile.name), \(policy.rules)"
        let compiler = FilterCompiler(policy: policy, mode: .enforce, watching: .nothing)
        guard let program = try compiler.compile() else {
            #expect(!policy.restricts, "\(name)")
            return
        }
        for _ in 0..<Self.calls {
            let (call, arguments, request) = random.call()
            let subject = random.subject()
            let decision = request.map { policy.decide($0, by: subject) }
            for architecture in Architecture.allCases {
                guard let number = architecture.table.number(of: call) else { continue }
                let data = SeccompData(
                    number: number, architecture: architecture.auditValue, arguments: arguments)
                let answer = Interpreter.run(program, on: data)
                let about: Comment = "\(name)\n\(call) \(arguments) \(String(describing: request))"
                switch answer {
                case .allow:
                    #expect(decision?.verdict.isDenial != true, about)
                case .errno(let error):
                    #expect(
                        decision?.verdict == .deny(ErrorNumber(rawValue: Int32(error))), about)
                    #expect(call == .socket, about)
                default:
                    #expect(answer == .stop, about)
                    // Only where somebody could be answered otherwise does a new socket cost a stop.
                    #expect(call != .socket || policy.dependsOnSubject, about)
                    #expect(call != .sendto || arguments[4] != 0, about)
                }
                if architecture == .i386 { checkSocketcall(call, answer, program, about) }
            }
        }
    }

    /// Behind `socketcall(2)` the filter knows the call's name alone.
    private func checkSocketcall(
        _ call: JudgedCall, _ answer: SeccompAction, _ program: Program, _ about: Comment
    ) {
        guard let behind = SyscallTable.socketcall.number(of: call),
            let number = SyscallTable.i386.number(of: .socketcall)
        else { return }
        let data = SeccompData(
            number: number, architecture: Architecture.i386.auditValue,
            arguments: [UInt64(behind), 0x1000])
        let result = Interpreter.run(program, on: data)
        #expect(result == .stop || result == .allow && answer == .allow, about)
    }

    /// A policy, and the calls that it lets through without a look.
    static let freeCases: [(NetworkSwitch, [String], [JudgedCall])] = [
        (.on, ["deny connect tcp :25"], [.bind, .listen, .sendto, .sendmsg, .sendmmsg]),
        (.on, ["deny bind tcp :1-1023"], [.connect, .listen, .sendto, .sendmsg, .sendmmsg]),
        (.on, ["deny bind tcp"], [.connect, .sendto, .sendmsg, .sendmmsg]),
        (.on, ["deny send udp :53"], [.bind, .listen, .connect]),
        (.on, ["deny create packet"], [.bind, .listen, .connect, .sendto, .sendmsg, .sendmmsg]),
        (.off, ["allow connect"], [.connect]),
        (.off, ["deny connect tcp :25", "allow connect"], []),
        (.off, ["allow outgoing udp"], []),
    ]

    @Test("Operations of which nothing could be refused cost no stop", arguments: freeCases)
    func free(network: NetworkSwitch, rules: [String], calls: [JudgedCall]) throws {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        let setup = Setup(policy: policy)
        let named: [JudgedCall] = [.bind, .listen, .connect, .sendto, .sendmsg, .sendmmsg]
        for architecture in Architecture.allCases {
            let found = try named.filter {
                try setup.answer($0, architecture, [3, 4, 5, 0, 6]) == .allow
            }
            #expect(Set(found) == Set(calls), "\(architecture)")
        }
    }

    @Test("Where connects only could be refused, messages are looked at with MSG_FASTOPEN only")
    func fastOpen() throws {
        let policy = Policy(rules: [try Rule(parsing: "deny connect tcp :25")], network: .on)
        let setup = Setup(policy: policy)
        let fast: UInt64 = 0x2000_0000
        for architecture in Architecture.allCases {
            #expect(try setup.answer(.sendto, architecture, [3, 4, 5, fast, 6, 16]) == .stop)
            #expect(try setup.answer(.sendto, architecture, [3, 4, 5, fast, 0, 0]) == .allow)
            #expect(try setup.answer(.sendmsg, architecture, [3, 4, fast | 0x40]) == .stop)
            #expect(try setup.answer(.sendmsg, architecture, [3, 4, fast << 1]) == .allow)
            #expect(try setup.answer(.sendmmsg, architecture, [3, 4, fast, fast]) == .stop)
            #expect(try setup.answer(.sendmmsg, architecture, [3, fast, fast, 0]) == .allow)
        }
    }

    /// Level, option, length, and whether it is refused where rules tell addresses apart.
    static let routeOptions: [(UInt64, UInt64, UInt64, Bool)] = [
        (0, 4, 8, true), (41, 57, 24, true), (41, 5, 24, true), (41, 6, 24, true),
        (0xffff_ffff_0000_0000, 0x1_0000_0004, 16, true), (0, 4, 0, false), (41, 57, 0, false),
        (0, 5, 8, false), (41, 4, 24, false), (1, 4, 4, false), (6, 110, 4, false),
        // A flow label, interfaces, groups; and neighbours.
        (41, 32, 80, true), (1, 25, 5, true), (1, 62, 4, true), (0, 50, 4, true), (41, 76, 4, true),
        (41, 50, 20, true), (41, 2, 20, true), (1, 25, 0, false), (1, 61, 4, false),
        (0, 35, 12, true), (0, 39, 12, true), (0, 41, 16, true), (0, 42, 136, true),
        (41, 20, 20, true), (41, 27, 20, true), (41, 42, 136, true), (41, 46, 264, true),
        (41, 48, 264, true), (0, 36, 12, false), (41, 21, 20, false), (6, 35, 4, false),
    ]

    @Test(
        "Socket options that lead packets past rules on addresses are refused",
        arguments: routeOptions)
    func routes(level: UInt64, option: UInt64, length: UInt64, isRefused: Bool) throws {
        let rules = [try Rule(parsing: "allow outgoing udp localhost")]
        let arguments = [3, level, option, 0x1000, length]
        for architecture in Architecture.allCases {
            for (setup, answers) in [
                (Setup(policy: Policy(rules: rules)), isRefused),
                (Setup(policy: Policy(rules: rules), mode: .audit), false),
                (Setup(policy: Policy(rules: [try Rule(parsing: "allow outgoing udp")])), false),
                // Nobody may be sent to but by sockets that were connected before.
                (Setup(), isRefused),
                (Setup(policy: Policy(rules: [try Rule(parsing: "allow * unix")])), isRefused),
            ] {
                #expect(
                    try setup.answer(.setsockopt, architecture, arguments)
                        == (answers ? .notPermitted : .allow))
            }
        }
    }

    /// What is asked of a policy about options that bind or connect: its rules, and whether they
    /// leave the binding ones and the connecting ones of SCTP, and the one of TIPC.
    static let sidewaysCases: [(NetworkSwitch, [String], [Bool])] = [
        (.off, [], [false, false, false]),
        (.off, ["allow outgoing udp localhost"], [false, false, false]),
        (.off, ["allow incoming sctp"], [true, false, false]),
        (.off, ["allow outgoing sctp"], [false, true, false]),
        (.off, ["allow * sctp"], [true, true, false]),
        (.off, ["allow * sctp", "deny connect udp 10.0.0.0/8"], [true, true, false]),
        (.off, ["allow connect sctp 10.0.0.0/8"], [false, false, false]),
        (.off, ["deny send tipc", "allow *"], [true, true, false]),
        (.off, ["allow * tipc"], [false, false, true]),
        (.on, ["deny connect tcp"], [true, true, true]),
        (.on, ["deny connect [::1]"], [true, false, false]),
        (.on, ["deny connect sctp program=/bin/false"], [true, false, true]),
    ]

    @Test(
        "Socket options that bind or connect are refused where that could be",
        arguments: sidewaysCases)
    func sideways(network: NetworkSwitch, rules: [String], left: [Bool]) throws {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        // BINDX_ADD, CONNECTX_OLD, CONNECTX, CONNECTX3, GROUP_JOIN; and neighbours.
        let options: [(JudgedCall, UInt64, UInt64, Bool)] = [
            (.setsockopt, 132, 100, left[0]), (.setsockopt, 132, 107, left[1]),
            (.setsockopt, 132, 110, left[1]), (.getsockopt, 132, 111, left[1]),
            (.getsockopt, 0xffff_ffff_0000_0084, 0x1_0000_006f, left[1]),
            (.setsockopt, 271, 135, left[2]), (.setsockopt, 132, 111, true),
            (.setsockopt, 132, 101, true), (.getsockopt, 132, 110, true),
            (.getsockopt, 132, 108, true), (.getsockopt, 1, 4, true), (.getsockopt, 0, 4, true),
        ]
        for architecture in Architecture.allCases {
            for (call, level, option, isLeft) in options {
                let arguments = [3, level, option, 0x1000, 0x2000]
                #expect(
                    try Setup(policy: policy).answer(call, architecture, arguments)
                        == (isLeft ? .allow : .notPermitted), "\(call) \(level) \(option)")
                #expect(
                    try Setup(policy: policy, mode: .audit).answer(call, architecture, arguments)
                        == .allow)
            }
        }
    }

    @Test(
        "The option that chooses among free ports is refused where a bind could be",
        arguments: [
            (NetworkSwitch.off, [], true), (.off, ["allow outgoing udp"], true),
            (.off, ["allow bind,outgoing udp"], true), (.off, ["allow bind"], false),
            (.off, ["allow bind tcp", "allow bind udp"], false), (.on, ["deny bind udp :53"], true),
            (.on, ["deny bind tcp 10.0.0.1:80"], true), (.on, ["deny connect tcp :25"], false),
            (.on, ["deny listen tcp"], false), (.on, ["deny bind unix"], false),
        ])
    func portRange(network: NetworkSwitch, rules: [String], isRefused: Bool) throws {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        for architecture in Architecture.allCases {
            let setup = Setup(policy: policy)
            for (option, answers) in [(51, isRefused), (52, false)] as [(UInt64, Bool)] {
                #expect(
                    try setup.answer(.setsockopt, architecture, [3, 0, option, 0x1000, 4])
                        == (answers ? .notPermitted : .allow))
            }
        }
    }

    /// Family, type, protocol, and whether `allow outgoing udp` lets such a socket be made.
    static let sockets: [(UInt64, UInt64, UInt64, Bool)] = [
        (2, 2, 0, true), (2, 2, 17, true), (10, 2, 0, true), (2, 2, 0xffff_ffff_0000_0011, true),
        (2, 2 | 0o2_004_000, 17, true), (2, 2, 1, false), (2, 2, 58, false), (2, 2, 16, false),
        (2, 2, 18, false), (2, 2, 136, false), (2, 2, 0xffff_ffff, false), (2, 1, 0, false),
        (2, 1, 6, false), (2, 3, 17, false), (2, 10, 17, false), (17, 2, 17, false),
        (2, 2, 0x8000_0011, false), (10, 2, 58, false), (1, 1, 0, true),
    ]

    @Test("A new socket is decided by its protocol, too", arguments: sockets)
    func protocols(family: UInt64, type: UInt64, number: UInt64, isAllowed: Bool) throws {
        let setup = Setup(policy: Policy(rules: [try Rule(parsing: "allow outgoing udp")]))
        for architecture in Architecture.allCases {
            #expect(
                try setup.answer(.socket, architecture, [family, type, number])
                    == (isAllowed ? .allow : .notPermitted))
        }
    }
}
