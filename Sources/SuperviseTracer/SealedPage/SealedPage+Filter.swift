import SuperviseFilter

/// The filter that tracees install when they give the network up.
///
/// The kernel reads it from the page, as it does arguments: no thread can change it.
extension SealedPage {
    /// Bytes of `struct sock_fprog`, whose pointer depends on where the page is and on the ABI.
    private static let headerSize = 16
    /// The greatest filter: BPF_MAXINSNS instructions of 8 bytes.
    private static let instructionsSize = Program.limit * 8

    /// Writes the filter, and a header for each place that the page can have, in either ABI.
    func install(_ filter: Program) {
        let offset = Self.filterOffset
        let code = filter.instructions.flatMap { instruction in
            littleEndian(UInt64(instruction.code), 2)
                + [instruction.jt, instruction.jf] + littleEndian(UInt64(instruction.k), 4)
        }
        memory.write(code, at: offset)
        for place in Self.places {
            for layouts in [MemoryLayouts.x86_64, .i386] {
                let pointer = UInt64(place) + UInt64(offset)
                memory.write(
                    littleEndian(UInt64(filter.instructions.count), layouts.word)
                        + littleEndian(pointer, layouts.word),
                    at: Self.header(place, layouts))
            }
        }
    }

    /// Where a tracee finds the filter's header, with the page at a place.
    static func filterHeader(mappedAt place: UInt32, _ layouts: MemoryLayouts) -> UInt64 {
        UInt64(place) + UInt64(header(place, layouts))
    }

    /// Writes what a Landlock domain takes away, `struct landlock_ruleset_attr`.
    func install(_ domain: LandlockDomain) {
        let attributes = domain.attributes
        memory.write(
            [0, attributes.network, attributes.scoped].flatMap { littleEndian($0, 8) },
            at: Self.rulesetOffset)
    }

    /// Behind the headers.
    private static let rulesetOffset =
        filterOffset + instructionsSize + 2 * places.count * headerSize
    /// Bytes of it; a kernel that knows less takes zeros for what it does not know.
    static let rulesetSize: UInt64 = 24

    /// Where a tracee finds the domain's attributes, with the page at a place.
    static func ruleset(mappedAt place: UInt32) -> UInt64 {
        UInt64(place) + UInt64(rulesetOffset)
    }

    private static func header(_ place: UInt32, _ layouts: MemoryLayouts) -> Int {
        let number = places.firstIndex(of: place) ?? 0
        return filterOffset + instructionsSize
            + (2 * number + (layouts.word == 8 ? 0 : 1)) * headerSize
    }
}
