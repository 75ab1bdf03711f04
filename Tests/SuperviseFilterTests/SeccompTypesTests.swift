import SuperviseFilter
import Testing

@Suite("Instructions, calls and actions have the kernel's layout")
struct SeccompTypesTests {
    @Test("An instruction is a struct sock_filter: 2, 1, 1 and 4 bytes without gaps")
    func instructionLayout() {
        #expect(MemoryLayout<Instruction>.size == 8)
        #expect(MemoryLayout<Instruction>.stride == 8)
        #expect(MemoryLayout<Instruction>.alignment == 4)
        #expect(MemoryLayout<Instruction>.offset(of: \.code) == 0)
        #expect(MemoryLayout<Instruction>.offset(of: \.jt) == 2)
        #expect(MemoryLayout<Instruction>.offset(of: \.jf) == 3)
        #expect(MemoryLayout<Instruction>.offset(of: \.k) == 4)
    }

    @Test("The words of a call stand at their offsets, the lower half first")
    func words() {
        let data = SeccompData(
            number: 0xffff_ffff, architecture: 0xc000_003e,
            instructionPointer: 0x1111_2222_3333_4444,
            arguments: [
                0xa0a0_a0a0_0b0b_0b0b, 0xa1a1_a1a1_1b1b_1b1b, 0xa2a2_a2a2_2b2b_2b2b,
                0xa3a3_a3a3_3b3b_3b3b, 0xa4a4_a4a4_4b4b_4b4b, 0xa5a5_a5a5_5b5b_5b5b,
            ])
        let words = stride(from: UInt32(0), to: 64, by: 4).map { data.word(at: $0) }
        #expect(
            words == [
                0xffff_ffff, 0xc000_003e, 0x3333_4444, 0x1111_2222,
                0x0b0b_0b0b, 0xa0a0_a0a0, 0x1b1b_1b1b, 0xa1a1_a1a1,
                0x2b2b_2b2b, 0xa2a2_a2a2, 0x3b3b_3b3b, 0xa3a3_a3a3,
                0x4b4b_4b4b, 0xa4a4_a4a4, 0x5b5b_5b5b, 0xa5a5_a5a5,
            ])
    }

    @Test(
        "There is no word at other offsets",
        arguments: [1, 2, 3, 5, 62, 63, 64, 68, UInt32.max - 3, .max])
    func noWord(offset: UInt32) {
        #expect(SeccompData(number: 1, architecture: 2).word(at: offset) == nil)
        #expect(SeccompData.Field(offset: offset) == nil)
    }

    @Test("Every word has a name, and is found again by its offset")
    func names() {
        let fields = stride(from: UInt32(0), to: 64, by: 4).compactMap(
            SeccompData.Field.init(offset:))
        #expect(fields.map(\.offset) == Array(stride(from: UInt32(0), to: 64, by: 4)))
        #expect(
            fields.map(\.description) == [
                "nr", "arch", "ip.low", "ip.high", "args[0].low", "args[0].high", "args[1].low",
                "args[1].high", "args[2].low", "args[2].high", "args[3].low", "args[3].high",
                "args[4].low", "args[4].high", "args[5].low", "args[5].high",
            ])
    }

    @Test(
        "A call has six arguments, however many are given",
        arguments: [
            ([], [0, 0, 0, 0, 0, 0]),
            ([7, 8], [7, 8, 0, 0, 0, 0]),
            ([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6]),
        ] as [([UInt64], [UInt64])])
    func sixArguments(given: [UInt64], arguments: [UInt64]) {
        #expect(
            SeccompData(number: 0, architecture: 0, arguments: given).arguments == arguments)
    }

    static let actions: [(SeccompAction, UInt32)] = [
        (.allow, 0x7fff_0000), (.log, 0x7ffc_0000), (.trace(0x5356), 0x7ff0_5356),
        (.userNotification, 0x7fc0_0000), (.errno(1), 0x0005_0001), (.errno(0xffff), 0x0005_ffff),
        (.trap(2), 0x0003_0002), (.killThread, 0), (.killProcess, 0x8000_0000),
    ]

    @Test("An action and its value are the same both ways", arguments: actions)
    func actionValue(action: SeccompAction, value: UInt32) {
        #expect(action.rawValue == value)
        #expect(SeccompAction(rawValue: value) == action)
    }

    @Test(
        "The kernel ignores data that an action has no use for, and kills at an unknown action",
        arguments: [
            (0x7fff_1234, .allow), (0x0000_0001, .killThread), (0x8000_ffff, .killProcess),
            (0x1234_0000, .killProcess), (0xffff_0000, .killProcess),
        ] as [(UInt32, SeccompAction)])
    func otherValues(value: UInt32, action: SeccompAction) {
        #expect(SeccompAction(rawValue: value) == action)
    }
}
