/// One instruction of classic BPF, laid out as the kernel reads it.
///
/// Eight bytes: an array of these is what `struct sock_fprog` points to. The corresponding C type
/// is `struct sock_filter` of `<linux/filter.h>`.
public struct Instruction: Hashable, Sendable {
    /// The operation; an ``Opcode`` where a seccomp filter may use it.
    public var code: UInt16
    /// How many instructions after the next one a branch goes on where its condition holds.
    public var jt: UInt8
    /// How many instructions after the next one a branch goes on where its condition fails.
    public var jf: UInt8
    /// The operation's constant.
    public var k: UInt32

    /// Makes an instruction of its four fields, whatever they mean.
    public init(code: UInt16, jt: UInt8 = 0, jf: UInt8 = 0, k: UInt32 = 0) {
        self.code = code
        self.jt = jt
        self.jf = jf
        self.k = k
    }

    /// Makes an instruction that a seccomp filter may use.
    public init(_ opcode: Opcode, _ k: UInt32 = 0, jt: UInt8 = 0, jf: UInt8 = 0) {
        self.init(code: opcode.rawValue, jt: jt, jf: jf, k: k)
    }

    /// Loads a word of the call's description.
    public static func load(_ field: SeccompData.Field) -> Instruction {
        Instruction(.load, field.offset)
    }

    /// Ends the filter with an action.
    public static func `return`(_ action: SeccompAction) -> Instruction {
        Instruction(.returnConstant, action.rawValue)
    }

    /// The operation, nil where a seccomp filter may not use it.
    public var opcode: Opcode? { Opcode(rawValue: code) }
}
