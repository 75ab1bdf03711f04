/// Why a program could not be assembled, with the step that is at fault.
///
/// Steps count from 0 as they were added; hops that the assembler puts in do not count.
public enum AssemblyError: Error, Hashable, CustomStringConvertible {
    /// Nothing was added.
    case empty
    /// A jump names a label that is nowhere bound.
    case unknownLabel(Assembler.Label, at: Int)
    /// Two places have one name.
    case labelBoundTwice(Assembler.Label)
    /// A jump goes to itself or to what stands before it, which classic BPF cannot.
    case backwardJump(Assembler.Label, at: Int)
    /// The program can go on beyond its last step.
    case fallsOffTheEnd(at: Int)
    /// A jump was added with a number for its target, which hops would make wrong.
    case numericJump(at: Int)
    /// There are more instructions than the kernel takes, ``Program/limit``.
    case tooLong(Int)
    /// The kernel would refuse an instruction.
    case invalid(ProgramError)

    /// The fault in one line.
    public var description: String {
        switch self {
        case .empty: "the program is empty"
        case .unknownLabel(let label, let at): "step \(at): unknown label \(label)"
        case .labelBoundTwice(let label): "label \(label) is bound twice"
        case .backwardJump(let label, let at): "step \(at): backward jump to \(label)"
        case .fallsOffTheEnd(let at): "step \(at): goes on beyond the end"
        case .numericJump(let at): "step \(at): a jump must name a label"
        case .tooLong(let count): "\(count) instructions, the kernel takes \(Program.limit)"
        case .invalid(let error): error.description
        }
    }
}
