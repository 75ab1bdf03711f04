import SupervisePolicy

/// The policy's answer to each call as far as registers give it.
///
/// The answer to a new socket is the evaluator's, asked once for every kind that the policy tells
/// apart; nothing of the policy is said again here. What memory, the socket or the process decides
/// is left to the tracer.
struct PartialEvaluation: Sendable {
    let policy: Policy
    let mode: FilterCompiler.Mode
    let watching: FilterCompiler.Watching
    let page: AddressWindow?
    let guarding: FilterCompiler.PageGuard
    /// Whether the tracer sees the process's own filters before they are installed.
    let tracesOwnFilters: Bool
    let limits: FilterCompiler.Limits
    /// Whether the tracer sees a process before it makes itself undumpable.
    let tracesHiding: Bool
    /// Whether the tracer looks at DNS answers.
    let tracesNames: Bool

    /// The decisions made so far.
    var graph = DecisionGraph()
    /// The evaluator's answers to new sockets, as far as they were asked for.
    var creations: SocketAnswers
    /// The operations of which some request could be refused.
    let couldRefuse: OperationSet
    /// The socket options that lead past the rules.
    let routingOptions: [RoutingOption]

    /// Makes the evaluation of a policy; the page is where the tracer maps its sealed arguments.
    init(
        policy: Policy, mode: FilterCompiler.Mode, watching: FilterCompiler.Watching,
        page: AddressWindow?, guarding: FilterCompiler.PageGuard, tracesOwnFilters: Bool,
        tracesHiding: Bool, tracesNames: Bool, limits: FilterCompiler.Limits
    ) {
        self.policy = policy
        self.mode = mode
        self.watching = watching
        self.page = page
        self.guarding = guarding
        self.tracesOwnFilters = tracesOwnFilters && page != nil
        self.tracesHiding = tracesHiding && page != nil
        self.tracesNames = tracesNames
        self.limits = limits
        creations = SocketAnswers(policy)
        routingOptions = RoutingOption.refused(by: policy)
        couldRefuse = Operation.allCases.reduce(into: []) { set, operation in
            if policy.couldRefuse(operation) { set.formUnion(OperationSet(operation)) }
        }
    }

    /// What the filter answers to a call of one calling convention.
    mutating func decision(
        for call: JudgedCall, in architecture: Architecture
    ) -> RegisterDecision {
        guard judges else { return waitingDecision(for: call, in: architecture) }
        return switch call {
        case .socket:
            graph.named(call.name, socket())
        case .socketpair:
            graph.named(call.name, socketpair())
        case .bind: asks(.bind) ? .trace : .allow
        case .connect: asks(.connect) ? .trace : .allow
        case .listen: asks(.listen) ? .trace : .allow
        // Who connected is known to the tracer only.
        case .accept, .accept4: couldRefuse.contains(.accept) ? .trace : .allow
        case .sendmsg: graph.named(call.name, sending(flags: .third))
        case .sendmmsg: graph.named(call.name, sending(flags: .fourth))
        case .sendto:
            graph.named("\(call.name).\(architecture.name)", sendto(architecture))
        case .setsockopt:
            guardsSideDoors ? graph.named(call.name, setsockopt()) : .allow
        case .getsockopt:
            guardsSideDoors ? graph.named(call.name, getsockopt()) : .allow
        case .socketcall:
            graph.named(call.name, socketcall())
        case .recvfrom, .recvmsg, .recvmmsg, .read:
            tracesNames ? receiving(call, architecture) : .allow
        case .ptrace, .processVMReadv, .processVMWritev, .pidfdGetfd:
            .trace
        case .ioUringSetup, .ioUringEnter, .ioUringRegister:
            door
        case .seccomp:
            graph.named(call.name, seccomp())
        case .bpf:
            guardsSideDoors ? door : .allow
        case .requestKey:
            guardsSideDoors
                ? graph.named("\(call.name).\(architecture.name)", requestKey(architecture))
                : .allow
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
        case .rtSigaction, .sigaction, .signal:
            page == nil
                ? .allow
                : graph.named("\(call.name).\(architecture.name)", sigaction(call, architecture))
        case .getrlimit, .oldGetrlimit, .setrlimit, .prlimit64:
            limitDecision(for: call)
        case .munmap, .mmap, .oldMmap, .mremap, .mprotect, .pkeyMprotect, .remapFilePages, .shmat,
            .ipc, .uselib, .ioSetup:
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
                answersDenied: mode == .enforce && watching == .nothing && limits != .givenUp))
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

    // MARK: Names

    /// Whether requests of an operation are the tracer's: some could be refused, or is to be seen,
    /// or the socket may get a port by it and peers with that, some of whom are refused.
    func asks(_ operation: Operation) -> Bool {
        watching == .everything || couldRefuse.contains(operation) || couldRefuse.contains(.accept)
    }

    /// A message without a destination goes where the socket is connected to, which was judged.
    private mutating func sendto(_ architecture: Architecture) -> RegisterDecision {
        let named = sending(flags: .fourth)
        return isZero(.fifth, architecture, then: .allow, else: named)
    }

    /// A message with a destination; with `MSG_FASTOPEN` it connects.
    private mutating func sending(flags: SeccompData.Argument) -> RegisterDecision {
        if asks(.send) { return .trace }
        guard asks(.connect) else { return .allow }
        return graph.when(
            .word(.low(flags), .anySet(0x2000_0000), note: Note(.fastOpen)),
            then: .trace, else: .allow)
    }

    /// Which calls may bring a resolver its answer.
    ///
    /// Resolvers ask a datagram's source where they use `recvfrom`, which hardly anybody does for a
    /// stream. That of Go uses `read`, with a buffer of a length of its own
    /// (`net.maxDNSPacketSize`), which hardly anybody else does.
    private mutating func receiving(
        _ call: JudgedCall, _ architecture: Architecture
    ) -> RegisterDecision {
        switch call {
        case .recvfrom:
            graph.named(
                "\(call.name).\(architecture.name)",
                isZero(.fifth, architecture, then: .allow, else: .trace))
        case .read:
            graph.named(
                call.name,
                graph.when(.word(.low(.third), .equals(1232)), then: .trace, else: .allow))
        default: .trace
        }
    }

    /// The arguments are in memory, so every judged call behind it is the tracer's.
    private mutating func socketcall() -> RegisterDecision {
        let runs = SyscallTable.socketcall.entries.map { entry in
            // Where all calls pass, whatever their registers, none has to be looked at.
            let passes = decision(for: entry.call, in: .i386) == .allow
            return DecisionGraph.Run(
                first: entry.number, decision: passes ? .allow : .trace,
                meaning: Meaning(.call(entry.call)))
        }
        return graph.select(.low(.first), values: runs, else: .allow)
    }
}
