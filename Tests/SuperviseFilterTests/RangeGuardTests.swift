import SuperviseFilter
import Testing

@Suite("Calls that could touch the page are the tracer's where the kernel cannot seal it")
struct RangeGuardTests {
    static let windows: [AddressWindow] = [
        AddressWindow(start: 0x7e00_0000, length: 0x0100_0000), AddressWindow(start: 0x10000),
        AddressWindow(start: 0), AddressWindow(start: 0xffff_f000),
        AddressWindow(start: 0x4020_3000, length: 0x3000), AddressWindow(start: 0x8000_0000),
        AddressWindow(start: 0x7e12_3000),
    ]

    /// What the kernel could do at most, said in numbers that cannot overflow.
    private struct Reference {
        var window: AddressWindow
        var architecture: Architecture

        /// An address without the bits that the kernel may ignore.
        func address(_ value: UInt64) -> UInt128 {
            // Linear address masking: bits 57 to 62 are no part of the address.
            UInt128(architecture == .i386 ? value & 0xffff_ffff : value & ~(0x3f << 57))
        }

        func size(_ value: UInt64) -> UInt128 {
            UInt128(architecture == .i386 ? value & 0xffff_ffff : value)
        }

        /// Whether pages of that size can be mapped from the start on and touch the window.
        func touches(_ start: UInt64, _ length: UInt64, pages: UInt128 = 1) -> Bool {
            let begin = address(start)
            guard begin % pages == 0 else { return false }
            let end = (begin + max(size(length), 1) + pages - 1) / pages * pages
            return begin <= UInt128(window.last) && end > UInt128(window.begin)
        }

        func touchesMapped(_ start: UInt64, _ length: UInt64) -> Bool {
            [1, 1 << 21, 1 << 30].contains { touches(start, length, pages: $0) }
        }

        func isTraced(_ call: JudgedCall, _ words: [UInt64]) -> Bool {
            switch call {
            case .munmap, .mprotect, .pkeyMprotect, .remapFilePages: touches(words[0], words[1])
            case .mmap: words[3] & 0x10 != 0 && touchesMapped(words[0], words[1])
            case .mremap:
                touches(words[0], words[1])
                    || (words[3] & 2 != 0 && touchesMapped(words[4], words[2]))
            case .shmat: words[2] & 0x4000 != 0 && address(words[1]) <= UInt128(window.last)
            case .ipc:
                words[0] & 0xffff == 21 && words[2] & 0x4000 != 0
                    && address(words[4]) <= UInt128(window.last)
            default: true
            }
        }
    }

    private static let guarded = JudgedCall.allCases.filter(\.isPageGuard)

    /// Checks one call's arguments in both ABIs; the number of those traced.
    private func check(
        _ program: Program, _ window: AddressWindow, _ call: JudgedCall, _ words: [UInt64]
    ) -> Int {
        var traced = 0
        for architecture in Architecture.allCases {
            guard let number = architecture.table.number(of: call) else { continue }
            let answer = Interpreter.run(
                program,
                on: SeccompData(
                    number: number, architecture: architecture.auditValue, arguments: words))
            let isTraced = Reference(window: window, architecture: architecture)
                .isTraced(call, words)
            traced += isTraced ? 1 : 0
            let expected: SeccompAction =
                call == .uselib || call == .ioSetup ? .noFunction : isTraced ? .stop : .allow
            if answer != expected {
                Issue.record("\(architecture) \(call) \(words) \(window): \(answer)")
            }
        }
        return traced
    }

    private func program(_ window: AddressWindow) throws -> Program {
        try #require(try Setup(page: window, guarding: .ranges).compile())
    }

    /// Flags of `mmap` and `mremap`, with and without FIXED, NOREPLACE and upper halves.
    static let flags: [UInt64] = [
        0, 0x10, 0x10_0010, 0x10_0000, 2, 3, 4, 0xffff_ffff_0000_0010, 0x10 << 32,
    ]

    @Test("Between boundaries", arguments: windows)
    func boundaries(window: AddressWindow) throws {
        let program = try program(window)
        let (begin, last) = (UInt64(window.begin), UInt64(window.last))
        let addresses: [UInt64] = [
            0, 0x1000, begin &- 0x1000, begin &- 1, begin, begin + 0x800, last, last + 1,
            begin & ~0x1f_ffff, begin & ~0x3fff_ffff, (begin & ~0x1f_ffff) &- 0x20_0000,
            (begin & ~0x3fff_ffff) &- 0x4000_0000, 0xffff_f000, 1 << 32, begin | 1 << 32,
            begin | 1 << 56, begin | 1 << 57, begin | 0x3f << 57, begin | 1 << 63, .max,
        ]
        for start in addresses {
            let gap = begin &- start
            let lengths: [UInt64] = [
                0, 1, 0x1000, gap &- 1, gap, gap &+ 1, gap & ~0x1f_ffff, gap & ~0x3fff_ffff,
                (gap & ~0x1f_ffff) &+ 1, (gap & ~0x3fff_ffff) &+ 1, 0x7fff_ffff, 1 << 32,
                1 << 63, .max, 0 &- start,
            ]
            for length in lengths {
                for flags in Self.flags {
                    _ = check(program, window, .mmap, [start, length, 3, flags, 5, 0])
                    // The destination, then the source, the other one far away.
                    _ = check(program, window, .mremap, [1 << 40, 1, length, flags, start, 0])
                    _ = check(program, window, .mremap, [start, length, 1, flags, 1 << 40, 0])
                }
                for call in [JudgedCall.munmap, .mprotect, .pkeyMprotect, .remapFilePages] {
                    _ = check(program, window, call, [start, length, 0x10, 0x10, begin, begin])
                }
            }
            for flags: UInt64 in [0, 0o40000, 0o50000, 0o20000, 0o40000 << 32] {
                _ = check(program, window, .shmat, [7, start, flags, 0x4000])
                for number: UInt64 in [21, 22, 0x1_0015, 0xffff_ffff_0000_0015, 0x15_0000] {
                    _ = check(program, window, .ipc, [number, 7, flags, start, start, 0])
                }
            }
        }
    }

    @Test("At random", arguments: windows)
    func random(window: AddressWindow) throws {
        let program = try program(window)
        var random = SeededGenerator(seed: UInt64(window.begin) ^ UInt64(window.last) ^ 7)
        var traced = 0
        for _ in 0..<3000 {
            let words = (0..<6).map { _ in
                // Widths of 0 to 64 bits, near the window or anywhere, aligned or not.
                var word = random.next() >> UInt64.random(in: 0..<64, using: &random)
                if Bool.random(using: &random) { word &+= UInt64(window.begin) }
                let alignments: [UInt64] = [1, 0x1000, 0x20_0000, 0x4000_0000]
                return word & (0 &- (alignments.randomElement(using: &random) ?? 1))
            }
            for call in Self.guarded { traced += check(program, window, call, words) }
        }
        #expect(traced > 3000)
    }

    @Test("No call is guarded so where the kernel seals the page, or where there is none")
    func sealed() throws {
        let words = [UInt64](repeating: 0x10000, count: 3) + [0xffff, 0x10000, 0x10000]
        for setup in [Setup(guarding: .ranges), Setup(page: AddressWindow(start: 0x10000))] {
            for architecture in Architecture.allCases {
                for call in Self.guarded where architecture.table.number(of: call) != nil {
                    #expect(try setup.answer(call, architecture, words) == .allow)
                }
            }
        }
    }

    @Test("The calls that stop to guard the page are told from the judged ones")
    func closed() {
        #expect(
            Self.guarded.map(\.name) == [
                "munmap", "mmap", "old_mmap", "mremap", "mprotect", "pkey_mprotect",
                "remap_file_pages", "shmat", "ipc", "uselib", "io_setup",
            ])
    }
}
