import SupervisePolicy

/// Turns a decision into a program.
///
/// A decision that several lead to is one block of the program. Every block stands after all that
/// lead to it, since classic BPF only jumps forward, and a question's `else` follows it where
/// possible.
struct DecisionEmitter {
    /// What the accumulator holds on the ways to a block.
    private enum Accumulator: Equatable {
        /// No way has been seen yet.
        case unseen
        /// The same on all of them.
        case holds(Question.Word)
        /// Different words.
        case varies
    }

    /// A decision that the program needs.
    private struct Block {
        let decision: RegisterDecision
        /// The name that it is part of.
        let scope: RegisterDecision
        var isTarget = false
        var label: Assembler.Label?
        var accumulator = Accumulator.unseen
    }

    private let graph: DecisionGraph
    /// What a block leads to has a lower number than the block.
    private var blocks: [Block] = []
    /// The block of each node, -1 where it has none.
    private var numbers: [Int]
    private var assembler = Assembler()

    private init(_ graph: DecisionGraph) {
        self.graph = graph
        numbers = Array(repeating: -1, count: graph.nodes.count)
    }

    /// The program of a decision.
    static func program(
        for decision: RegisterDecision, in graph: DecisionGraph
    ) throws(AssemblyError) -> Program {
        var emitter = DecisionEmitter(graph)
        emitter.collect(decision, in: decision)
        emitter.labelTargets()
        emitter.emitBlocks()
        return try emitter.assembler.assemble()
    }

    /// Collects a decision's blocks.
    private mutating func collect(_ decision: RegisterDecision, in scope: RegisterDecision) {
        guard numbers[decision.number] < 0 else { return }
        let scope = graph.name(of: decision) == nil ? scope : decision
        if case .ask(_, let then, let otherwise) = graph[decision] {
            collect(then, in: scope)
            collect(otherwise, in: scope)
        }
        numbers[decision.number] = blocks.count
        blocks.append(Block(decision: decision, scope: scope))
    }

    /// Labels the blocks with a name, and counts those that are jumped to within the name around
    /// them.
    private mutating func labelTargets() {
        for number in blocks.indices {
            guard case .ask(_, let then, let otherwise) = graph[blocks[number].decision] else {
                continue
            }
            // The block with the number before comes next in the program.
            let targets = (numbers[then.number], numbers[otherwise.number])
            if targets.0 != number - 1 { blocks[targets.0].isTarget = true }
            if targets.1 != number - 1 { blocks[targets.1].isTarget = true }
        }
        var counts = Array(repeating: 0, count: graph.nodes.count)
        for number in blocks.indices.reversed() {
            let (decision, scope) = (blocks[number].decision, blocks[number].scope)
            if case .answer(let action) = graph[decision] {
                blocks[number].label = Assembler.Label(Self.name(of: action))
            } else if let name = graph.name(of: decision) {
                blocks[number].label = Assembler.Label(name)
            } else if blocks[number].isTarget {
                counts[scope.number] += 1
                blocks[number].label = Assembler.Label(
                    graph.name(of: scope) ?? "unnamed", part: counts[scope.number])
            }
        }
    }

    private mutating func emitBlocks() {
        for number in blocks.indices.reversed() {
            if let label = blocks[number].label { assembler.bind(label) }
            switch graph[blocks[number].decision] {
            case .answer(let action):
                assembler.append(.return(action))
            case .ask(let question, let then, let otherwise):
                let (condition, word) = emit(question, knowing: blocks[number].accumulator)
                let (then, otherwise) = (numbers[then.number], numbers[otherwise.number])
                assembler.branch(
                    if: condition, then: label(of: then, after: number),
                    else: label(of: otherwise, after: number))
                arrive(at: then, with: word)
                arrive(at: otherwise, with: word)
            }
        }
    }

    private mutating func arrive(at number: Int, with word: Question.Word) {
        let known = blocks[number].accumulator
        blocks[number].accumulator =
            known == .unseen || known == .holds(word) ? .holds(word) : .varies
    }

    /// Where a branch has to go to get to a block, nil where the block comes next anyway.
    private func label(of target: Int, after number: Int) -> Assembler.Label? {
        target == number - 1 ? nil : blocks[target].label
    }

    /// Loads what a question is about, and says how it is then asked and what has been loaded.
    private mutating func emit(
        _ question: Question, knowing accumulator: Accumulator
    ) -> (Assembler.Condition, Question.Word) {
        switch question {
        case .word(let word, let condition, let note):
            load(word, knowing: accumulator)
            if let text = note.text { assembler.comment(text) }
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

    private mutating func load(_ word: Question.Word, knowing accumulator: Accumulator) {
        guard accumulator != .holds(word) else { return }
        if accumulator != .holds(Question.Word(field: word.field)) {
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
