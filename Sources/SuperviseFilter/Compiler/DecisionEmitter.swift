import SupervisePolicy

/// Turns a decision into a program.
///
/// Equal parts of the tree are one block of the program. Every block stands after all that lead to
/// it, since classic BPF only jumps forward, and a question's `else` follows it where possible.
struct DecisionEmitter {
    /// A part of the tree, its own parts given by their numbers; names are no part of it.
    private enum Block: Hashable {
        case answer(SeccompAction)
        case ask(Question, then: Int, else: Int)
    }

    /// The different parts; what a block leads to has a lower number than the block.
    private var blocks: [Block] = []
    private var numbers: [Block: Int] = [:]
    private var names: [Int: String] = [:]
    /// The name that each block is part of.
    private var scopes: [String] = []

    /// What the accumulator holds on every way to a block, as far as it is the same.
    private var accumulators: [Int: Question.Word?] = [:]
    private var assembler = Assembler()

    /// The program of a decision.
    static func program(for decision: RegisterDecision) throws(AssemblyError) -> Program {
        var emitter = DecisionEmitter()
        _ = emitter.collect(.named("start", decision), in: "start")
        emitter.nameTargets()
        emitter.emitBlocks()
        return try emitter.assembler.assemble()
    }

    /// Collects the decision's blocks, and says which number it has itself.
    private mutating func collect(_ decision: RegisterDecision, in scope: String) -> Int {
        switch decision {
        case .named(let name, let inner):
            let number = collect(inner, in: name)
            names[number] = names[number] ?? name
            return number
        case .answer(let action):
            let number = number(of: .answer(action), in: scope)
            names[number] = Self.name(of: action)
            return number
        case .ask(let question, let then, let otherwise):
            let thenNumber = collect(then, in: scope)
            let elseNumber = collect(otherwise, in: scope)
            return number(of: .ask(question, then: thenNumber, else: elseNumber), in: scope)
        }
    }

    private mutating func number(of block: Block, in scope: String) -> Int {
        if let number = numbers[block] { return number }
        numbers[block] = blocks.count
        blocks.append(block)
        scopes.append(scope)
        return blocks.count - 1
    }

    /// Counts the blocks that are jumped to within the name around them.
    private mutating func nameTargets() {
        var targets: Set<Int> = []
        for (number, block) in blocks.enumerated() {
            guard case .ask(_, let then, let otherwise) = block else { continue }
            // The block with the number before comes next in the program.
            targets.formUnion([then, otherwise].filter { $0 != number - 1 })
        }
        var counts: [String: Int] = [:]
        for number in blocks.indices.reversed() where targets.contains(number) {
            guard names[number] == nil else { continue }
            counts[scopes[number], default: 0] += 1
            names[number] = "\(scopes[number]).\(counts[scopes[number], default: 0])"
        }
    }

    private mutating func emitBlocks() {
        for (number, block) in blocks.enumerated().reversed() {
            if let name = names[number] { assembler.bind(Assembler.Label(name)) }
            switch block {
            case .answer(let action):
                assembler.append(.return(action))
            case .ask(let question, let then, let otherwise):
                let (condition, word) = emit(question, knowing: accumulators[number] ?? nil)
                assembler.branch(
                    if: condition, then: label(of: then, after: number),
                    else: label(of: otherwise, after: number))
                for target in [then, otherwise] {
                    let known = accumulators[target] ?? word
                    accumulators[target] = .some(known == word ? word : nil)
                }
            }
        }
    }

    /// Where a branch has to go to get to a block, nil where the block comes next anyway.
    private func label(of target: Int, after number: Int) -> Assembler.Label? {
        target == number - 1 ? nil : Assembler.Label(names[target] ?? "unnamed")
    }

    /// Loads what a question is about, and says how it is then asked and what has been loaded.
    private mutating func emit(
        _ question: Question, knowing accumulator: Question.Word?
    ) -> (Assembler.Condition, Question.Word) {
        switch question {
        case .word(let word, let condition, let note):
            load(word, knowing: accumulator)
            if let note { assembler.comment(note) }
            return (condition, word)
        case .reaches(let address, let start, let length):
            load(.low(start), knowing: accumulator)
            assembler.append(Instruction(.copyToIndex))
            assembler.append(Instruction(.loadConstant, address))
            assembler.append(Instruction(.subtractIndex))
            assembler.append(Instruction(.copyToIndex))
            assembler.append(.load(.low(length)))
            return (.aboveIndex, .low(length))
        }
    }

    private mutating func load(_ word: Question.Word, knowing accumulator: Question.Word?) {
        guard accumulator != word else { return }
        if accumulator != Question.Word(field: word.field) {
            assembler.append(.load(word.field))
        }
        if word.mask != .max { assembler.append(Instruction(.and, word.mask)) }
    }

    /// A return's name, as a target of jumps.
    private static func name(of action: SeccompAction) -> String {
        switch action {
        case .allow: "allow"
        case .trace: "trace"
        case .errno(let number): ErrorNumber(rawValue: Int32(number)).description
        default: "result-\(action.rawValue)"
        }
    }
}
