/// Builds a filter from instructions whose jumps name labels.
///
/// A branch of classic BPF reaches 255 instructions forward; where a target is farther, the
/// assembler puts in jumps of its own. Mistakes are kept and thrown by ``assemble()``, so that
/// building reads straight down.
public struct Assembler: Sendable {
    /// A place in the program by its name.
    public struct Label: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The name.
        public let name: String

        /// Makes a label; equal names are the same label.
        public init(_ name: String) {
            self.name = name
        }

        /// Makes a label of a literal.
        public init(stringLiteral name: String) {
            self.init(name)
        }

        /// The name.
        public var description: String { name }
    }

    /// What a branch asks of the accumulator.
    public enum Condition: Hashable, Sendable {
        /// It is this.
        case equals(UInt32)
        /// It is more than this, without sign.
        case above(UInt32)
        /// It is this or more, without sign.
        case atLeast(UInt32)
        /// It has one of these bits.
        case anySet(UInt32)
        /// It is more than the index register.
        case aboveIndex

        var instruction: Instruction {
            switch self {
            case .equals(let value): Instruction(.jumpIfEqual, value)
            case .above(let value): Instruction(.jumpIfAbove, value)
            case .atLeast(let value): Instruction(.jumpIfAtLeast, value)
            case .anySet(let bits): Instruction(.jumpIfAnySet, bits)
            case .aboveIndex: Instruction(.jumpIfAboveIndex)
            }
        }
    }

    /// One step as it was asked for.
    private enum Step {
        case plain(Instruction)
        case jump(Label)
        /// A missing target is the next step.
        case branch(Condition, then: Label?, else: Label?)
    }

    private var steps: [Step] = []
    private var places: [Label: Int] = [:]
    private var labels: [Int: [String]] = [:]
    private var comments: [Int: String] = [:]
    private var firstFault: AssemblyError?

    /// Begins an empty program.
    public init() {}

    /// Names the place of the next step.
    public mutating func bind(_ label: Label) {
        guard places.updateValue(steps.count, forKey: label) == nil else {
            firstFault = firstFault ?? .labelBoundTwice(label)
            return
        }
        labels[steps.count, default: []].append(label.name)
    }

    /// Remarks on the next step in listings.
    public mutating func comment(_ text: String) {
        comments[steps.count] = text
    }

    /// Adds an instruction that goes on to the next one, or returns.
    public mutating func append(_ instruction: Instruction) {
        if let opcode = instruction.opcode, opcode == .jump || opcode.isBranch {
            firstFault = firstFault ?? .numericJump(at: steps.count)
        }
        steps.append(.plain(instruction))
    }

    /// Adds a jump.
    public mutating func jump(to label: Label) {
        steps.append(.jump(label))
    }

    /// Adds a branch; a target that is not given is the next step.
    public mutating func branch(
        if condition: Condition, then: Label? = nil, else otherwise: Label? = nil
    ) {
        steps.append(.branch(condition, then: then, else: otherwise))
    }

    /// The program, complete and found to be a filter.
    public func assemble() throws(AssemblyError) -> Program {
        if let firstFault { throw firstFault }
        guard !steps.isEmpty else { throw .empty }
        var resolved: [Layout.Step] = []
        for index in steps.indices { resolved.append(try resolve(index)) }
        let layout = Layout(resolved)
        guard layout.count <= Program.limit else { throw .tooLong(layout.count) }
        func placed<Value>(_ remarks: [Int: Value]) -> [Int: Value] {
            Dictionary(
                uniqueKeysWithValues: remarks.compactMap { step, value in
                    step < steps.count ? (layout.starts[step], value) : nil
                })
        }
        do {
            return try Program(
                layout.instructions, labels: placed(labels), comments: placed(comments))
        } catch {
            throw .invalid(error)
        }
    }

    /// A step with its labels as step numbers.
    private func resolve(_ index: Int) throws(AssemblyError) -> Layout.Step {
        switch steps[index] {
        case .plain(let instruction):
            if index == steps.count - 1, instruction.opcode?.isReturn == false {
                throw .fallsOffTheEnd(at: index)
            }
            return .plain(instruction)
        case .jump(let label):
            return .jump(try place(of: label, from: index))
        case .branch(let condition, let then, let otherwise):
            return .branch(
                condition.instruction, then: try place(of: then, from: index),
                else: try place(of: otherwise, from: index))
        }
    }

    private func place(of label: Label?, from index: Int) throws(AssemblyError) -> Int {
        var place = index + 1
        if let label {
            guard let bound = places[label] else { throw .unknownLabel(label, at: index) }
            guard bound > index else { throw .backwardJump(label, at: index) }
            place = bound
        }
        guard place < steps.count else { throw .fallsOffTheEnd(at: index) }
        return place
    }
}
