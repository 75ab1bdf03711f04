import SupervisePolicy

/// The ways around the judged calls that the filter alone can hold.
extension PartialEvaluation {
    /// A filter of the process's own with a listener.
    ///
    /// It would answer before the tracer is asked: USER_NOTIF outranks TRACE. Filters without one
    /// can only add refusals.
    mutating func seccomp() -> RegisterDecision {
        let own = tracesOwnFilters ? RegisterDecision.trace : .allow
        let filter = graph.when(
            .word(.low(.second), .anySet(8), note: Note(.newListener)), then: door, else: own)
        return graph.select(
            .low(.first),
            values: [.init(0, own, .setModeStrict), .init(1, filter, .setModeFilter)], else: .allow)
    }

    /// With "callout information" the kernel has a key that nobody has made by a program of root's,
    /// outside of the tree: the one for `dns_resolver` asks a name server, and the key is the answer.
    ///
    /// Whatever the information is, "" too. Without it the keys that there are are searched.
    mutating func requestKey(_ architecture: Architecture) -> RegisterDecision {
        isZero(.third, architecture, then: .allow, else: door)
    }

    /// The requests to devices that lead to the network, or to the shell outside.
    ///
    /// Keys put into the terminal are run by that shell. A tun device is a network card, and so is a
    /// unit of PPP, or a terminal with the line discipline of a network. The others are what a program
    /// begins with that plays a virtual machine to the host, whose AF_VSOCK it then reaches without a
    /// socket: the drivers refuse everything else before. Each number is of one driver, or of
    /// terminals, and the same in both ABIs.
    mutating func ioctl() -> RegisterDecision {
        graph.select(
            .low(.second),
            values: [
                .init(0x07a0, door, .initializeContext), .init(0x5412, door, .insertInput),
                .init(0x541c, door, .consoleControl), .init(0x5423, door, .setDiscipline),
                .init(0xaf01, door, .setOwner), .init(0x4004_54ca, door, .setTunnel),
                .init(0x4004_7438, door, .attachChannel), .init(0x4004_743d, door, .attachUnit),
                .init(0xc004_743e, door, .newUnit),
            ], else: .allow)
    }

    /// `PR_SET_MM` can move what the kernel takes for the program's own areas.
    mutating func prctl() -> RegisterDecision {
        graph.select(
            .low(.first),
            values: preparations() + [.init(35, .refuse, .setMemoryMap)] + networkOptions,
            else: .allow)
    }

    /// The options of `prctl(2)` that the tracer has to see before they are carried out: what is
    /// about to be hidden, or forbidden by a filter of the process's own.
    mutating func preparations() -> [DecisionGraph.Run] {
        let own = tracesOwnFilters ? RegisterDecision.trace : .allow
        let hiding =
            tracesHiding
            ? graph.when(.word(.low(.second), .equals(0)), then: .trace, else: .allow)
            : RegisterDecision.allow
        return [.init(4, hiding, .setDumpable), .init(22, own, .setSeccomp)]
    }

    /// Whoever may ignore SIGTRAP from now on.
    ///
    /// The tracer has a thread make calls in single steps, and the signal of a step undoes that it is
    /// ignored. To ask the kernel at each program's first sealed call takes a tenth of that call.
    mutating func sigaction(
        _ call: JudgedCall, _ architecture: Architecture
    ) -> RegisterDecision {
        let changes =
            call == .signal
            ? graph.when(
                .word(.low(.second), .equals(1), note: Note(.ignore)), then: .trace, else: .allow)
            : isZero(.second, architecture, then: .allow, else: .trace)
        return graph.when(
            .word(.low(.first), .equals(5), note: Note(.trap)), then: changes, else: .allow)
    }

    /// The advice `MADV_DONTFORK`: a child would have no page there and could map its own.
    private static let dontFork: UInt32 = 10

    /// The ranges are in memory; no kernel needs this advice for another process.
    mutating func processMadvise() -> RegisterDecision {
        graph.select(
            .low(.fourth), values: [.init(Self.dontFork, .refuse, .dontFork)], else: .allow)
    }

    /// Refuses the advice for a range that overlaps the page.
    ///
    /// For others it is the tracer's, which lets it go on: what has been advised so can be moved to
    /// where the page is about to be.
    mutating func madvise(
        _ architecture: Architecture, _ page: AddressWindow
    ) -> RegisterDecision {
        let beginsWithin = isZero(.second, architecture, then: .trace, else: .refuse)
        let overlaps = touches(
            page, start: .first, length: .second, architecture, within: beginsWithin,
            then: .refuse, else: .trace)
        return graph.when(
            .word(.low(.third), .equals(Self.dontFork), note: Note(.dontFork)),
            then: overlaps, else: .allow)
    }

    /// Whether a range begins before a window and goes on into it (`then`), or begins `within`.
    ///
    /// A range that wraps around is taken to go on to the end, which the kernel refuses by itself.
    mutating func touches(
        _ window: AddressWindow, start: SeccompData.Argument, length: SeccompData.Argument,
        _ architecture: Architecture, within: RegisterDecision, then: RegisterDecision,
        else otherwise: RegisterDecision
    ) -> RegisterDecision {
        let reaches = graph.when(
            .reaches(beyond: window.begin, start: start, length: length),
            then: then, else: otherwise)
        let before =
            architecture == .i386
            ? reaches
            : graph.when(.word(.high(length), .equals(0)), then: reaches, else: then)
        return isUpTo(
            window, start, architecture,
            then: graph.when(
                .word(.low(start), .atLeast(window.begin)), then: within, else: before),
            else: otherwise)
    }

    /// Whether an address is not above a window.
    ///
    /// Above 4 GiB is no page of ours. Bits 57 to 62 do not count: with linear address masking the
    /// kernel drops them from the address (`untagged_addr`).
    mutating func isUpTo(
        _ window: AddressWindow, _ address: SeccompData.Argument, _ architecture: Architecture,
        then: RegisterDecision, else otherwise: RegisterDecision
    ) -> RegisterDecision {
        let low = graph.when(
            .word(.low(address), .above(window.last)), then: otherwise, else: then)
        guard architecture == .x86_64 else { return low }
        return graph.when(
            .word(.high(address), .anySet(0x81ff_ffff), note: Note(.beyondWindow)),
            then: otherwise, else: low)
    }

    /// Whether a pointer or a size is 0: all 64 bits, or on i386 the lower 32.
    ///
    /// `int $0x80` in 64-bit code leaves the upper halves as they are, and the filter sees them;
    /// the kernel's i386 entry does not use them.
    mutating func isZero(
        _ argument: SeccompData.Argument, _ architecture: Architecture,
        then: RegisterDecision, else otherwise: RegisterDecision
    ) -> RegisterDecision {
        let whole =
            architecture == .i386
            ? then : graph.when(.word(.high(argument), .equals(0)), then: then, else: otherwise)
        return graph.when(.word(.low(argument), .equals(0)), then: whole, else: otherwise)
    }
}

extension DecisionGraph.Run {
    /// A value of a constant's name.
    init(_ value: UInt32, _ decision: RegisterDecision, _ name: Meaning.Constant) {
        self.init(first: value, decision: decision, meaning: Meaning(.constant(name)))
    }
}
