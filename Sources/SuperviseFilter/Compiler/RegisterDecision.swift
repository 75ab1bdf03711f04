/// What a filter answers to a call: a tree of questions about its registers.
///
/// The compiler's middle form: ``PartialEvaluation`` makes one for each call, ``Dispatch`` joins
/// them, ``DecisionEmitter`` turns the whole into instructions. Equal parts are emitted once.
indirect enum RegisterDecision: Hashable, Sendable {
    /// The answer is this.
    case answer(SeccompAction)
    /// A question decides between two decisions.
    case ask(Question, then: RegisterDecision, else: RegisterDecision)
    /// A decision with a name for listings.
    case named(String, RegisterDecision)

    static let allow = RegisterDecision.answer(.allow)
    static let trace = RegisterDecision.answer(.trace(FilterCompiler.traceData))

    /// A question, left out where it would change nothing.
    static func when(
        _ question: Question, then: RegisterDecision, else otherwise: RegisterDecision
    ) -> RegisterDecision {
        then == otherwise ? then : .ask(question, then: then, else: otherwise)
    }

    /// The decision with a name.
    func named(_ name: String) -> RegisterDecision {
        .named(name, self)
    }

    /// Hashes the first question and not what follows from its answers.
    ///
    /// Whoever collects the parts of a tree hashes it at each of its nodes: with all that is below
    /// them, that took longer than the rest of a start. Few parts share their first question.
    func hash(into hasher: inout Hasher) {
        switch self {
        case .answer(let action):
            hasher.combine(action)
        case .ask(let question, _, _):
            hasher.combine(question)
        case .named(let name, _):
            hasher.combine(name)
        }
    }
}

/// A yes or no that a filter can get from a call's registers.
enum Question: Hashable, Sendable {
    /// Whether a word meets a condition; the note explains the constant in listings.
    case word(Word, Assembler.Condition, note: String? = nil)
    /// Whether a range goes on beyond an address that it begins at or before.
    ///
    /// Both are taken as 32-bit numbers, without their upper halves; asked so, as
    /// `length > address - start`, nothing can overflow.
    case reaches(beyond: UInt32, start: SeccompData.Argument, length: SeccompData.Argument)

    /// Part of a word of the call's description.
    struct Word: Hashable, Sendable {
        /// The word.
        var field: SeccompData.Field
        /// The bits of it that count.
        var mask: UInt32 = .max

        static let number = Word(field: .number)
        static let architecture = Word(field: .architecture)

        /// An `int` argument: the kernel takes the lower half and ignores the upper one.
        static func low(_ argument: SeccompData.Argument, mask: UInt32 = .max) -> Word {
            Word(field: .low(argument), mask: mask)
        }

        /// The upper half of an argument that the kernel takes whole.
        static func high(_ argument: SeccompData.Argument) -> Word {
            Word(field: .high(argument))
        }
    }
}
