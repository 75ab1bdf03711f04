import SuperviseFilter
import SupervisePolicy
import Testing

@Suite("A compiled filter answers what registers decide")
struct FilterCompilerTests {
    @Test("No filter is needed where nothing can be denied and not everything is watched")
    func none() throws {
        for setup in Setup.all {
            #expect(
                try (setup.compile() != nil) == Setup.filtering.contains(setup),
                "\(setup.testDescription)")
        }
        #expect(Setup.filtering.count == 8)
    }

    /// Upper halves that mean nothing to the kernel where it takes an int.
    static let garbage: [UInt64] = [0, 0xffff_ffff_0000_0000, 0x1_0000_0000, 0x8000_0000_0000_0000]

    @Test(
        "A new socket gets the evaluator's verdict, for every family and type, in both ABIs",
        arguments: Setup.filtering, Architecture.allCases)
    func agreesWithEvaluator(setup: Setup, architecture: Architecture) throws {
        let program = try #require(try setup.compile())
        func answer(_ call: JudgedCall, _ family: UInt64, _ type: UInt64) throws -> SeccompAction {
            let number = try #require(architecture.table.number(of: call))
            return Interpreter.run(
                program,
                on: SeccompData(
                    number: number, architecture: architecture.auditValue,
                    arguments: [family, type, 0, 0, 0, 0]))
        }
        for family in UInt16(0)..<46 {
            for type in Int32(0)..<11 {
                let kind = SocketKind(
                    family: AddressFamily(rawValue: family), type: SocketType(rawValue: type))
                let verdict = setup.policy.decide(.create(kind)).verdict
                let whenAllowed = setup.watching == .everything ? SeccompAction.stop : .allow
                let answersHere = setup.mode == .enforce && setup.watching == .nothing
                let whenDenied = answersHere ? SeccompAction.errno(13) : .stop
                for flags in [0, 0o4000, 0o2_000_000, 0o2_004_000] as [UInt64] {
                    let upper = Self.garbage[Int(family) % 4]
                    let first = UInt64(family) | upper
                    let second = UInt64(type) | flags | Self.garbage[Int(type) % 4]
                    #expect(
                        try answer(.socket, first, second)
                            == (verdict.isDenial ? whenDenied : whenAllowed))
                    #expect(
                        try answer(.socketpair, first, second)
                            == (verdict.isDenial ? .stop : whenAllowed))
                }
            }
        }
    }

    /// Family, type, what socket and socketpair answer: the kernel's checks before the policy.
    static let kernelChecks: [(UInt64, UInt64, SeccompAction, SeccompAction)] = [
        // Unknown flags come first, whatever the family and type.
        (1, 1 | 0x10, .invalid, .invalid),
        (2, 1 | 0x8000_0000, .invalid, .invalid),
        (46, 0x400, .invalid, .invalid),
        (2, 1 | 0o4000 | 0x1000, .invalid, .invalid),
        // Then a family that is none, negative ones too.
        (46, 1, .noFamily, .stop),
        (46, 15, .noFamily, .stop),
        (0xffff_ffff, 1, .noFamily, .stop),
        (0x8000_0001, 1, .noFamily, .stop),
        (0x7fff_ffff, 1, .noFamily, .stop),
        (0x1_0001, 1, .noFamily, .stop),
        (0xffff_ffff_0000_002e, 1, .noFamily, .stop),
        // Then a type that is none.
        (1, 11, .invalid, .stop),
        (45, 15, .invalid, .stop),
        (2, 12 | 0o2_000_000, .invalid, .stop),
    ]

    @Test(
        "The kernel's own refusals of socket and socketpair are given in its order, in every mode",
        arguments: kernelChecks)
    func checksFirst(
        family: UInt64, type: UInt64, socket: SeccompAction, socketpair: SeccompAction
    ) throws {
        for setup in Setup.filtering {
            for architecture in Architecture.allCases {
                #expect(try setup.answer(.socket, architecture, [family, type, 0]) == socket)
                #expect(
                    try setup.answer(.socketpair, architecture, [family, type, 0]) == socketpair)
            }
        }
    }

    @Test(
        "What memory or another process decides is always the tracer's",
        arguments: [
            .bind, .connect, .listen, .sendmsg, .sendmmsg, .ptrace, .processVMReadv,
            .processVMWritev, .pidfdGetfd,
        ] as [JudgedCall])
    func traced(call: JudgedCall) throws {
        for setup in Setup.filtering {
            for architecture in Architecture.allCases {
                #expect(try setup.answer(call, architecture) == .stop)
                #expect(
                    try setup.answer(call, architecture, Array(repeating: .max, count: 6)) == .stop)
            }
        }
    }

    @Test(
        "io_uring stays shut in every mode",
        arguments: [.ioUringSetup, .ioUringEnter, .ioUringRegister] as [JudgedCall])
    func ioUring(call: JudgedCall) throws {
        for setup in Setup.filtering {
            for architecture in Architecture.allCases {
                #expect(try setup.answer(call, architecture, [1, 2, 3]) == .notPermitted)
            }
        }
    }

    /// The destination of a sendto, and the answer in each ABI.
    static let destinations: [(UInt64, SeccompAction, SeccompAction)] = [
        (0, .allow, .allow),
        (1, .stop, .stop),
        (0x7fff_0000_1000, .stop, .stop),
        // A pointer whose lower half is 0: for i386 entries the kernel takes that half only.
        (0x1_0000_0000, .stop, .allow),
        (0xffff_ffff_0000_0000, .stop, .allow),
    ]

    @Test("sendto is the tracer's where it names a destination", arguments: destinations)
    func sendto(address: UInt64, x86_64: SeccompAction, i386: SeccompAction) throws {
        for setup in Setup.filtering {
            let arguments: [UInt64] = [3, 4, 5, 6, address, 7]
            #expect(try setup.answer(.sendto, .x86_64, arguments) == x86_64)
            #expect(try setup.answer(.sendto, .i386, arguments) == i386)
        }
    }

    @Test("socketcall is the tracer's for each judged call behind it", arguments: 0..<24)
    func socketcall(number: UInt64) throws {
        for setup in Setup.filtering {
            let holdsOptions = setup.policy.restricts && setup.mode == .enforce
            let options: Set<UInt64> = holdsOptions ? [14, 15] : []
            let judged = options.union([1, 2, 3, 4, 8, 11, 16, 20])
            for upper in Self.garbage {
                #expect(
                    try setup.answer(.socketcall, .i386, [number | upper, 0x1000])
                        == (judged.contains(number) ? .stop : .allow))
            }
        }
    }

    /// A call, its arguments, and the answer in every mode.
    static let doorCases: [(JudgedCall, [UInt64], SeccompAction)] = [
        (.seccomp, [1, 8, 0], .notPermitted),
        (.seccomp, [1, 0xffff_ffff, 0], .notPermitted),
        (.seccomp, [0x5_0000_0001, 0x7_0000_0009, 0], .notPermitted),
        (.seccomp, [1, 7, 0], .allow),
        (.seccomp, [1, 0x8_0000_0000, 0], .allow),
        (.seccomp, [0, 8, 0], .allow),
        (.seccomp, [2, 8, 0], .allow),
        (.prctl, [35], .notPermitted),
        (.prctl, [0xffff_ffff_0000_0023], .notPermitted),
        (.prctl, [22, 2], .allow),
        (.prctl, [34], .allow),
        (.prctl, [36], .allow),
        (.processMadvise, [1, 2, 3, 10, 0], .notPermitted),
        (.processMadvise, [1, 2, 3, 0xf_0000_000a, 0], .notPermitted),
        (.processMadvise, [10, 10, 10, 11, 10], .allow),
        // Without a page there is nothing to guard, and none is mapped.
        (.madvise, [0, .max, 10], .allow),
        (.rtSigaction, [5, 1, 0, 8], .allow),
    ]

    @Test("The doors around the judged calls are held in every mode", arguments: doorCases)
    func doors(call: JudgedCall, arguments: [UInt64], answer: SeccompAction) throws {
        for setup in Setup.filtering {
            for architecture in Architecture.allCases {
                #expect(try setup.answer(call, architecture, arguments) == answer)
            }
        }
    }

    @Test("Whoever may ignore SIGTRAP is told to the tracer that maps a page")
    func ignoring() throws {
        let stops: [(JudgedCall, [UInt64])] = [
            (.rtSigaction, [5, 0x7000_0000, 0, 8]), (.rtSigaction, [0x7_0000_0005, 1, 1, 8]),
            (.sigaction, [5, 0x7000_0000, 0]), (.signal, [5, 1]), (.signal, [5, 0x7_0000_0001]),
        ]
        let passes: [(JudgedCall, [UInt64])] = [
            (.rtSigaction, [5, 0, 1, 8]), (.rtSigaction, [17, 1, 0, 8]), (.sigaction, [5, 0, 1]),
            (.sigaction, [6, 1, 0]), (.signal, [5, 0]), (.signal, [5, 2]), (.signal, [4, 1]),
        ]
        for setup in Setup.filtering {
            var setup = setup
            setup.page = AddressWindow(start: 0x10000)
            for architecture in Architecture.allCases {
                for (call, arguments) in stops where architecture.table.number(of: call) != nil {
                    #expect(try setup.answer(call, architecture, arguments) == .stop)
                }
                for (call, arguments) in passes where architecture.table.number(of: call) != nil {
                    #expect(try setup.answer(call, architecture, arguments) == .allow)
                }
            }
            // Upper halves that an i386 entry ignores are not told apart from pointers by it.
            #expect(try setup.answer(.rtSigaction, .i386, [5, 7 << 32, 0, 8]) == .allow)
            #expect(try setup.answer(.rtSigaction, .x86_64, [5, 7 << 32, 0, 8]) == .stop)
        }
    }

    /// A call, its arguments, whether it installs a filter without a listener, and else the answer.
    static let ownFilterCases: [(JudgedCall, [UInt64], Bool, SeccompAction)] = [
        (.seccomp, [0, 0, 0], true, .allow),
        (.seccomp, [1, 0, 0], true, .allow),
        (.seccomp, [0xffff_ffff_0000_0001, 7, 0], true, .allow),
        (.seccomp, [1, 0x8_0000_0000, 0], true, .allow),
        (.seccomp, [1, 8, 0], false, .notPermitted),
        (.seccomp, [2, 0, 0], false, .allow),
        (.seccomp, [3, 0, 0], false, .allow),
        (.prctl, [22, 1], true, .allow),
        (.prctl, [0xffff_ffff_0000_0016, 2], true, .allow),
        (.prctl, [21], false, .allow),
        (.prctl, [35], false, .notPermitted),
    ]

    @Test(
        "Filters of the process's own are the tracer's where it asks for them and has a page",
        arguments: ownFilterCases)
    func ownFilters(
        call: JudgedCall, arguments: [UInt64], installs: Bool, answer: SeccompAction
    ) throws {
        for guarding in FilterCompiler.PageGuard.allCases {
            for architecture in Architecture.allCases {
                var setup = Setup(guarding: guarding, tracesOwnFilters: true)
                #expect(try setup.answer(call, architecture, arguments) == answer)
                setup.page = AddressWindow(start: 0x10000)
                #expect(
                    try setup.answer(call, architecture, arguments) == (installs ? .stop : answer))
                setup.tracesOwnFilters = false
                #expect(try setup.answer(call, architecture, arguments) == answer)
            }
        }
    }

    /// Arguments of `prctl`, and whether they make the process undumpable.
    static let hidingCases: [([UInt64], Bool)] = [
        ([4, 0], true), ([0x7_0000_0004, 0x5_0000_0000], true), ([4, 1], false), ([4, 2], false),
        ([3, 0], false), ([5, 0], false), ([22, 2], false),
    ]

    @Test(
        "A process that hides its memory is the tracer's where it asks for that and has a page",
        arguments: hidingCases)
    func hiding(arguments: [UInt64], hides: Bool) throws {
        for architecture in Architecture.allCases {
            var setup = Setup(tracesHiding: true)
            #expect(try setup.answer(.prctl, architecture, arguments) == .allow)
            setup.page = AddressWindow(start: 0x10000)
            #expect(try setup.answer(.prctl, architecture, arguments) == (hides ? .stop : .allow))
            setup.tracesHiding = false
            #expect(try setup.answer(.prctl, architecture, arguments) == .allow)
        }
    }

    /// A call, its arguments, and whether it is refused where refusals are made.
    static let sideDoorCases: [(JudgedCall, [UInt64], Bool)] = [
        (.bpf, [5], true),
        (.requestKey, [1, 2, 3, 4], true),
        (.requestKey, [1, 2, 0, 4], false),
        (.ioctl, [0, 0x5412], true),
        (.ioctl, [0, 0xffff_ffff_0000_541c], true),
        (.ioctl, [0, 0x4004_54ca], true),
        (.ioctl, [0, 0x5423], true),
        (.ioctl, [0, 0xaf01], true),
        (.ioctl, [0, 0x07a0], true),
        (.ioctl, [0, 0xc004_743e], true), (.ioctl, [0, 0x4004_743d], true),
        (.ioctl, [0, 0x4004_7438], true), (.ioctl, [0, 0x4004_743c], false),
        // TIOCGETD, VHOST_GET_FEATURES, IOCTL_VM_SOCKETS_GET_LOCAL_CID, PPPIOCGUNIT.
        (.ioctl, [0, 0x5424], false),
        (.ioctl, [0, 0x8008_af00], false),
        (.ioctl, [0, 0x07b9], false),
        (.ioctl, [0, 0x8004_7456], false),
        (.ioctl, [0, 0x5411], false),
        (.ioctl, [0, 0x5413], false),
        (.ioctl, [0x5412, 0x5401, 0x5412], false),
        (.ioctl, [0, 0x5412_0000_0000], false),
    ]

    @Test(
        "Ways to the network without a socket are refused where the policy is enforced",
        arguments: sideDoorCases)
    func sideDoors(call: JudgedCall, arguments: [UInt64], refused: Bool) throws {
        for setup in Setup.filtering {
            let holds = setup.policy.restricts && setup.mode == .enforce
            for architecture in Architecture.allCases {
                #expect(
                    try setup.answer(call, architecture, arguments)
                        == (refused && holds ? .notPermitted : .allow))
            }
        }
    }

    @Test("The socket that brings the page is the tracer's to refuse, where there is a page")
    func errandSockets() throws {
        var setup = Setup(policy: Policy(rules: [try Rule(parsing: "deny create unix")]))
        for architecture in Architecture.allCases {
            #expect(try setup.answer(.socket, architecture, [1, 0x80002, 0]) == .notPermitted)
        }
        setup.page = AddressWindow(start: 0x10000)
        for architecture in Architecture.allCases {
            #expect(try setup.answer(.socket, architecture, [1, 0x80002, 0]) == .stop)
            #expect(try setup.answer(.socket, architecture, [1, 0x80001, 0]) == .notPermitted)
            #expect(try setup.answer(.socket, architecture, [2, 0x80002, 0]) == .notPermitted)
        }
    }

    /// Architecture, number, answer.
    static let strangerCases: [(UInt32, UInt32, SeccompAction)] = [
        // AUDIT_ARCH_AARCH64, and x86-64's value without its flags.
        (0xc000_00b7, 1, .noFunction), (0x3e, 41, .noFunction), (0, 0, .noFunction),
        // x32.
        (0xc000_003e, 0x4000_0000 + 41, .noFunction), (0xc000_003e, 0x4000_0000, .noFunction),
        (0xc000_003e, 0x4000_0000 + 520, .noFunction),
        // The number -1 has the bit too; the kernel's answer is the same.
        (0xc000_003e, 0xffff_ffff, .noFunction),
        (0x4000_0003, 0xffff_ffff, .allow), (0x4000_0003, 0x4000_0000 + 359, .allow),
        // A number of the other ABI.
        (0xc000_003e, 102, .allow), (0x4000_0003, 41, .allow),
    ]

    @Test("x32 numbers and unknown architectures get ENOSYS", arguments: strangerCases)
    func strangers(architecture: UInt32, number: UInt32, answer: SeccompAction) throws {
        for setup in Setup.filtering {
            let program = try #require(try setup.compile())
            let data = SeccompData(number: number, architecture: architecture)
            #expect(Interpreter.run(program, on: data) == answer)
        }
    }

    @Test(
        "A refusal that is no error becomes one, so that a refused call never looks made",
        arguments: [(0, 1), (-5, 1), (4096, 4095), (.max, 4095), (111, 111)] as [(Int32, UInt16)])
    func refusalNumbers(refusal: Int32, answer: UInt16) throws {
        let setup = Setup(policy: Policy(refusal: ErrorNumber(rawValue: refusal)))
        #expect(try setup.answer(.socket, .x86_64, [2, 1, 0]) == .errno(answer))
    }
}
