import SupervisePolicy

/// The policy's answer to each call as far as registers give it.
///
/// The verdict on a new socket is the evaluator's, asked once for every family and type; nothing
/// of the policy is said again here. What memory or the socket decides is left to the tracer.
struct PartialEvaluation: Sendable {
    let policy: Policy
    let mode: FilterCompiler.Mode
    let watching: FilterCompiler.Watching
    let page: AddressWindow?
    let guarding: FilterCompiler.PageGuard
    /// Whether the tracer sees the process's own filters before they are installed.
    let tracesOwnFilters: Bool
    /// Whether the tracer sees a process before it makes itself undumpable.
    let tracesHiding: Bool

    /// The decisions made so far.
    var graph = DecisionGraph()
    /// The evaluator's verdicts on new sockets, by family and type; empty before the first.
    private var verdicts: [Verdict] = []

    /// Makes the evaluation of a policy; the page is where the tracer maps its sealed arguments.
    init(
        policy: Policy, mode: FilterCompiler.Mode, watching: FilterCompiler.Watching,
        page: AddressWindow?, guarding: FilterCompiler.PageGuard, tracesOwnFilters: Bool,
        tracesHiding: Bool
    ) {
        self.policy = policy
        self.mode = mode
        self.watching = watching
        self.page = page
        self.guarding = guarding
        self.tracesOwnFilters = tracesOwnFilters && page != nil
        self.tracesHiding = tracesHiding && page != nil
    }

    /// What the filter answers to a call of one calling convention.
    mutating func decision(
        for call: JudgedCall, in architecture: Architecture
    ) -> RegisterDecision {
        switch call {
        case .socket:
            graph.named(call.name, socket())
        case .socketpair:
            graph.named(call.name, socketpair())
        case .bind, .connect, .listen, .sendmsg, .sendmmsg:
            .trace
        case .sendto:
            graph.named("\(call.name).\(architecture.name)", sendto(architecture))
        case .socketcall:
            graph.named(call.name, socketcall())
        case .ptrace, .processVMReadv, .processVMWritev, .pidfdGetfd:
            .trace
        case .ioUringSetup, .ioUringEnter, .ioUringRegister:
            .refuse
        case .seccomp:
            graph.named(call.name, seccomp())
        case .bpf:
            guardsSideDoors ? .refuse : .allow
        case .ioctl:
            guardsSideDoors ? graph.named(call.name, ioctl()) : .allow
        case .madvise:
            page.map {
                graph.named("\(call.name).\(architecture.name)", madvise(architecture, $0))
            } ?? .allow
        case .processMadvise:
            graph.named(call.name, processMadvise())
        case .prctl:
            graph.named(call.name, prctl())
        case .munmap, .mmap, .oldMmap, .mremap, .mprotect, .pkeyMprotect, .remapFilePages, .shmat,
            .ipc, .uselib:
            guardDecision(for: call, in: architecture)
        }
    }

    /// Whether the ways to the network that are no socket calls are closed.
    ///
    /// They are part of what is refused, not of a complete log: an audit lets them through.
    private var guardsSideDoors: Bool { policy.restricts && mode == .enforce }

    // MARK: Sockets

    /// A new socket.
    ///
    /// `__sys_socket` looks at the type's flags, then the family, then the type, and only then is
    /// the policy asked. The three answers before are the kernel's own, given here in every mode:
    /// so a family or flag that only a later kernel knows is refused, not let through unjudged.
    private mutating func socket() -> RegisterDecision {
        checkingFlags(
            then: creation(
                unknownFamily: graph.failure(.addressFamilyNotSupported),
                unknownType: graph.failure(.invalidArgument),
                answersDenied: mode == .enforce && watching == .nothing))
    }

    /// A pair of connected sockets.
    ///
    /// `__sys_socketpair` looks at the flags, then reserves descriptors and writes their numbers to
    /// memory, and only then looks at the family and the type: EMFILE and EFAULT come before any
    /// refusal, so the tracer has to find out.
    private mutating func socketpair() -> RegisterDecision {
        checkingFlags(
            then: creation(unknownFamily: .trace, unknownType: .trace, answersDenied: false))
    }

    private mutating func checkingFlags(then decision: RegisterDecision) -> RegisterDecision {
        graph.when(
            .word(
                .low(.second), .anySet(~(SocketType.mask | SocketType.knownFlags)),
                note: Note(.unknownFlags)),
            then: graph.failure(.invalidArgument), else: decision)
    }

    /// The evaluator's verdict by family and type.
    private mutating func creation(
        unknownFamily: RegisterDecision, unknownType: RegisterDecision, answersDenied: Bool
    ) -> RegisterDecision {
        decideSockets()
        let types = Int(SocketType.limit)
        // A family is an int; a negative one is a great number here and as unknown as that.
        var families: [DecisionGraph.Run] = []
        families.reserveCapacity(Int(AddressFamily.limit) + 1)
        for number in 0..<AddressFamily.limit {
            let row = Int(number) * types..<(Int(number) + 1) * types
            // Most families are treated as the one before.
            let isLikeLast =
                number > 0 && row.allSatisfy { verdicts[$0] == verdicts[$0 - types] }
            let decision =
                isLikeLast
                ? families[families.count - 1].decision
                : self.decision(ofTypes: row, unknown: unknownType, answersDenied: answersDenied)
            families.append(
                DecisionGraph.Run(
                    first: UInt32(number), decision: decision,
                    meaning: Meaning(.family(AddressFamily(rawValue: number)))))
        }
        families.append(
            DecisionGraph.Run(first: UInt32(AddressFamily.limit), decision: unknownFamily))
        return graph.select(.low(.first), families)
    }

    /// The verdicts on one family's types, as a decision by the type.
    private mutating func decision(
        ofTypes row: Range<Int>, unknown: RegisterDecision, answersDenied: Bool
    ) -> RegisterDecision {
        var types = row.map { index in
            let decision =
                switch verdicts[index] {
                case .allow: watching == .everything ? RegisterDecision.trace : .allow
                case .deny(let error): answersDenied ? graph.failure(error) : .trace
                }
            return DecisionGraph.Run(
                first: UInt32(index - row.lowerBound), decision: decision)
        }
        types.append(
            DecisionGraph.Run(first: UInt32(bitPattern: SocketType.limit), decision: unknown))
        return graph.select(.low(.second, mask: SocketType.mask), types)
    }

    /// Asks the evaluator for all verdicts on new sockets, once for all calls.
    private mutating func decideSockets() {
        guard verdicts.isEmpty else { return }
        verdicts.reserveCapacity(Int(AddressFamily.limit) * Int(SocketType.limit))
        for family in 0..<AddressFamily.limit {
            for type in 0..<SocketType.limit {
                let kind = SocketKind(
                    family: AddressFamily(rawValue: family), type: SocketType(rawValue: type))
                verdicts.append(policy.decide(.create(kind)).verdict)
            }
        }
    }

    /// A message without a destination goes where the socket is connected to, which was judged.
    private mutating func sendto(_ architecture: Architecture) -> RegisterDecision {
        isZero(.fifth, architecture, then: .allow, else: .trace)
    }

    /// The arguments are in memory, so every judged call behind it is the tracer's.
    private mutating func socketcall() -> RegisterDecision {
        graph.select(
            .low(.first),
            values: SyscallTable.socketcall.entries.map { entry in
                DecisionGraph.Run(
                    first: entry.number, decision: .trace, meaning: Meaning(.call(entry.call)))
            }, else: .allow)
    }
}
