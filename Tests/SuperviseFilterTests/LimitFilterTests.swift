import SuperviseFilter
import SupervisePolicy
import Testing

@Suite("A filter lets programs give the network up, and costs nothing before they do")
struct LimitFilterTests {
    static let calls: [JudgedCall] = [.getrlimit, .oldGetrlimit, .setrlimit, .prlimit64]

    /// The filter of a tree that has the network on.
    private static let waiting = Setup(
        policy: Policy(network: .on), page: AddressWindow(start: 0x10000), limits: .offered)
    /// The filter that is added for whoever gives it up.
    private static let givenUp = Setup(
        policy: Policy(network: .off), page: AddressWindow(start: 0x10000), limits: .givenUp)

    @Test("RLIMIT_NETWORK is the tracer's in every mode, every other limit the kernel's")
    func limits() throws {
        for base in Setup.all {
            var setup = base
            setup.limits = .offered
            for architecture in Architecture.allCases {
                for call in Self.calls where architecture.table.number(of: call) != nil {
                    for number in [0, 4, 7, 15, 16, 17, 32, 0x10_0000, 0xffff_ffff] as [UInt64] {
                        for upper in FilterCompilerTests.garbage {
                            let arguments: [UInt64] =
                                call == .prlimit64
                                ? [16, number | upper, 16, 16] : [number | upper, 16, 16]
                            #expect(
                                try setup.answer(call, architecture, arguments)
                                    == (number == 16 ? .stop : .allow))
                        }
                    }
                }
            }
        }
    }

    /// An option of prctl, and whether it is one of ours.
    static let optionCases: [(UInt64, SeccompAction)] = [
        (0x534e_0001, .stop), (0x534e_0002, .stop), (0xffff_ffff_534e_0001, .stop),
        (0x534e_0000, .allow), (0x534e_0003, .allow), (36, .allow), (0, .allow),
    ]

    @Test("So are the options of prctl", arguments: optionCases)
    func options(option: UInt64, answer: SeccompAction) throws {
        for base in Setup.all {
            var setup = base
            setup.limits = .offered
            for architecture in Architecture.allCases {
                #expect(try setup.answer(.prctl, architecture, [option, 1]) == answer)
            }
        }
    }

    /// A call that the waiting filter does not let through by its number alone, and when it stops.
    static let stopping: [(JudgedCall, [UInt64], SeccompAction)] = [
        (.ioUringSetup, [8, 0x1000], .stop),
        (.seccomp, [1, 8, 0], .stop), (.seccomp, [1, 9, 0], .stop), (.seccomp, [1, 7, 0], .allow),
        (.seccomp, [0, 8, 0], .allow), (.prctl, [35], .allow), (.prctl, [22], .allow),
    ]

    @Test("Before, nothing stops but what could be used later", arguments: stopping)
    func before(call: JudgedCall, arguments: [UInt64], answer: SeccompAction) throws {
        for architecture in Architecture.allCases {
            #expect(try Self.waiting.answer(call, architecture, arguments) == answer)
        }
    }

    @Test(
        "Before, every other call is allowed by its number alone",
        arguments: Architecture.allCases)
    func untouched(architecture: Architecture) throws {
        let stopping: Set<JudgedCall> = [
            .getrlimit, .oldGetrlimit, .setrlimit, .prlimit64, .ioUringSetup, .seccomp, .prctl,
        ]
        let garbage = [UInt64](repeating: .max, count: 6)
        for entry in architecture.table.entries where !stopping.contains(entry.call) {
            #expect(try Self.waiting.answer(entry.call, architecture, garbage) == .allow)
        }
        let program = try #require(try Self.waiting.compile())
        // Strangers too: nothing is judged that they could get around.
        for (number, value) in [(41, 0xc000_00b7), (0x4000_0029, 0xc000_003e)] as [(UInt32, UInt32)]
        {
            let data = SeccompData(number: number, architecture: value)
            #expect(Interpreter.run(program, on: data) == .allow)
        }
        #expect(program.instructions.count < 50)
    }

    @Test(
        "Afterwards the same calls stop as under a policy with the network off, and none fails")
    func afterwards() throws {
        let off = Setup(policy: Policy(network: .off), page: AddressWindow(start: 0x10000))
        for architecture in Architecture.allCases {
            for entry in architecture.table.entries {
                for first in [0, 1, 2, 16, 0x5412, 35] as [UInt64] {
                    for second in [0, 1, 8, 0x5412, 0x4004_54ca] as [UInt64] {
                        let arguments = [first, second, 10, 10, 1, 0]
                        let before = try off.answer(entry.call, architecture, arguments)
                        let after = try Self.givenUp.answer(entry.call, architecture, arguments)
                        // What protects the page, and the kernel's own errors, are no refusals.
                        let stays =
                            [.madvise, .processMadvise].contains(entry.call)
                            || (entry.call == .prctl && first == 35)
                        let expected: SeccompAction =
                            before == .notPermitted && !stays ? .stop : before
                        #expect(after == expected, "\(entry.call) \(first) \(second)")
                    }
                }
            }
        }
    }
}
