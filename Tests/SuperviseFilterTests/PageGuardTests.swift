import SuperviseFilter
import Testing

@Suite("MADV_DONTFORK over the sealed page is refused")
struct PageGuardTests {
    static let windows: [AddressWindow] = [
        AddressWindow(start: 0x10000), AddressWindow(start: 0), AddressWindow(start: 0xffff_f000),
        AddressWindow(start: 0x7fff_e000, length: 0x4000), AddressWindow(start: 0x1001, length: 1),
        AddressWindow(start: 0xffff_e800, length: 0x1800), AddressWindow(start: 0, length: .max),
    ]

    @Test(
        "A window is the pages that hold its bytes",
        arguments: [
            (0x10000, 4096, 0x10000, 0x10fff), (0x10001, 1, 0x10000, 0x10fff),
            (0x10fff, 2, 0x10000, 0x11fff), (0x10000, 0, 0x10000, 0x10fff),
            (0xffff_ffff, 0xffff_ffff, 0xffff_f000, 0xffff_ffff), (0, 0xffff_ffff, 0, 0xffff_ffff),
        ] as [(UInt32, UInt32, UInt32, UInt32)])
    func window(start: UInt32, length: UInt32, begin: UInt32, last: UInt32) {
        let window = AddressWindow(start: start, length: length)
        #expect(window.begin == begin)
        #expect(window.last == last)
    }

    /// Whether a byte of the range is in the window, by numbers that cannot overflow.
    private func overlaps(
        _ window: AddressWindow, _ architecture: Architecture, _ start: UInt64, _ length: UInt64
    ) -> Bool {
        var (start, length) = (start, length)
        switch architecture {
        case .i386:
            start &= 0xffff_ffff
            length &= 0xffff_ffff
        case .x86_64:
            // Linear address masking: bits 57 to 62 are no part of the address.
            start &= ~(0x3f << 57)
        }
        let end = UInt128(start) + UInt128(length)
        return length > 0 && start <= UInt64(window.last) && end > UInt128(window.begin)
    }

    private func check(
        _ program: Program, _ window: AddressWindow, _ start: UInt64, _ length: UInt64,
        upper: UInt64 = 0
    ) {
        for architecture in Architecture.allCases {
            guard let number = architecture.table.number(of: .madvise) else { continue }
            func answer(_ advice: UInt64) -> SeccompAction {
                Interpreter.run(
                    program,
                    on: SeccompData(
                        number: number, architecture: architecture.auditValue,
                        arguments: [start, length, advice, 10, 10, 10]))
            }
            // What is advised elsewhere the tracer has to know of.
            let expected: SeccompAction =
                overlaps(window, architecture, start, length)
                ? .errno(1) : .trace(FilterCompiler.traceData)
            #expect(
                answer(10 | upper) == expected,
                "\(architecture) \(window) start \(start) length \(length)")
            #expect(answer(4 | upper) == .allow)
        }
    }

    @Test("For every range between boundaries", arguments: windows)
    func boundaries(window: AddressWindow) throws {
        let program = try #require(try Setup(page: window).compile())
        let (begin, last) = (UInt64(window.begin), UInt64(window.last))
        let lengthOfWindow = last - begin + 1
        let addresses: [UInt64] = [
            0, 1, 0x1000, begin &- 0x1000, begin &- 1, begin, begin + 1, begin + 0xfff,
            begin + 0x1000, last - 0xfff, last - 1, last, last + 1, last + 0x1000, 0xffff_f000,
            0xffff_ffff, 1 << 32, begin | 1 << 32, begin | 1 << 56, begin | 1 << 57,
            begin | 1 << 62, begin | 1 << 63, begin | 0x3f << 57, .max, .max - 0xfff,
        ]
        let lengths: [UInt64] = [
            0, 1, 0xfff, 0x1000, 0x1001, lengthOfWindow - 1, lengthOfWindow, lengthOfWindow + 1,
            begin &- 1, begin, begin + 1, 0xffff_ffff, 1 << 32, 1 << 32 | 1, 1 << 63, .max,
            .max - begin, .max - 0xfff,
        ]
        for start in addresses {
            for length in lengths {
                check(program, window, start, length, upper: 0xffff_ffff_0000_0000)
            }
            for distance in [UInt64(0), 1, 0x1000] where start < begin {
                check(program, window, start, begin - start &+ distance)
                check(program, window, start, begin - start &- distance)
            }
        }
    }

    @Test("For random ranges near and far", arguments: windows)
    func random(window: AddressWindow) throws {
        let program = try #require(try Setup(page: window).compile())
        var random = SeededGenerator(seed: UInt64(window.begin) ^ UInt64(window.last))
        var refusals = 0
        for _ in 0..<3000 {
            // Widths of 0 to 64 bits, around the window or anywhere.
            let near = Bool.random(using: &random) ? UInt64(window.begin) : 0
            let start = near &+ random.next() >> UInt64.random(in: 0..<64, using: &random)
            let length = random.next() >> UInt64.random(in: 0..<64, using: &random)
            check(program, window, start, length)
            refusals += overlaps(window, .x86_64, start, length) ? 1 : 0
        }
        #expect(refusals > 100 && refusals < 2900)
    }

    @Test("The guard holds in every mode", arguments: Setup.filtering)
    func everyMode(setup: Setup) throws {
        var setup = setup
        setup.page = AddressWindow(start: 0x10000)
        #expect(try setup.answer(.madvise, .x86_64, [0x10000, 4096, 10]) == .errno(1))
        #expect(try setup.answer(.madvise, .i386, [0x10000, 4096, 10]) == .errno(1))
        // Upper halves that an i386 entry ignores must not carry a range past the guard.
        #expect(
            try setup.answer(.madvise, .i386, [0x5_0001_0000, 0x7_0000_1000, 0x9_0000_000a])
                == .errno(1))
    }
}
