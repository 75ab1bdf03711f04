import SupervisePolicy

/// Turns a decision into a program.
///
/// Equal parts of the tree are one block of the program. Every block stands after all that lead to
/// it, since classic BPF only jumps forward, and a question's `else` follows it where possible.
struct DecisionEmitter {
    /// The tree's different parts, names taken off, in the order of the program.
    private var blocks: [RegisterDecision] = []
    private var names: [RegisterDecision: String] = [:]
    /// The name that each question without one of its own is part of.
    private var scopes: [RegisterDecision: String] = [:]
    private var visited: Set<RegisterDecision> = []

    /// What the accumulator holds on every way to a block, as far as it is the same.
    private var accumulators: [RegisterDecision: Question.Word?] = [:]
    private var assembler = Assembler()

    /// The program of a decision.
    static func program(for decision: RegisterDecision) throws(AssemblyError) -> Program {
        var emitter = DecisionEmitter()
        emitter.collect(.named("start", decision), in: "start")
        emitter.blocks.reverse()
        emitter.nameTargets()
        emitter.emitBlocks()
        return try emitter.assembler.assemble()
    }

    /// Collects the blocks, those led to before those that lead there.
    private mutating func collect(_ decision: RegisterDecision, in scope: String) {
        switch decision {
        case .named(let name, let inner):
            if case .ask = inner { names[inner] = names[inner] ?? name }
            collect(inner, in: name)
        case .answer(let action):
            guard visited.insert(decision).inserted else { return }
            names[decision] = Self.name(of: action)
            blocks.append(decision)
        case .ask(_, let then, let otherwise):
            guard visited.insert(decision).inserted else { return }
            scopes[decision] = scope
            collect(then, in: scope)
            collect(otherwise, in: scope)
            blocks.append(decision)
        }
    }

    /// Numbers the blocks that are jumped to within the name around them.
    private mutating func nameTargets() {
        var targets: Set<RegisterDecision> = []
        for (index, block) in blocks.enumerated() {
            guard case .ask(_, let then, let otherwise) = block else { continue }
            for target in [then.unnamed, otherwise.unnamed] where !isNext(target, after: index) {
                targets.insert(target)
            }
        }
        var counts: [String: Int] = [:]
        for block in blocks where names[block] == nil && targets.contains(block) {
            let scope = scopes[block] ?? "start"
            counts[scope, default: 0] += 1
            names[block] = "\(scope).\(counts[scope, default: 0])"
        }
    }

    private mutating func emitBlocks() {
        for (index, block) in blocks.enumerated() {
            if let name = names[block] { assembler.bind(Assembler.Label(name)) }
            switch block {
            case .named: break
            case .answer(let action):
                assembler.append(.return(action))
            case .ask(let question, let then, let otherwise):
                let (condition, word) = emit(question, knowing: accumulators[block] ?? nil)
                assembler.branch(
                    if: condition, then: target(then.unnamed, after: index),
                    else: target(otherwise.unnamed, after: index))
                for target in [then.unnamed, otherwise.unnamed] {
                    let known = accumulators[target] ?? word
                    accumulators[target] = .some(known == word ? word : nil)
                }
            }
        }
    }

    private func isNext(_ block: RegisterDecision, after index: Int) -> Bool {
        index + 1 < blocks.count && blocks[index + 1] == block
    }

    /// Where a branch has to go to get to a block, nil where the block comes next anyway.
    private func target(_ block: RegisterDecision, after index: Int) -> Assembler.Label? {
        isNext(block, after: index) ? nil : names[block].map { Assembler.Label($0) }
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

extension RegisterDecision {
    /// The decision without the name around it.
    fileprivate var unnamed: RegisterDecision {
        if case .named(_, let inner) = self { inner.unnamed } else { self }
    }
}
