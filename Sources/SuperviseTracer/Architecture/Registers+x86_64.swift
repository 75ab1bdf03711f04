/// A register that the tracer writes, by its place in `struct user_regs_struct` of x86-64.
///
/// 32-bit calls use the same structure: ebx is the low half of rbx, and so on.
enum Register: Int {
    case rbp = 4
    case rbx = 5
    case r10 = 7
    case r9 = 8
    case r8 = 9
    case rax = 10
    case rcx = 11
    case rdx = 12
    case rsi = 13
    case rdi = 14
    case originalRax = 15

    /// Bytes from the structure's start.
    var offset: Int { rawValue * 8 }
}

extension Register {
    /// The register of an argument, by its number.
    static func argument(_ number: Int, _ layouts: MemoryLayouts) -> Register {
        let registers: [Register] =
            layouts.word == 8
            ? [.rdi, .rsi, .rdx, .r10, .r8, .r9] : [.rbx, .rcx, .rdx, .rsi, .rdi, .rbp]
        return registers.indices.contains(number) ? registers[number] : .rdi
    }
}
