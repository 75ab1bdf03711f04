import SupervisePolicy

/// The guard of the sealed page on kernels that cannot seal a mapping (`mseal`, Linux 6.10).
///
/// A call that could unmap, replace, move or change the window is the tracer's. It is not refused
/// here, because the tracer's own call that maps the page must pass, and no filter can tell it
/// from the process's. What needs no guard, and why:
/// - `brk` does not grow over a mapping, and shrinks over the window only where the heap had grown
///   around it, for which a hole must first be made in the heap. So the tracer must refuse the
///   guarded calls from the start, not only once its page is there.
/// - Advice about a read-only mapping of shared memory discards nothing; `MADV_DONTFORK` is
///   refused (``PartialEvaluation/madvise(_:_:)``), and so is `PR_SET_MM`.
/// - `MAP_FIXED_NOREPLACE` alone replaces nothing: kernels that know it fail, older ones take the
///   address as a hint.
extension PartialEvaluation {
    /// Where the page is, where these calls are to be guarded.
    private var guarded: AddressWindow? { guarding == .ranges ? page : nil }

    /// What the filter answers to a call of ``JudgedCall/isPageGuard``.
    mutating func guardDecision(
        for call: JudgedCall, in architecture: Architecture
    ) -> RegisterDecision {
        guard let window = guarded else { return .allow }
        switch call {
        case .munmap, .mprotect, .pkeyMprotect, .remapFilePages:
            // An address that is not aligned is refused or rounded down, and a length rounded up,
            // neither of which brings a range that ends before a page of the window into it.
            return graph.named(
                "range.\(architecture.name)", range(.first, .second, architecture, window))
        case .mmap:
            let fixed = mayBeHuge(.first, .second, architecture, window)
            return graph.named(
                "mmap.\(architecture.name)",
                graph.when(
                    .word(.low(.fourth), .anySet(0x10), note: Note(.mapFixed)),
                    then: fixed, else: .allow))
        case .mremap:
            // Where the old length is 0 a shared mapping is doubled; taken as touching it, too.
            let destination = graph.when(
                .word(.low(.fourth), .anySet(2), note: Note(.remapFixed)),
                then: mayBeHuge(.fifth, .third, architecture, window), else: .allow)
            return graph.named(
                "mremap.\(architecture.name)",
                range(.first, .second, architecture, window, else: destination))
        case .shmat:
            return graph.named(
                "shmat.\(architecture.name)", attach(.second, flags: .third, architecture, window))
        case .ipc:
            // `SHMAT`, its version in the upper half: flags and address are in registers.
            return graph.named(
                call.name,
                graph.when(
                    .word(.low(.first, mask: 0xffff), .equals(21), note: Note(.sharedAttach)),
                    then: attach(.fifth, flags: .third, architecture, window), else: .allow))
        case .oldMmap:
            // All arguments are in memory.
            return .trace
        case .uselib:
            // Maps a file's segments where the file says, and clears what is there. Kernels are
            // built without it, and then answer the same.
            return graph.failure(.noFunction)
        case .ioSetup:
            // The kernel unmaps the ring with its context, by the place and the length that it remembers: the
            // place is where a page of the ring was moved to last, the length that of the whole. What else is
            // there by then goes, too, and neither the move nor `io_destroy` says how far it reaches. Where the
            // new context's number cannot be written, that is done at once. Kernels are built without it, and
            // then answer the same.
            return graph.failure(.noFunction)
        default:
            return .allow
        }
    }

    /// Traces a range that touches the window, an empty one within it too.
    private mutating func range(
        _ start: SeccompData.Argument, _ length: SeccompData.Argument, _ architecture: Architecture,
        _ window: AddressWindow, else otherwise: RegisterDecision = .allow
    ) -> RegisterDecision {
        touches(
            window, start: start, length: length, architecture, within: .trace, then: .trace,
            else: otherwise)
    }

    /// Traces a new mapping's range that touches the window, its length rounded up to the page size
    /// that it may have.
    ///
    /// A file of huge pages rounds it up to 2 MiB or 1 GiB, and only a start that is a multiple of
    /// that is allowed: so the range is taken to end at the next such multiple where its start is one.
    private mutating func mayBeHuge(
        _ start: SeccompData.Argument, _ length: SeccompData.Argument, _ architecture: Architecture,
        _ window: AddressWindow
    ) -> RegisterDecision {
        let huge = range(start, length, architecture, window.aligned(to: 1 << 30))
        let large = range(start, length, architecture, window.aligned(to: 1 << 21))
        let small = range(start, length, architecture, window)
        return graph.when(
            .word(.low(start), .anySet(0x1f_ffff), note: Note(.smallPages)), then: small,
            else: graph.when(
                .word(.low(start), .anySet(0x3fff_ffff), note: Note(.largePages)),
                then: large, else: huge))
    }

    /// Traces a shared segment's attachment in the place of other mappings.
    ///
    /// Its size is not in the registers: any that begins before the window's end may reach it. The
    /// flag `SHM_RND` only lowers the address.
    private mutating func attach(
        _ address: SeccompData.Argument, flags: SeccompData.Argument, _ architecture: Architecture,
        _ window: AddressWindow
    ) -> RegisterDecision {
        graph.when(
            .word(.low(flags), .anySet(0o40000), note: Note(.attachOver)),
            then: isUpTo(window, address, architecture, then: .trace, else: .allow),
            else: .allow)
    }
}

extension AddressWindow {
    /// The window with its beginning moved down to a multiple of a power of 2.
    fileprivate func aligned(to size: UInt32) -> AddressWindow {
        let start = begin & ~(size - 1)
        return AddressWindow(start: start, length: last - start)
    }
}
