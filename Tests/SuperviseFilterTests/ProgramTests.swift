import SuperviseFilter
import Testing

@Suite("A program is what the kernel accepts")
struct ProgramTests {
    static let end = Instruction(.returnConstant, 0)

    static let refused: [([Instruction], ProgramError, String)] = [
        ([], .empty, "the program is empty"),
        (
            Array(repeating: end, count: 4097), .tooLong(4097),
            "4097 instructions, the kernel takes 4096"
        ),
        // BPF_LD | BPF_H | BPF_ABS: for packets only.
        (
            [Instruction(code: 0x28), end], .unknownOpcode(0x28, at: 0),
            "instruction 0: no operation of a seccomp filter: 40"
        ),
        // BPF_ALU | BPF_MOD | BPF_K: classic BPF, but none of seccomp's.
        (
            [Instruction(code: 0x94, k: 3), end], .unknownOpcode(0x94, at: 0),
            "instruction 0: no operation of a seccomp filter: 148"
        ),
        (
            [end, Instruction(.load, 2), end], .badOffset(2, at: 1),
            "instruction 1: no word at offset 2"
        ),
        (
            [Instruction(.load, 64), end], .badOffset(64, at: 0),
            "instruction 0: no word at offset 64"
        ),
        (
            [Instruction(.store, 16), end], .badMemoryWord(16, at: 0),
            "instruction 0: no memory word 16"
        ),
        (
            [Instruction(.indexMemory, .max), end], .badMemoryWord(.max, at: 0),
            "instruction 0: no memory word 4294967295"
        ),
        (
            [Instruction(.loadMemory, 3), end], .unwrittenMemory(3, at: 0),
            "instruction 0: memory word 3 may not be written yet"
        ),
        // Written on one of two ways only.
        (
            [
                Instruction(.jumpIfEqual, 0, jt: 1, jf: 0), Instruction(.store, 0),
                Instruction(.loadMemory, 0), end,
            ], .unwrittenMemory(0, at: 2), "instruction 2: memory word 0 may not be written yet"
        ),
        (
            [Instruction(.divide, 0), end], .divisionByZero(at: 0),
            "instruction 0: division by zero"
        ),
        (
            [Instruction(.shiftLeft, 32), end], .badShift(32, at: 0),
            "instruction 0: shift by 32 bits"
        ),
        (
            [Instruction(.shiftRight, .max), end], .badShift(.max, at: 0),
            "instruction 0: shift by 4294967295 bits"
        ),
        (
            [Instruction(.jump, 1), end], .jumpOutOfRange(at: 0),
            "instruction 0: jump beyond the end"
        ),
        (
            [Instruction(.jump, .max), end], .jumpOutOfRange(at: 0),
            "instruction 0: jump beyond the end"
        ),
        (
            [end, Instruction(.jumpIfEqual, 0, jt: 1), end], .jumpOutOfRange(at: 1),
            "instruction 1: jump beyond the end"
        ),
        (
            [Instruction(.jumpIfAnySetIndex, 0, jf: 255), end], .jumpOutOfRange(at: 0),
            "instruction 0: jump beyond the end"
        ),
        (
            [end, Instruction(.load, 0)], .noReturn(at: 1),
            "instruction 1: the last instruction is no return"
        ),
    ]

    @Test("What the kernel refuses is refused, and the fault is named", arguments: refused)
    func refuses(instructions: [Instruction], error: ProgramError, text: String) {
        #expect(throws: error) { try Program(instructions) }
        #expect(throws: error) {
            try Interpreter.run(instructions, on: SeccompData(number: 0, architecture: 0))
        }
        #expect(error.description == text)
    }

    static let accepted: [[Instruction]] = [
        [end],
        Array(repeating: end, count: 4096),
        [Instruction(.load, 60), Instruction(.returnAccumulator)],
        [Instruction(.jump, 0), end],
        [Instruction(.jumpIfEqual, 0, jt: 1, jf: 0), end, end],
        // Written on both of two ways.
        [
            Instruction(.jumpIfEqual, 0, jt: 0, jf: 2), Instruction(.store, 5),
            Instruction(.jump, 1), Instruction(.storeIndex, 5), Instruction(.loadMemory, 5), end,
        ],
        // A place that nothing leads to is no way to an unwritten word.
        [end, Instruction(.jump, 0), Instruction(.store, 1), Instruction(.indexMemory, 1), end],
    ]

    @Test("What the kernel accepts is accepted", arguments: accepted)
    func accepts(instructions: [Instruction]) throws {
        #expect(try Program(instructions).instructions == instructions)
    }

    @Test("The operations are those of seccomp_check_filter")
    func operations() {
        // Loads, stores, moves; arithmetic by K and X; jumps; returns.
        let codes: [UInt16] = [
            0x00, 0x01, 0x02, 0x03, 0x07, 0x20, 0x60, 0x61, 0x80, 0x81, 0x87,
            0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c,
            0x74, 0x7c, 0x84, 0xa4, 0xac,
            0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d,
            0x06, 0x16,
        ]
        #expect(Set(Opcode.allCases.map(\.rawValue)) == Set(codes))
        #expect(
            Set(Opcode.allCases.filter(\.isBranch).map(\.rawValue))
                == [0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d])
        #expect(Set(Opcode.allCases.filter(\.isReturn).map(\.rawValue)) == [0x06, 0x16])
    }
}
