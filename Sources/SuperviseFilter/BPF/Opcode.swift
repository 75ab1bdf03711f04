/// What an instruction does: the classic BPF operations that a seccomp filter may use.
///
/// The list is closed and is the kernel's (`seccomp_check_filter` in `kernel/seccomp.c`): classic
/// BPF knows more (packet loads, `mod`), and a filter with one of those is refused with EINVAL.
/// The names follow `<linux/bpf_common.h>`: K is the instruction's constant, A the accumulator, X
/// the index register.
public enum Opcode: UInt16, CaseIterable, Hashable, Sendable {
    /// A is the word of `struct seccomp_data` at offset K.
    case load = 0x20
    /// A is the size of `struct seccomp_data`, 64.
    case loadLength = 0x80
    /// A is K.
    case loadConstant = 0x00
    /// A is word K of the scratch memory.
    case loadMemory = 0x60
    /// X is the size of `struct seccomp_data`, 64.
    case indexLength = 0x81
    /// X is K.
    case indexConstant = 0x01
    /// X is word K of the scratch memory.
    case indexMemory = 0x61
    /// Word K of the scratch memory is A.
    case store = 0x02
    /// Word K of the scratch memory is X.
    case storeIndex = 0x03
    /// X is A.
    case copyToIndex = 0x07
    /// A is X.
    case copyFromIndex = 0x87

    /// A is A + K, modulo 2^32 as all arithmetic here.
    case add = 0x04
    /// A is A + X.
    case addIndex = 0x0c
    /// A is A - K.
    case subtract = 0x14
    /// A is A - X.
    case subtractIndex = 0x1c
    /// A is A * K.
    case multiply = 0x24
    /// A is A * X.
    case multiplyIndex = 0x2c
    /// A is A / K; K is not 0.
    case divide = 0x34
    /// A is A / X; where X is 0 the filter returns 0, which kills the thread.
    case divideIndex = 0x3c
    /// A is A | K.
    case or = 0x44
    /// A is A | X.
    case orIndex = 0x4c
    /// A is A & K.
    case and = 0x54
    /// A is A & X.
    case andIndex = 0x5c
    /// A is A shifted left by K, which is below 32.
    case shiftLeft = 0x64
    /// A is A shifted left by the low five bits of X.
    case shiftLeftIndex = 0x6c
    /// A is A shifted right by K, which is below 32.
    case shiftRight = 0x74
    /// A is A shifted right by the low five bits of X.
    case shiftRightIndex = 0x7c
    /// A is -A.
    case negate = 0x84
    /// A is A ^ K.
    case exclusiveOr = 0xa4
    /// A is A ^ X.
    case exclusiveOrIndex = 0xac

    /// Goes on K instructions after the next one.
    case jump = 0x05
    /// Branches on A == K.
    case jumpIfEqual = 0x15
    /// Branches on A == X.
    case jumpIfEqualIndex = 0x1d
    /// Branches on A > K, without sign.
    case jumpIfAbove = 0x25
    /// Branches on A > X.
    case jumpIfAboveIndex = 0x2d
    /// Branches on A >= K, without sign.
    case jumpIfAtLeast = 0x35
    /// Branches on A >= X.
    case jumpIfAtLeastIndex = 0x3d
    /// Branches on A & K != 0.
    case jumpIfAnySet = 0x45
    /// Branches on A & X != 0.
    case jumpIfAnySetIndex = 0x4d

    /// The filter's result is K.
    case returnConstant = 0x06
    /// The filter's result is A.
    case returnAccumulator = 0x16

    /// Whether the instruction has two targets, `jt` and `jf`.
    public var isBranch: Bool { rawValue & 0x07 == 0x05 && self != .jump }

    /// Whether the operation reads the scratch memory.
    var readsMemory: Bool { self == .loadMemory || self == .indexMemory }

    /// Whether the filter ends here.
    public var isReturn: Bool { self == .returnConstant || self == .returnAccumulator }
}
