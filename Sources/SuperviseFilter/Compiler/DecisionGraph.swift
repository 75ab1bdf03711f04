import SupervisePolicy

/// The decisions of one filter, each different one once.
///
/// A decision is put in after those that it leads to, and found again if it is there already: so
/// equality is that of numbers, and what several calls share is made and emitted once.
struct DecisionGraph: Sendable {
    /// A decision that leads to others by their numbers.
    enum Node: Equatable, Sendable {
        /// The answer is this.
        case answer(SeccompAction)
        /// A question decides between two decisions.
        case ask(Question, then: RegisterDecision, else: RegisterDecision)
    }

    private(set) var nodes: [Node] = []
    /// The nodes' names, empty where they have none.
    private var names: [String] = []
    private var buckets = Buckets(count: 256)

    /// Makes a graph of the answers that most decisions lead to.
    init() {
        nodes.reserveCapacity(192)
        names.reserveCapacity(192)
        _ = answer(.allow)
        _ = answer(.trace(FilterCompiler.traceData))
        _ = failure(.notPermitted)
    }

    /// A decision's node.
    subscript(decision: RegisterDecision) -> Node { nodes[decision.number] }

    /// A decision's name for listings.
    func name(of decision: RegisterDecision) -> String? {
        names[decision.number].isEmpty ? nil : names[decision.number]
    }

    /// An answer whatever the registers say.
    mutating func answer(_ action: SeccompAction) -> RegisterDecision {
        insert(.answer(action), hash: action.rawValue)
    }

    /// The call fails with an error.
    ///
    /// A number that is no error would be a result to the caller, 0 even success.
    mutating func failure(_ error: ErrorNumber) -> RegisterDecision {
        answer(.errno(UInt16(clamping: min(max(error.rawValue, 1), 4095))))
    }

    /// A question, left out where it would change nothing.
    mutating func when(
        _ question: Question, then: RegisterDecision, else otherwise: RegisterDecision
    ) -> RegisterDecision {
        if then == otherwise { return then }
        let ways = UInt32(truncatingIfNeeded: then.number &* 31 &+ otherwise.number)
        return insert(
            .ask(question, then: then, else: otherwise), hash: ways &* 31 &+ question.constant)
    }

    /// Names a decision for listings, where nobody has yet; returns it.
    mutating func named(_ name: String, _ decision: RegisterDecision) -> RegisterDecision {
        if names[decision.number].isEmpty { names[decision.number] = name }
        return decision
    }

    private mutating func insert(_ node: Node, hash: UInt32) -> RegisterDecision {
        if let number = buckets.first(hash: hash, where: { nodes[$0] == node }) {
            return RegisterDecision(number: number)
        }
        buckets.append(hash: hash)
        nodes.append(node)
        names.append("")
        return RegisterDecision(number: nodes.count - 1)
    }
}

extension Question {
    /// The constant that an instruction compares with: tells most questions apart.
    fileprivate var constant: UInt32 {
        switch self {
        case .word(let word, let condition, _): condition.instruction.k ^ word.field.offset
        case .reaches(let address, _, _): address
        }
    }
}
