/// A seccomp filter that the kernel accepts.
///
/// A value of this type has passed the checks of `bpf_check_classic` (`net/core/filter.c`) and
/// `seccomp_check_filter` (`kernel/seccomp.c`), so running it always ends, at a return.
public struct Program: Hashable, Sendable {
    /// `BPF_MAXINSNS`: the most instructions that a filter may have.
    public static let limit = 4096
    /// `BPF_MEMWORDS`: the words of a filter's scratch memory.
    public static let memoryWords: UInt32 = 16

    /// The instructions, first to last.
    public let instructions: [Instruction]
    /// The labels, and the indices of the instructions that they stand before.
    private let places: [Assembler.Label]
    private let placeIndices: [Int]
    /// A remark on each instruction up to the last that has one; empty where there is none.
    private let remarks: [String]

    /// The names of places, for listings, by the index of the instruction they stand before.
    public var labels: [Int: [String]] {
        var result: [Int: [String]] = [:]
        for (index, place) in zip(placeIndices, places) {
            result[index, default: []].append(place.name)
        }
        return result
    }

    /// Remarks for listings by the index of their instruction.
    public var comments: [Int: String] {
        var result: [Int: String] = [:]
        for (index, remark) in remarks.enumerated() where !remark.isEmpty { result[index] = remark }
        return result
    }

    /// Checks instructions as the kernel does when a filter is installed.
    ///
    /// Throws the first fault found, with the index of its instruction. Names and remarks change
    /// nothing.
    public init(
        _ instructions: [Instruction], labels: [Int: [String]] = [:], comments: [Int: String] = [:]
    ) throws(ProgramError) {
        var (places, indices, remarks): ([Assembler.Label], [Int], [String]) = ([], [], [])
        for (index, names) in labels.sorted(by: { $0.key < $1.key }) {
            places += names.map { Assembler.Label($0) }
            indices += names.map { _ in index }
        }
        for (index, comment) in comments.sorted(by: { $0.key < $1.key }) where index >= 0 {
            remarks += Array(repeating: "", count: index - remarks.count) + [comment]
        }
        try self.init(instructions, places: places, at: indices, remarks: remarks)
    }

    /// Checks instructions; the places are in rising order.
    init(
        _ instructions: [Instruction], places: [Assembler.Label], at placeIndices: [Int],
        remarks: [String]
    ) throws(ProgramError) {
        guard !instructions.isEmpty else { throw .empty }
        guard instructions.count <= Self.limit else { throw .tooLong(instructions.count) }
        for (index, instruction) in instructions.enumerated() {
            try Self.check(instruction, at: index, count: instructions.count)
        }
        let last = instructions.count - 1
        guard instructions[last].opcode?.isReturn == true else { throw .noReturn(at: last) }
        try Self.checkMemory(instructions)
        self.instructions = instructions
        self.places = places
        self.placeIndices = placeIndices
        self.remarks = remarks
    }

    private static func check(
        _ instruction: Instruction, at index: Int, count: Int
    ) throws(ProgramError) {
        guard let opcode = instruction.opcode else {
            throw .unknownOpcode(instruction.code, at: index)
        }
        let k = instruction.k
        switch opcode {
        case .load:
            guard SeccompData.Field(offset: k) != nil else { throw .badOffset(k, at: index) }
        case .loadMemory, .indexMemory, .store, .storeIndex:
            guard k < memoryWords else { throw .badMemoryWord(k, at: index) }
        case .divide:
            guard k != 0 else { throw .divisionByZero(at: index) }
        case .shiftLeft, .shiftRight:
            guard k < 32 else { throw .badShift(k, at: index) }
        case .jump:
            guard UInt64(index) + UInt64(k) + 1 < UInt64(count) else {
                throw .jumpOutOfRange(at: index)
            }
        case _ where opcode.isBranch:
            let farthest = index + Int(max(instruction.jt, instruction.jf)) + 1
            guard farthest < count else { throw .jumpOutOfRange(at: index) }
        default:
            break
        }
    }

    /// Refuses a read of scratch memory that some path reaches without having written it.
    ///
    /// The kernel's `check_load_and_stores`: jumps go forward only, so one pass in order sees every
    /// way to an instruction before the instruction itself.
    private static func checkMemory(_ instructions: [Instruction]) throws(ProgramError) {
        guard instructions.contains(where: { $0.opcode?.readsMemory == true }) else { return }
        var writtenOnEveryWay = [UInt16](repeating: .max, count: instructions.count)
        // What the instruction before leaves, where it goes on to this one.
        var written: UInt16 = 0
        for (index, instruction) in instructions.enumerated() {
            written &= writtenOnEveryWay[index]
            switch instruction.opcode {
            case .store?, .storeIndex?:
                written |= 1 << UInt16(instruction.k)
            case .loadMemory?, .indexMemory?:
                guard written & 1 << UInt16(instruction.k) != 0 else {
                    throw .unwrittenMemory(instruction.k, at: index)
                }
            case .jump?:
                writtenOnEveryWay[index + 1 + Int(instruction.k)] &= written
                written = .max
            case let opcode? where opcode.isBranch:
                writtenOnEveryWay[index + 1 + Int(instruction.jt)] &= written
                writtenOnEveryWay[index + 1 + Int(instruction.jf)] &= written
                written = .max
            default:
                break
            }
        }
    }
}

/// Why the kernel would refuse a filter, with the index of the instruction.
///
/// The kernel's answer to each is EINVAL.
public enum ProgramError: Error, Hashable, CustomStringConvertible {
    /// There are no instructions.
    case empty
    /// There are more than ``Program/limit``, this many.
    case tooLong(Int)
    /// The operation is none that a seccomp filter may use.
    case unknownOpcode(UInt16, at: Int)
    /// The load is not aligned or beyond `struct seccomp_data`.
    case badOffset(UInt32, at: Int)
    /// The scratch memory has no such word.
    case badMemoryWord(UInt32, at: Int)
    /// The scratch memory's word may be read before it is written.
    case unwrittenMemory(UInt32, at: Int)
    /// The constant divisor is 0.
    case divisionByZero(at: Int)
    /// The constant shift is 32 or more.
    case badShift(UInt32, at: Int)
    /// A target is beyond the last instruction.
    case jumpOutOfRange(at: Int)
    /// The last instruction is no return.
    case noReturn(at: Int)

    /// The fault in one line.
    public var description: String {
        switch self {
        case .empty: "the program is empty"
        case .tooLong(let count): "\(count) instructions, the kernel takes \(Program.limit)"
        case .unknownOpcode(let code, let at):
            "instruction \(at): no operation of a seccomp filter: \(code)"
        case .badOffset(let offset, let at): "instruction \(at): no word at offset \(offset)"
        case .badMemoryWord(let word, let at): "instruction \(at): no memory word \(word)"
        case .unwrittenMemory(let word, let at):
            "instruction \(at): memory word \(word) may not be written yet"
        case .divisionByZero(let at): "instruction \(at): division by zero"
        case .badShift(let bits, let at): "instruction \(at): shift by \(bits) bits"
        case .jumpOutOfRange(let at): "instruction \(at): jump beyond the end"
        case .noReturn(let at): "instruction \(at): the last instruction is no return"
        }
    }
}
