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

    /// What the filter answers to a call of one calling convention.
    func decision(for call: JudgedCall, in architecture: Architecture) -> RegisterDecision {
        switch call {
        case .socket:
            socket.named(call.name)
        case .socketpair:
            socketpair.named(call.name)
        case .bind, .connect, .listen, .sendmsg, .sendmmsg:
            .trace
        case .sendto:
            sendto(architecture).named("\(call.name).\(architecture.name)")
        case .socketcall:
            socketcall.named(call.name)
        case .ptrace, .processVMReadv, .processVMWritev, .pidfdGetfd:
            .trace
        case .ioUringSetup, .ioUringEnter, .ioUringRegister:
            .refuse
        case .seccomp:
            seccomp.named(call.name)
        case .bpf:
            guardsSideDoors ? .refuse : .allow
        case .ioctl:
            guardsSideDoors ? ioctl.named(call.name) : .allow
        case .madvise:
            page.map { madvise(architecture, $0).named("\(call.name).\(architecture.name)") }
                ?? .allow
        case .processMadvise:
            processMadvise.named(call.name)
        case .prctl:
            prctl.named(call.name)
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
    private var socket: RegisterDecision {
        checkingFlags(
            then: creation(
                unknownFamily: .failure(.addressFamilyNotSupported),
                unknownType: .failure(.invalidArgument),
                denied: { error in
                    mode == .enforce && watching == .nothing ? .failure(error) : .trace
                }))
    }

    /// A pair of connected sockets.
    ///
    /// `__sys_socketpair` looks at the flags, then reserves descriptors and writes their numbers to
    /// memory, and only then looks at the family and the type: EMFILE and EFAULT come before any
    /// refusal, so the tracer has to find out.
    private var socketpair: RegisterDecision {
        checkingFlags(
            then: creation(unknownFamily: .trace, unknownType: .trace, denied: { _ in .trace }))
    }

    private func checkingFlags(then decision: RegisterDecision) -> RegisterDecision {
        .when(
            .word(
                .low(.second), .anySet(~(SocketType.mask | SocketType.knownFlags)),
                note: "unknown flags"),
            then: .failure(.invalidArgument), else: decision)
    }

    /// The evaluator's verdict by family and type.
    private func creation(
        unknownFamily: RegisterDecision, unknownType: RegisterDecision,
        denied: (ErrorNumber) -> RegisterDecision
    ) -> RegisterDecision {
        typealias Run = RegisterDecision.Run
        let allowed = watching == .everything ? RegisterDecision.trace : .allow
        func decide(_ family: AddressFamily, _ type: SocketType) -> RegisterDecision {
            switch policy.decide(.create(SocketKind(family: family, type: type))).verdict {
            case .allow: allowed
            case .deny(let error): denied(error)
            }
        }
        // A family is an int; a negative one is a great number here and as unknown as that.
        let families = (0..<AddressFamily.limit).map { number in
            let family = AddressFamily(rawValue: number)
            let types = (0..<SocketType.limit).map { type in
                Run(
                    first: UInt32(bitPattern: type),
                    decision: decide(family, SocketType(rawValue: type)))
            }
            let unknown = Run(first: UInt32(bitPattern: SocketType.limit), decision: unknownType)
            return Run(
                first: UInt32(number),
                decision: .select(.low(.second, mask: SocketType.mask), types + [unknown]),
                notes: ["family \(family.name)"])
        }
        let unknown = Run(first: UInt32(AddressFamily.limit), decision: unknownFamily)
        return .select(.low(.first), families + [unknown])
    }

    /// A message without a destination goes where the socket is connected to, which was judged.
    private func sendto(_ architecture: Architecture) -> RegisterDecision {
        isZero(.fifth, architecture, then: .allow, else: .trace)
    }

    /// The arguments are in memory, so every judged call behind it is the tracer's.
    private var socketcall: RegisterDecision {
        .select(
            .low(.first),
            SyscallTable.socketcall.entries.map { ($0.number, .trace, $0.call.name) }, else: .allow)
    }

    // MARK: Doors

    /// A filter of the process's own with a listener.
    ///
    /// It would answer before the tracer is asked: USER_NOTIF outranks TRACE. Filters without one
    /// can only add refusals.
    private var seccomp: RegisterDecision {
        .when(
            .word(.low(.first), .equals(1), note: "SECCOMP_SET_MODE_FILTER"),
            then: .when(
                .word(.low(.second), .anySet(8), note: "NEW_LISTENER"),
                then: .refuse, else: .allow),
            else: .allow)
    }

    /// Keys put into the terminal are run by the shell outside; a tun device is a network card.
    private var ioctl: RegisterDecision {
        .select(
            .low(.second),
            [
                (0x5412, .refuse, "TIOCSTI"), (0x541c, .refuse, "TIOCLINUX"),
                (0x4004_54ca, .refuse, "TUNSETIFF"),
            ], else: .allow)
    }

    /// `PR_SET_MM` can move what the kernel takes for the program's own areas.
    private var prctl: RegisterDecision {
        .select(.low(.first), [(35, .refuse, "PR_SET_MM")], else: .allow)
    }

    /// The advice `MADV_DONTFORK`: a child would have no page there and could map its own.
    private static let dontFork: UInt32 = 10

    /// The ranges are in memory; no kernel needs this advice for another process.
    private var processMadvise: RegisterDecision {
        .select(.low(.fourth), [(Self.dontFork, .refuse, "MADV_DONTFORK")], else: .allow)
    }

    /// Refuses the advice for a range that overlaps the page.
    ///
    /// A range that wraps around is taken to go on to the end, which the kernel refuses by itself.
    private func madvise(_ architecture: Architecture, _ page: AddressWindow) -> RegisterDecision {
        let beginsBefore = RegisterDecision.when(
            .reaches(beyond: page.begin, start: .first, length: .second),
            then: .refuse, else: .allow)
        let beginsWithin = isZero(.second, architecture, then: .allow, else: .refuse)
        var overlaps = RegisterDecision.when(
            .word(.low(.first), .above(page.last)), then: .allow,
            else: .when(
                .word(.low(.first), .atLeast(page.begin)), then: beginsWithin,
                else: architecture == .i386
                    ? beginsBefore
                    : .when(
                        .word(.high(.second), .equals(0)), then: beginsBefore, else: .refuse)))
        if architecture == .x86_64 {
            // Above 4 GiB is no page of ours. Bits 57 to 62 do not count: with linear address
            // masking the kernel drops them from the address (untagged_addr in madvise).
            overlaps = .when(
                .word(.high(.first), .anySet(0x81ff_ffff), note: "beyond 4 GiB"),
                then: .allow, else: overlaps)
        }
        return .when(
            .word(.low(.third), .equals(Self.dontFork), note: "MADV_DONTFORK"),
            then: overlaps, else: .allow)
    }

    /// Whether a pointer or a size is 0: all 64 bits, or on i386 the lower 32.
    ///
    /// `int $0x80` in 64-bit code leaves the upper halves as they are, and the filter sees them;
    /// the kernel's i386 entry does not use them.
    private func isZero(
        _ argument: SeccompData.Argument, _ architecture: Architecture,
        then: RegisterDecision, else otherwise: RegisterDecision
    ) -> RegisterDecision {
        .when(
            .word(.low(argument), .equals(0)),
            then: architecture == .i386
                ? then : .when(.word(.high(argument), .equals(0)), then: then, else: otherwise),
            else: otherwise)
    }
}

extension RegisterDecision {
    /// What a door that stays shut answers.
    static let refuse = failure(.notPermitted)

    /// The call fails with an error.
    ///
    /// A number that is no error would be a result to the caller, 0 even success.
    static func failure(_ error: ErrorNumber) -> RegisterDecision {
        .answer(.errno(UInt16(clamping: min(max(error.rawValue, 1), 4095))))
    }
}
