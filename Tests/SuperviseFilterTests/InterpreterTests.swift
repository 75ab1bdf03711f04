import SuperviseFilter
import Testing

@Suite("The interpreter does what the kernel does")
struct InterpreterTests {
    /// What A is after an operation with these registers, read through `return a`.
    private func result(_ opcode: Opcode, a: UInt32, x: UInt32, k: UInt32) throws -> UInt32 {
        // The result is stored in parts, since an action keeps only some of a value's bits: every
        // bit is asked for by itself.
        let calculate = [
            Instruction(.loadConstant, x), Instruction(.copyToIndex),
            Instruction(.loadConstant, a), Instruction(opcode, k),
        ]
        let data = SeccompData(number: 0, architecture: 0)
        return try (0..<32).reduce(0) { sum, bit in
            let ask = [
                Instruction(.jumpIfAnySet, 1 << UInt32(bit), jt: 1),
                Instruction(.returnConstant, 0x7fff_0000), Instruction(.returnConstant, 0),
            ]
            let isSet = try Interpreter.run(calculate + ask, on: data) == .killThread
            return isSet ? sum | 1 << UInt32(bit) : sum
        }
    }

    static let arithmetic: [(Opcode, UInt32, UInt32, UInt32, UInt32)] = [
        // operation, A, X, K, result
        (.add, 0xffff_ffff, 0, 2, 1), (.addIndex, 0xffff_ffff, 3, 0, 2),
        (.subtract, 0, 0, 1, 0xffff_ffff), (.subtractIndex, 1, 3, 0, 0xffff_fffe),
        (.multiply, 0x8000_0001, 0, 2, 2), (.multiplyIndex, 0x1_0000, 0x1_0000, 0, 0),
        (.divide, 7, 0, 2, 3), (.divideIndex, 0xffff_ffff, 0x10, 0, 0x0fff_ffff),
        (.or, 0x0f, 0, 0xf0, 0xff), (.orIndex, 1, 2, 0, 3),
        (.and, 0xff, 0, 0x3c, 0x3c), (.andIndex, 0xff, 0x81, 0, 0x81),
        (.shiftLeft, 3, 0, 31, 0x8000_0000), (.shiftLeftIndex, 3, 33, 0, 6),
        (.shiftRight, 0x8000_0000, 0, 31, 1), (.shiftRightIndex, 0x8000_0000, 63, 0, 1),
        (.negate, 1, 0, 0, 0xffff_ffff), (.negate, 0x8000_0000, 0, 0, 0x8000_0000),
        (.exclusiveOr, 0xff, 0, 0x0f, 0xf0), (.exclusiveOrIndex, 5, 5, 0, 0),
        (.loadLength, 1, 2, 3, 64), (.loadConstant, 1, 2, 3, 3), (.copyFromIndex, 1, 2, 3, 2),
    ]

    @Test("Arithmetic has 32 bits and wraps", arguments: arithmetic)
    func calculates(opcode: Opcode, a: UInt32, x: UInt32, k: UInt32, expected: UInt32) throws {
        #expect(try result(opcode, a: a, x: x, k: k) == expected)
    }

    @Test("A division by an X of 0 ends the filter with 0, which kills the thread")
    func divisionByZeroIndex() throws {
        let action = try Interpreter.run(
            [Instruction(.divideIndex), .return(.allow)],
            on: SeccompData(number: 0, architecture: 0))
        #expect(action == .killThread)
    }

    static let branchCases: [(Opcode, UInt32, UInt32, Bool)] = [
        (.jumpIfEqual, 5, 5, true), (.jumpIfEqual, 5, 6, false),
        (.jumpIfAbove, 6, 5, true), (.jumpIfAbove, 5, 5, false),
        // Without sign.
        (.jumpIfAbove, 0xffff_ffff, 1, true), (.jumpIfAtLeast, 1, 0x8000_0000, false),
        (.jumpIfAtLeast, 5, 5, true), (.jumpIfAtLeast, 4, 5, false),
        (.jumpIfAnySet, 6, 2, true), (.jumpIfAnySet, 6, 9, false), (.jumpIfAnySet, 6, 0, false),
    ]

    @Test("A branch compares A with K, and its other form with X", arguments: branchCases)
    func branches(opcode: Opcode, a: UInt32, operand: UInt32, holds: Bool) throws {
        // The form with X has bit 3 set.
        let withIndex = try #require(Opcode(rawValue: opcode.rawValue | 0x08))
        for (branch, k, x) in [(opcode, operand, ~operand), (withIndex, ~operand, operand)] {
            let action = try Interpreter.run(
                [
                    Instruction(.indexConstant, x), Instruction(.loadConstant, a),
                    Instruction(branch, k, jt: 0, jf: 1), .return(.errno(1)), .return(.errno(2)),
                ], on: SeccompData(number: 0, architecture: 0))
            #expect(action == (holds ? .errno(1) : .errno(2)))
        }
    }

    @Test("Memory keeps A and X, and the index register can be loaded from each source")
    func memory() throws {
        let action = try Interpreter.run(
            [
                Instruction(.indexLength), Instruction(.storeIndex, 15),
                .load(.low(.sixth)), Instruction(.store, 0), Instruction(.loadConstant, 0),
                Instruction(.loadMemory, 15), Instruction(.indexMemory, 0),
                Instruction(.addIndex), Instruction(.or, 0x5_0000), Instruction(.returnAccumulator),
            ],
            on: SeccompData(
                number: 0, architecture: 0, arguments: [0, 0, 0, 0, 0, 0xffff_ffff_0000_0006]))
        #expect(action == .errno(70))
    }

    @Test("Random instructions are refused or run to an action, and never trap", arguments: 0..<8)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let interesting: [UInt32] = [0, 1, 2, 4, 15, 16, 31, 32, 60, 64, 0x7fff_0000, .max]
        var accepted = 0
        for _ in 0..<4000 {
            var program: [Instruction] = []
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                var code = UInt16.random(in: 0..<0x100, using: &random)
                if Int.random(in: 0..<50, using: &random) > 0 {
                    code = Opcode.allCases.randomElement(using: &random)?.rawValue ?? code
                }
                program.append(
                    Instruction(
                        code: code, jt: .random(in: 0..<4, using: &random),
                        jf: .random(in: 0..<4, using: &random),
                        k: Bool.random(using: &random)
                            ? interesting.randomElement(using: &random) ?? 0
                            : .random(in: 0..<8, using: &random)))
            }
            if Bool.random(using: &random) { program.append(Instruction(.returnAccumulator)) }
            let data = SeccompData(
                number: .random(in: 0...(.max), using: &random), architecture: 0xc000_003e,
                arguments: (0..<6).map { _ in random.next() })
            if (try? Interpreter.run(program, on: data)) != nil { accepted += 1 }
        }
        // Both outcomes must have been seen for this to mean anything.
        #expect(accepted > 100 && accepted < 3900)
    }
}
