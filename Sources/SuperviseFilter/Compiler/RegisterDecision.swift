/// What a filter answers to a call: the number of a node in a ``DecisionGraph``.
///
/// The compiler's middle form: ``PartialEvaluation`` makes one for each call, ``Dispatch`` joins
/// them, ``DecisionEmitter`` turns the whole into instructions. Within one graph equal numbers are
/// equal decisions, down to the last answer, so comparing two costs nothing.
struct RegisterDecision: Equatable, Sendable {
    /// The place among the graph's nodes.
    let number: Int

    /// The call goes on; node 0 of every graph.
    static let allow = RegisterDecision(number: 0)
    /// The tracer decides; node 1.
    static let trace = RegisterDecision(number: 1)
    /// What a door that stays shut answers; node 2.
    static let refuse = RegisterDecision(number: 2)
}

/// A yes or no that a filter can get from a call's registers.
enum Question: Equatable, Sendable {
    /// Whether a word meets a condition; the note explains the constant in listings.
    case word(Word, Assembler.Condition, note: Note = Note())
    /// Whether a range goes on beyond an address that it begins at or before.
    ///
    /// Both are taken as 32-bit numbers, without their upper halves; asked so, as
    /// `length > address - start`, nothing can overflow.
    case reaches(beyond: UInt32, start: SeccompData.Argument, length: SeccompData.Argument)

    /// Part of a word of the call's description.
    struct Word: Equatable, Sendable {
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
