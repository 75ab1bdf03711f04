import SuperviseFilter
import Testing

@Suite("Listings can be read")
struct DisassemblerTests {
    @Test("Every operation has its form")
    func operations() throws {
        let program = try Program(
            [
                .load(.architecture), .load(.high(.third)), Instruction(.loadLength),
                Instruction(.loadConstant, 4095), Instruction(.store, 1),
                Instruction(.loadMemory, 1), Instruction(.indexLength),
                Instruction(.indexConstant, 4096), Instruction(.indexMemory, 1),
                Instruction(.storeIndex, 2), Instruction(.copyToIndex), Instruction(.copyFromIndex),
                Instruction(.add, 1), Instruction(.addIndex), Instruction(.subtract, 1),
                Instruction(.subtractIndex), Instruction(.multiply, 2), Instruction(.multiplyIndex),
                Instruction(.divide, 2), Instruction(.divideIndex), Instruction(.or, 3),
                Instruction(.orIndex), Instruction(.and, 0xf), Instruction(.andIndex),
                Instruction(.shiftLeft, 2), Instruction(.shiftLeftIndex),
                Instruction(.shiftRight, 2), Instruction(.shiftRightIndex), Instruction(.negate),
                Instruction(.exclusiveOr, 1), Instruction(.exclusiveOrIndex),
                Instruction(.jumpIfEqual, 1), Instruction(.jumpIfEqualIndex, jt: 1),
                Instruction(.jumpIfAbove, 1, jf: 1), Instruction(.jumpIfAboveIndex, jt: 1, jf: 2),
                Instruction(.jumpIfAtLeast, 1, jt: 3), Instruction(.jumpIfAtLeastIndex),
                Instruction(.jumpIfAnySet, 1), Instruction(.jumpIfAnySetIndex),
                Instruction(.jump, 0), .return(.errno(1)), .return(.errno(999)),
                .return(.trace(0x5356)), .return(.trap(3)), .return(.log),
                .return(.userNotification), .return(.killThread), .return(.killProcess),
                Instruction(.returnConstant, 0x7fff_0001), Instruction(.returnAccumulator),
            ], labels: [35: ["here", "there"]], comments: [2: "a remark"])
        let lines = Disassembler(errorName: { $0 == 1 ? "EPERM" : nil }).listing(of: program)
        #expect(
            lines == """
                   0  load arch
                   1  load args[2].high
                   2  load length                                   ; a remark
                   3  load 4095
                   4  store memory[1]
                   5  load memory[1]
                   6  loadx length
                   7  loadx 0x1000
                   8  loadx memory[1]
                   9  storex memory[2]
                  10  tax
                  11  txa
                  12  add 1
                  13  add x
                  14  sub 1
                  15  sub x
                  16  mul 2
                  17  mul x
                  18  div 2
                  19  div x
                  20  or 0x3
                  21  or x
                  22  and 0xf
                  23  and x
                  24  lsh 2
                  25  lsh x
                  26  rsh 2
                  27  rsh x
                  28  neg
                  29  xor 0x1
                  30  xor x
                  31  jeq 1
                  32  jeq x, then 34
                  33  jgt 1, else here
                  34  jgt x, then 36, else 37
                here:
                there:
                  35  jge 1, then 39
                  36  jge x
                  37  jset 0x1
                  38  jset x
                  39  jump 40
                  40  return ERRNO(EPERM)
                  41  return ERRNO(999)
                  42  return TRACE(0x5356)
                  43  return TRAP(3)
                  44  return LOG
                  45  return USER_NOTIF
                  46  return KILL_THREAD
                  47  return KILL_PROCESS
                  48  return 0x7fff0001
                  49  return a

                """)
    }

    @Test("A number is named where the program has found out the architecture, and only there")
    func names() throws {
        var assembler = Assembler()
        assembler.append(.load(.number))
        assembler.branch(if: .equals(41), then: "end")
        assembler.append(.load(.architecture))
        assembler.branch(if: .equals(7), else: "other")
        assembler.append(.load(.number))
        assembler.branch(if: .equals(41), then: "end")
        assembler.branch(if: .atLeast(42), then: "end")
        assembler.append(Instruction(.and, 0xff))
        assembler.branch(if: .equals(41), then: "end")
        assembler.bind("other")
        assembler.append(.load(.number))
        assembler.branch(if: .equals(41), then: "end")
        assembler.bind("end")
        assembler.append(.return(.allow))
        let disassembler = Disassembler(
            callName: { "call \($0)/\($1)" }, architectureName: { "architecture \($0)" })
        #expect(
            disassembler.listing(of: try assembler.assemble()) == """
                   0  load nr
                   1  jeq 41, then end
                   2  load arch
                   3  jeq 7, else other                             ; architecture 7
                   4  load nr
                   5  jeq 41, then end                              ; call 7/41
                   6  jge 42, then end
                   7  and 0xff
                   8  jeq 41, then end
                other:
                   9  load nr
                  10  jeq 41
                end:
                  11  return ALLOW

                """)
    }
}
