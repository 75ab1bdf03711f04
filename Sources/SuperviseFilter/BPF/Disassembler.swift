/// Writes filters as text to read.
///
/// One line an instruction: its index, the operation, what it works on, where a branch goes
/// (`then` where the condition holds, `else` where it fails, the next line where neither is
/// said), and remarks behind a semicolon. A label stands on its own line before its instruction.
public struct Disassembler: Sendable {
    /// The name of a call; asked where the program has found out the architecture.
    public var callName: (@Sendable (_ architecture: UInt32, _ number: UInt32) -> String?)?
    /// The name of an architecture.
    public var architectureName: (@Sendable (_ architecture: UInt32) -> String?)?
    /// The name of an error.
    public var errorName: (@Sendable (_ number: UInt16) -> String?)?

    /// Makes a disassembler that shows numbers where it is given no names.
    public init(
        callName: (@Sendable (_ architecture: UInt32, _ number: UInt32) -> String?)? = nil,
        architectureName: (@Sendable (_ architecture: UInt32) -> String?)? = nil,
        errorName: (@Sendable (_ number: UInt16) -> String?)? = nil
    ) {
        self.callName = callName
        self.architectureName = architectureName
        self.errorName = errorName
    }

    /// The program's listing; every line ends with a newline.
    public func listing(of program: Program) -> String {
        let facts = Facts.collect(program)
        let width = String(program.instructions.count - 1).count
        let (labels, comments) = (program.labels, program.comments)
        var result = ""
        for (index, instruction) in program.instructions.enumerated() {
            for label in labels[index] ?? [] { result += "\(label):\n" }
            let number = String(index)
            var line = String(repeating: " ", count: 2 + width - number.count) + number + "  "
            line += text(of: instruction, at: index, labels)
            let name = comment(on: instruction, knowing: facts[index])
            let remark = comments[index]
            // A remark may say the name already.
            let remarks = [remark?.hasPrefix(name ?? "") == true ? nil : name, remark]
                .compactMap { $0 }
            if !remarks.isEmpty {
                let padding = max(1, 52 - line.count)
                line += String(repeating: " ", count: padding) + "; "
                line += remarks.joined(separator: ", ")
            }
            result += line + "\n"
        }
        return result
    }

    /// An action's name as listings show it: `ALLOW`, `ERRNO(EPERM)`, `TRACE(0x5356)`.
    public func name(of action: SeccompAction) -> String {
        switch action {
        case .allow: "ALLOW"
        case .log: "LOG"
        case .trace(let data): "TRACE(\(Self.hexadecimal(UInt32(data))))"
        case .userNotification: "USER_NOTIF"
        case .errno(let number): "ERRNO(\(errorName?(number) ?? String(number)))"
        case .trap(let data): "TRAP(\(data))"
        case .killThread: "KILL_THREAD"
        case .killProcess: "KILL_PROCESS"
        }
    }

    private func text(
        of instruction: Instruction, at index: Int, _ labels: [Int: [String]]
    ) -> String {
        let k = instruction.k
        guard let opcode = instruction.opcode else { return "?" }
        func target(_ offset: Int) -> String {
            let place = index + 1 + offset
            return labels[place]?.first ?? String(place)
        }
        func branch(_ mnemonic: String, _ operand: String) -> String {
            var text = "\(mnemonic) \(operand)"
            if instruction.jt > 0 { text += ", then \(target(Int(instruction.jt)))" }
            if instruction.jf > 0 { text += ", else \(target(Int(instruction.jf)))" }
            return text
        }
        switch opcode {
        case .load: return "load \(SeccompData.Field(offset: k)?.description ?? "?")"
        case .loadLength: return "load length"
        case .loadConstant: return "load \(Self.constant(k))"
        case .loadMemory: return "load memory[\(k)]"
        case .indexLength: return "loadx length"
        case .indexConstant: return "loadx \(Self.constant(k))"
        case .indexMemory: return "loadx memory[\(k)]"
        case .store: return "store memory[\(k)]"
        case .storeIndex: return "storex memory[\(k)]"
        case .copyToIndex: return "tax"
        case .copyFromIndex: return "txa"
        case .add: return "add \(Self.constant(k))"
        case .addIndex: return "add x"
        case .subtract: return "sub \(Self.constant(k))"
        case .subtractIndex: return "sub x"
        case .multiply: return "mul \(Self.constant(k))"
        case .multiplyIndex: return "mul x"
        case .divide: return "div \(Self.constant(k))"
        case .divideIndex: return "div x"
        case .or: return "or \(Self.hexadecimal(k))"
        case .orIndex: return "or x"
        case .and: return "and \(Self.hexadecimal(k))"
        case .andIndex: return "and x"
        case .shiftLeft: return "lsh \(k)"
        case .shiftLeftIndex: return "lsh x"
        case .shiftRight: return "rsh \(k)"
        case .shiftRightIndex: return "rsh x"
        case .negate: return "neg"
        case .exclusiveOr: return "xor \(Self.hexadecimal(k))"
        case .exclusiveOrIndex: return "xor x"
        case .jump: return "jump \(target(Int(k)))"
        case .jumpIfEqual: return branch("jeq", Self.constant(k))
        case .jumpIfEqualIndex: return branch("jeq", "x")
        case .jumpIfAbove: return branch("jgt", Self.constant(k))
        case .jumpIfAboveIndex: return branch("jgt", "x")
        case .jumpIfAtLeast: return branch("jge", Self.constant(k))
        case .jumpIfAtLeastIndex: return branch("jge", "x")
        case .jumpIfAnySet: return branch("jset", Self.hexadecimal(k))
        case .jumpIfAnySetIndex: return branch("jset", "x")
        case .returnConstant:
            let action = SeccompAction(rawValue: k)
            // A value with bits that the action does not use is shown as it is.
            return "return " + (action.rawValue == k ? name(of: action) : Self.hexadecimal(k))
        case .returnAccumulator: return "return a"
        }
    }

    /// What a comparison with a call's number or architecture is about.
    private func comment(on instruction: Instruction, knowing facts: Facts) -> String? {
        guard instruction.opcode == .jumpIfEqual else { return nil }
        switch facts.accumulator {
        case .architecture: return architectureName?(instruction.k)
        case .number:
            // Where two architectures share a piece of the program, the number may be two calls.
            let names = Set((facts.architectures ?? []).map { callName?($0, instruction.k) })
            return names.count == 1 ? names.first ?? nil : nil
        default: return nil
        }
    }

    private static func constant(_ value: UInt32) -> String {
        value < 0x1000 ? String(value) : hexadecimal(value)
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        "0x" + String(value, radix: 16)
    }
}

/// What is the same on every way to an instruction.
private struct Facts {
    /// The word in the accumulator, unchanged.
    var accumulator: SeccompData.Field?
    /// The architectures that the call may have, nil where it may have any.
    var architectures: Set<UInt32>?

    func common(with other: Facts?) -> Facts {
        guard let other else { return self }
        return Facts(
            accumulator: accumulator == other.accumulator ? accumulator : nil,
            architectures: architectures.flatMap { mine in
                other.architectures.map { mine.union($0) }
            })
    }

    /// The facts before each instruction; jumps go forward only, so one pass suffices.
    static func collect(_ program: Program) -> [Facts] {
        let count = program.instructions.count
        var arriving = [Facts?](repeating: nil, count: count)
        arriving[0] = Facts()
        for (index, instruction) in program.instructions.enumerated() {
            guard let opcode = instruction.opcode, let facts = arriving[index] else { continue }
            func goOn(to target: Int, _ facts: Facts) {
                guard target < count else { return }
                arriving[target] = facts.common(with: arriving[target])
            }
            var after = facts
            if opcode.isBranch {
                if opcode == .jumpIfEqual, facts.accumulator == .architecture {
                    after.architectures = [instruction.k]
                }
                goOn(to: index + 1 + Int(instruction.jt), after)
                goOn(to: index + 1 + Int(instruction.jf), facts)
            } else if opcode == .jump {
                goOn(to: index + 1 + Int(instruction.k), facts)
            } else if !opcode.isReturn {
                after.accumulator = accumulator(after: instruction, facts.accumulator)
                goOn(to: index + 1, after)
            }
        }
        return arriving.map { $0 ?? Facts() }
    }

    private static func accumulator(
        after instruction: Instruction, _ before: SeccompData.Field?
    ) -> SeccompData.Field? {
        switch instruction.opcode {
        case .load: SeccompData.Field(offset: instruction.k)
        case .indexLength, .indexConstant, .indexMemory, .store, .storeIndex, .copyToIndex: before
        default: nil
        }
    }
}
