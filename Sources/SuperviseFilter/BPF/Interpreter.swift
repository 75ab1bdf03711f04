/// Runs filters as the kernel does, for tests and explanations.
public enum Interpreter {
    /// The action that a filter answers to a call.
    ///
    /// Total: jumps go forward only, so it ends, and a valid program has an action for every call.
    public static func run(_ program: Program, on data: SeccompData) -> SeccompAction {
        var machine = Machine(data: data)
        while program.instructions.indices.contains(machine.next) {
            if let result = machine.step(program.instructions[machine.next]) {
                return SeccompAction(rawValue: result)
            }
        }
        // No valid program comes here; this is what the kernel does at what it does not know.
        return .killProcess
    }

    /// The action that instructions answer to a call, once they have been found to be a filter.
    ///
    /// Throws what is wrong with them; what they are is never trusted.
    public static func run(
        _ instructions: [Instruction], on data: SeccompData
    ) throws(ProgramError) -> SeccompAction {
        run(try Program(instructions), on: data)
    }

    /// The registers, all 0 at the start as the kernel has them.
    private struct Machine {
        let data: SeccompData
        var next = 0
        var accumulator: UInt32 = 0
        var index: UInt32 = 0
        var memory = [UInt32](repeating: 0, count: Int(Program.memoryWords))

        /// Carries out one instruction; a value ends the program with it.
        mutating func step(_ instruction: Instruction) -> UInt32? {
            let k = instruction.k
            next += 1
            switch instruction.opcode {
            case .load: accumulator = data.word(at: k) ?? 0
            case .loadLength: accumulator = SeccompData.size
            case .loadConstant: accumulator = k
            case .loadMemory: accumulator = memory[Int(k % Program.memoryWords)]
            case .indexLength: index = SeccompData.size
            case .indexConstant: index = k
            case .indexMemory: index = memory[Int(k % Program.memoryWords)]
            case .store: memory[Int(k % Program.memoryWords)] = accumulator
            case .storeIndex: memory[Int(k % Program.memoryWords)] = index
            case .copyToIndex: index = accumulator
            case .copyFromIndex: accumulator = index

            case .add: accumulator &+= k
            case .addIndex: accumulator &+= index
            case .subtract: accumulator &-= k
            case .subtractIndex: accumulator &-= index
            case .multiply: accumulator &*= k
            case .multiplyIndex: accumulator &*= index
            case .divide, .divideIndex:
                let divisor = instruction.opcode == .divide ? k : index
                // bpf_convert_filter makes a division by a zero X return 0.
                guard divisor != 0 else { return 0 }
                accumulator /= divisor
            case .or: accumulator |= k
            case .orIndex: accumulator |= index
            case .and: accumulator &= k
            case .andIndex: accumulator &= index
            // A shift by X takes five bits of it, as the processor's own instruction does.
            case .shiftLeft: accumulator &<<= k
            case .shiftLeftIndex: accumulator &<<= index
            case .shiftRight: accumulator &>>= k
            case .shiftRightIndex: accumulator &>>= index
            case .negate: accumulator = 0 &- accumulator
            case .exclusiveOr: accumulator ^= k
            case .exclusiveOrIndex: accumulator ^= index

            case .jump: next += Int(k)
            case .jumpIfEqual: branch(accumulator == k, instruction)
            case .jumpIfEqualIndex: branch(accumulator == index, instruction)
            case .jumpIfAbove: branch(accumulator > k, instruction)
            case .jumpIfAboveIndex: branch(accumulator > index, instruction)
            case .jumpIfAtLeast: branch(accumulator >= k, instruction)
            case .jumpIfAtLeastIndex: branch(accumulator >= index, instruction)
            case .jumpIfAnySet: branch(accumulator & k != 0, instruction)
            case .jumpIfAnySetIndex: branch(accumulator & index != 0, instruction)

            case .returnConstant: return k
            case .returnAccumulator: return accumulator
            case nil: return SeccompAction.killProcess.rawValue
            }
            return nil
        }

        private mutating func branch(_ holds: Bool, _ instruction: Instruction) {
            next += Int(holds ? instruction.jt : instruction.jf)
        }
    }
}
