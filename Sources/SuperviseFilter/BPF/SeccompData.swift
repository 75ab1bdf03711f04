/// A system call as a seccomp filter sees it.
///
/// The corresponding C type is `struct seccomp_data` of `<linux/seccomp.h>`: 64 bytes, which a
/// filter reads as aligned words of 32 bits, the low half of a wider value first.
public struct SeccompData: Hashable, Sendable {
    /// The structure's size in bytes.
    public static let size: UInt32 = 64

    /// The call's number; the kernel's `int nr`, taken without its sign.
    public var number: UInt32
    /// The convention that the number belongs to, `AUDIT_ARCH_...` in `<linux/audit.h>`.
    public var architecture: UInt32
    /// Where the call was made.
    public var instructionPointer: UInt64
    /// The six argument registers, whole, as the process left them.
    ///
    /// This holds for `int $0x80` in 64-bit code too: the filter sees upper halves there that the
    /// kernel then ignores.
    public let arguments: [UInt64]

    /// Makes the description of a call; arguments that are not given are 0, those after the sixth
    /// are left out.
    public init(
        number: UInt32, architecture: UInt32, instructionPointer: UInt64 = 0,
        arguments: [UInt64] = []
    ) {
        self.number = number
        self.architecture = architecture
        self.instructionPointer = instructionPointer
        self.arguments = Argument.allCases.map { argument in
            let index = Int(argument.rawValue)
            return index < arguments.count ? arguments[index] : 0
        }
    }

    /// The word at a byte offset, nil where the kernel would not let a filter load it.
    public func word(at offset: UInt32) -> UInt32? {
        Field(offset: offset).map { self[$0] }
    }

    /// The word of that name.
    public subscript(field: Field) -> UInt32 {
        switch field {
        case .number: number
        case .architecture: architecture
        case .instructionPointerLow: UInt32(truncatingIfNeeded: instructionPointer)
        case .instructionPointerHigh: UInt32(truncatingIfNeeded: instructionPointer >> 32)
        case .low(let argument): UInt32(truncatingIfNeeded: arguments[Int(argument.rawValue)])
        case .high(let argument):
            UInt32(truncatingIfNeeded: arguments[Int(argument.rawValue)] >> 32)
        }
    }

    /// One of a call's six arguments.
    public enum Argument: UInt32, CaseIterable, Hashable, Sendable {
        /// `args[0]`.
        case first
        /// `args[1]`.
        case second
        /// `args[2]`.
        case third
        /// `args[3]`.
        case fourth
        /// `args[4]`.
        case fifth
        /// `args[5]`.
        case sixth
    }

    /// A word that a filter can load.
    public enum Field: Hashable, Sendable, CustomStringConvertible {
        /// The call's number.
        case number
        /// The convention that the number belongs to.
        case architecture
        /// The lower half of the instruction pointer.
        case instructionPointerLow
        /// The upper half of the instruction pointer.
        case instructionPointerHigh
        /// The lower half of an argument.
        case low(Argument)
        /// The upper half of an argument.
        case high(Argument)

        /// The word's place in the structure, in bytes.
        public var offset: UInt32 {
            switch self {
            case .number: 0
            case .architecture: 4
            case .instructionPointerLow: 8
            case .instructionPointerHigh: 12
            case .low(let argument): 16 + 8 * argument.rawValue
            case .high(let argument): 20 + 8 * argument.rawValue
            }
        }

        /// The word at a byte offset, nil where the offset is not aligned or beyond the structure.
        public init?(offset: UInt32) {
            switch offset {
            case 0: self = .number
            case 4: self = .architecture
            case 8: self = .instructionPointerLow
            case 12: self = .instructionPointerHigh
            default:
                guard offset % 4 == 0, offset >= 16,
                    let argument = Argument(rawValue: (offset - 16) / 8)
                else { return nil }
                self = offset % 8 == 0 ? .low(argument) : .high(argument)
            }
        }

        /// The word's name in listings: `nr`, `args[2].low`.
        public var description: String {
            switch self {
            case .number: "nr"
            case .architecture: "arch"
            case .instructionPointerLow: "ip.low"
            case .instructionPointerHigh: "ip.high"
            case .low(let argument): "args[\(argument.rawValue)].low"
            case .high(let argument): "args[\(argument.rawValue)].high"
            }
        }
    }
}
