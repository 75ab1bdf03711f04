/// A convention for system calls that x86-64 Linux serves.
public enum Architecture: CaseIterable, Hashable, Sendable {
    /// The `syscall` instruction; the x32 numbers, which share its value, are not part of it.
    case x86_64
    /// `int $0x80` and `sysenter`, from 32-bit and from 64-bit code.
    case i386

    /// What a filter finds in `arch`, `AUDIT_ARCH_...` in `<linux/audit.h>`.
    public var auditValue: UInt32 {
        switch self {
        case .x86_64: 0xc000_003e
        case .i386: 0x4000_0003
        }
    }

    /// The convention with that value.
    public init?(auditValue: UInt32) {
        guard let found = Self.allCases.first(where: { $0.auditValue == auditValue }) else {
            return nil
        }
        self = found
    }

    /// The name in listings and logs.
    public var name: String {
        switch self {
        case .x86_64: "x86-64"
        case .i386: "i386"
        }
    }

    /// `__X32_SYSCALL_BIT`: set in the numbers of x32 calls, which come as x86-64 ones.
    public static let x32Bit: UInt32 = 0x4000_0000

    /// The call numbers of this convention.
    public var table: SyscallTable {
        switch self {
        case .x86_64: .x86_64
        case .i386: .i386
        }
    }
}
