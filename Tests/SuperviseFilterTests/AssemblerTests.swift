import SuperviseFilter
import Testing

@Suite("The assembler turns labels into offsets")
struct AssemblerTests {
    /// Steps that do nothing but take room.
    private func pad(_ assembler: inout Assembler, _ count: Int) {
        for _ in 0..<count { assembler.append(Instruction(.add, 1)) }
    }

    @Test("A whole program is assembled as written")
    func whole() throws {
        var assembler = Assembler()
        assembler.bind("start")
        assembler.append(.load(.number))
        assembler.comment("the middle")
        assembler.branch(if: .atLeast(10), then: "high")
        assembler.branch(if: .equals(3), then: "yes", else: "no")
        assembler.bind("high")
        assembler.append(.load(.low(.first)))
        assembler.branch(if: .anySet(8), else: "no")
        assembler.jump(to: "yes")
        assembler.bind("no")
        assembler.append(.return(.errno(1)))
        assembler.bind("yes")
        assembler.bind("last")
        assembler.append(.return(.allow))
        let program = try assembler.assemble()
        #expect(
            program.instructions == [
                Instruction(code: 0x20, k: 0),
                Instruction(code: 0x35, jt: 1, jf: 0, k: 10),
                Instruction(code: 0x15, jt: 4, jf: 3, k: 3),
                Instruction(code: 0x20, k: 16),
                Instruction(code: 0x45, jt: 0, jf: 1, k: 8),
                Instruction(code: 0x05, k: 1),
                Instruction(code: 0x06, k: 0x0005_0001),
                Instruction(code: 0x06, k: 0x7fff_0000),
            ])
        #expect(
            program.labels == [0: ["start"], 3: ["high"], 6: ["no"], 7: ["yes", "last"]])
        #expect(program.comments == [1: "the middle"])
    }

    /// A branch over so many steps, and what it must become.
    static let distances: [(Int, [Instruction])] = [
        (255, [Instruction(.jumpIfEqual, 7, jt: 255, jf: 0)]),
        (256, [Instruction(.jumpIfEqual, 7, jt: 0, jf: 1), Instruction(.jump, 256)]),
        (4000, [Instruction(.jumpIfEqual, 7, jt: 0, jf: 1), Instruction(.jump, 4000)]),
    ]

    @Test("A target beyond 255 instructions is reached by a hop", arguments: distances)
    func farThen(distance: Int, head: [Instruction]) throws {
        var assembler = Assembler()
        assembler.branch(if: .equals(7), then: "far")
        pad(&assembler, distance)
        assembler.bind("far")
        assembler.append(.return(.allow))
        let program = try assembler.assemble()
        #expect(Array(program.instructions.prefix(head.count)) == head)
        #expect(program.instructions.count == head.count + distance + 1)
        #expect(program.labels == [head.count + distance: ["far"]])
    }

    @Test("The hop of an else stands behind its branch too")
    func farElse() throws {
        var assembler = Assembler()
        assembler.branch(if: .above(7), else: "far")
        pad(&assembler, 256)
        assembler.bind("far")
        assembler.append(.return(.allow))
        let program = try assembler.assemble()
        #expect(
            Array(program.instructions.prefix(2)) == [
                Instruction(.jumpIfAbove, 7, jt: 1, jf: 0), Instruction(.jump, 256),
            ])
    }

    @Test("Both targets can be far")
    func bothFar() throws {
        var assembler = Assembler()
        assembler.branch(if: .aboveIndex, then: "further", else: "far")
        pad(&assembler, 300)
        assembler.bind("far")
        assembler.append(.return(.allow))
        assembler.bind("further")
        assembler.append(.return(.log))
        let program = try assembler.assemble()
        #expect(
            Array(program.instructions.prefix(3)) == [
                Instruction(.jumpIfAboveIndex, jt: 0, jf: 1), Instruction(.jump, 302),
                Instruction(.jump, 300),
            ])
    }

    @Test("A hop that pushes another branch's target too far away makes a second hop")
    func cascade() throws {
        var assembler = Assembler()
        // Exactly 255 away, until the branch between gets its hop.
        assembler.branch(if: .equals(1), then: "near")
        assembler.branch(if: .equals(2), then: "far")
        pad(&assembler, 254)
        assembler.bind("near")
        assembler.append(Instruction(.add, 0))
        pad(&assembler, 10)
        assembler.bind("far")
        assembler.append(.return(.allow))
        let program = try assembler.assemble()
        #expect(
            Array(program.instructions.prefix(4)) == [
                Instruction(.jumpIfEqual, 1, jt: 0, jf: 1), Instruction(.jump, 256),
                Instruction(.jumpIfEqual, 2, jt: 0, jf: 1), Instruction(.jump, 265),
            ])
    }

    @Test("A long program with random branches does what its steps say", arguments: 0..<6)
    func randomBranches(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let steps = RandomStep.steps(1000, using: &random)
        let program = try RandomStep.assemble(steps)
        let hops = program.instructions.filter { $0.opcode == .jump }.count
        #expect(hops > 50)
        for _ in 0..<200 {
            let number = UInt32(truncatingIfNeeded: random.next())
            let action = Interpreter.run(program, on: SeccompData(number: number, architecture: 0))
            #expect(action == .errno(RandomStep.sum(steps, number)))
        }
    }

    static let faults: [(String, AssemblyError, String)] = [
        ("nothing", .empty, "the program is empty"),
        ("unknown", .unknownLabel("nowhere", at: 1), "step 1: unknown label nowhere"),
        ("unknown else", .unknownLabel("nowhere", at: 0), "step 0: unknown label nowhere"),
        ("twice", .labelBoundTwice("here"), "label here is bound twice"),
        ("backward", .backwardJump("start", at: 1), "step 1: backward jump to start"),
        ("itself", .backwardJump("start", at: 0), "step 0: backward jump to start"),
        ("no return", .fallsOffTheEnd(at: 1), "step 1: goes on beyond the end"),
        ("branch at the end", .fallsOffTheEnd(at: 0), "step 0: goes on beyond the end"),
        ("jump to the end", .fallsOffTheEnd(at: 0), "step 0: goes on beyond the end"),
        ("numeric", .numericJump(at: 1), "step 1: a jump must name a label"),
        ("long", .tooLong(4097), "4097 instructions, the kernel takes 4096"),
        ("long by its hop", .tooLong(4097), "4097 instructions, the kernel takes 4096"),
        (
            "invalid", .invalid(.badOffset(3, at: 0)), "instruction 0: no word at offset 3"
        ),
    ]

    @Test("Each fault is thrown and names its place", arguments: faults)
    func fails(kind: String, error: AssemblyError, text: String) {
        var assembler = Assembler()
        switch kind {
        case "unknown":
            assembler.append(.load(.number))
            assembler.jump(to: "nowhere")
        case "unknown else":
            assembler.branch(if: .equals(1), else: "nowhere")
        case "twice":
            assembler.bind("here")
            assembler.append(.load(.number))
            assembler.bind("here")
        case "backward":
            assembler.bind("start")
            assembler.append(.load(.number))
            assembler.branch(if: .equals(1), then: "start")
        case "itself":
            assembler.bind("start")
            assembler.jump(to: "start")
        case "no return":
            assembler.append(.return(.allow))
            assembler.append(.load(.number))
        case "branch at the end":
            assembler.branch(if: .equals(1))
        case "jump to the end":
            assembler.jump(to: "end")
            assembler.append(.return(.allow))
            assembler.bind("end")
        case "numeric":
            assembler.append(.return(.allow))
            assembler.append(Instruction(.jumpIfAbove, 1))
        case "long":
            pad(&assembler, 4096)
        case "long by its hop":
            assembler.branch(if: .equals(1), then: "end")
            pad(&assembler, 4094)
            assembler.bind("end")
        case "invalid":
            assembler.append(Instruction(.load, 3))
        default: break
        }
        if ["unknown else", "twice", "long", "long by its hop", "invalid"].contains(kind) {
            assembler.append(.return(.allow))
        }
        #expect(throws: error) { try assembler.assemble() }
        #expect(error.description == text)
    }
}

/// A step of a random program: adds 1, or branches by a bit of the call's number.
///
/// The sum at the end tells apart the ways that a run can take.
private enum RandomStep {
    case add
    case branch(bit: UInt32, then: Int?, else: Int?)

    static func steps(_ count: Int, using random: inout SeededGenerator) -> [RandomStep] {
        (0..<count).map { index in
            guard Int.random(in: 0..<3, using: &random) == 0 else { return .add }
            func target() -> Int? {
                guard Int.random(in: 0..<4, using: &random) > 0 else { return nil }
                let reach = Bool.random(using: &random) ? 20 : 300
                return min(count, index + .random(in: 1...reach, using: &random))
            }
            return .branch(bit: .random(in: 0..<32, using: &random), then: target(), else: target())
        }
    }

    static func assemble(_ steps: [RandomStep]) throws -> Program {
        var assembler = Assembler()
        func label(_ index: Int) -> Assembler.Label { Assembler.Label("\(index)") }
        assembler.append(Instruction(.store, 0))
        for (index, step) in steps.enumerated() {
            assembler.bind(label(index))
            switch step {
            case .add:
                assembler.append(Instruction(.loadMemory, 0))
                assembler.append(Instruction(.add, 1))
                assembler.append(Instruction(.store, 0))
            case .branch(let bit, let then, let otherwise):
                assembler.append(.load(.number))
                assembler.branch(
                    if: .anySet(1 << bit), then: then.map(label), else: otherwise.map(label))
            }
        }
        assembler.bind(label(steps.count))
        assembler.append(Instruction(.loadMemory, 0))
        assembler.append(Instruction(.or, 0x0005_0000))
        assembler.append(Instruction(.returnAccumulator))
        return try assembler.assemble()
    }

    static func sum(_ steps: [RandomStep], _ number: UInt32) -> UInt16 {
        var sum: UInt16 = 0
        var index = 0
        while index < steps.count {
            switch steps[index] {
            case .add:
                sum += 1
                index += 1
            case .branch(let bit, let then, let otherwise):
                index = (number & 1 << bit != 0 ? then : otherwise) ?? index + 1
            }
        }
        return sum
    }
}
