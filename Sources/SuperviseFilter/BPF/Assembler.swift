/// Builds a filter from instructions whose jumps name labels.
///
/// A branch of classic BPF reaches 255 instructions forward; where a target is farther, the
/// assembler puts in jumps of its own. Mistakes are kept and thrown by ``assemble()``, so that
/// building reads straight down.
public struct Assembler: Sendable {
    /// A place in the program by its name.
    public struct Label: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// What the place is part of; all of the name where it is part 0.
        private let scope: String
        private let part: Int

        /// The name.
        public var name: String { part == 0 ? scope : "\(scope).\(part)" }

        /// Makes a label; equal names are the same label.
        public init(_ name: String) {
            self.init(name, part: 0)
        }

        /// Makes the label of a place within a named one, which nothing else is named like.
        ///
        /// The name is put together only for those who read it.
        init(_ scope: String, part: Int) {
            self.scope = scope
            self.part = part
        }

        /// Tells most labels apart, at less cost than hashing the name.
        fileprivate var bucketHash: UInt32 {
            UInt32(truncatingIfNeeded: scope.utf8.count &* 31 &+ part)
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

    /// The steps as they were asked for, their targets by the place of the label among all.
    private var steps: [Layout.Step] = []
    /// The label of a target that is the next step.
    private static let next = -1

    private var labels: [Label] = []
    private var buckets = Buckets(count: 128)
    /// The step that each label was bound to, -1 before it is.
    private var places: [Int] = []
    /// The labels that were bound, in that order, so in the order of their steps.
    private var bound: [Int] = []
    /// A remark on each step up to the last that has one; empty where there is none.
    private var comments: [String] = []
    private var firstFault: AssemblyError?

    /// Begins an empty program.
    public init() {}

    /// Names the place of the next step.
    public mutating func bind(_ label: Label) {
        let number = number(of: label)
        guard places[number] < 0 else {
            firstFault = firstFault ?? .labelBoundTwice(label)
            return
        }
        places[number] = steps.count
        bound.append(number)
    }

    /// The place of a label among all, where it is put if it is new.
    private mutating func number(of label: Label) -> Int {
        let hash = label.bucketHash
        if let number = buckets.first(hash: hash, where: { labels[$0] == label }) { return number }
        buckets.append(hash: hash)
        labels.append(label)
        places.append(-1)
        return labels.count - 1
    }

    /// Remarks on the next step in listings.
    public mutating func comment(_ text: String) {
        while comments.count <= steps.count { comments.append("") }
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
        steps.append(.jump(number(of: label)))
    }

    /// Adds a branch; a target that is not given is the next step.
    public mutating func branch(
        if condition: Condition, then: Label? = nil, else otherwise: Label? = nil
    ) {
        let then = then.map { number(of: $0) } ?? Self.next
        let otherwise = otherwise.map { number(of: $0) } ?? Self.next
        steps.append(.branch(condition.instruction, then: then, else: otherwise))
    }

    /// The program, complete and found to be a filter.
    public func assemble() throws(AssemblyError) -> Program {
        if let firstFault { throw firstFault }
        guard !steps.isEmpty else { throw .empty }
        var resolved: [Layout.Step] = []
        resolved.reserveCapacity(steps.count)
        for index in steps.indices { resolved.append(try resolve(index)) }
        let layout = Layout(resolved)
        guard layout.count <= Program.limit else { throw .tooLong(layout.count) }
        var (labels, indices): ([Label], [Int]) = ([], [])
        for number in bound where places[number] < steps.count {
            labels.append(self.labels[number])
            indices.append(layout.starts[places[number]])
        }
        var remarks: [String] = []
        for (step, comment) in comments.enumerated() where step < steps.count && !comment.isEmpty {
            while remarks.count < layout.starts[step] { remarks.append("") }
            remarks.append(comment)
        }
        do {
            return try Program(
                layout.instructions, places: labels, at: indices, remarks: remarks)
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
        case .branch(let instruction, let then, let otherwise):
            return .branch(
                instruction, then: try place(of: then, from: index),
                else: try place(of: otherwise, from: index))
        }
    }

    private func place(of label: Int, from index: Int) throws(AssemblyError) -> Int {
        var place = index + 1
        if label != Self.next {
            place = places[label]
            guard place >= 0 else { throw .unknownLabel(labels[label], at: index) }
            guard place > index else { throw .backwardJump(labels[label], at: index) }
        }
        guard place < steps.count else { throw .fallsOffTheEnd(at: index) }
        return place
    }
}
