import SuperviseFilter
import Testing

@Suite("System calls have their numbers")
struct SyscallTableTests {
    /// Name, x86-64 number, i386 number; from <asm/unistd_64.h> and <asm/unistd_32.h>.
    static let numbers: [(String, UInt32?, UInt32?)] = [
        ("socket", 41, 359), ("socketpair", 53, 360), ("bind", 49, 361), ("connect", 42, 362),
        ("listen", 50, 363), ("sendto", 44, 369), ("sendmsg", 46, 370), ("sendmmsg", 307, 345),
        ("socketcall", nil, 102), ("ptrace", 101, 26), ("process_vm_readv", 310, 347),
        ("process_vm_writev", 311, 348), ("pidfd_getfd", 438, 438), ("io_uring_setup", 425, 425),
        ("io_uring_enter", 426, 426), ("io_uring_register", 427, 427), ("seccomp", 317, 354),
        ("bpf", 321, 357), ("request_key", 249, 287), ("ioctl", 16, 54), ("madvise", 28, 219),
        ("process_madvise", 440, 440), ("rt_sigaction", 13, 174), ("sigaction", nil, 67),
        ("signal", nil, 48),
        ("prctl", 157, 172), ("munmap", 11, 91), ("mmap", 9, 192), ("old_mmap", nil, 90),
        ("mremap", 25, 163), ("mprotect", 10, 125), ("pkey_mprotect", 329, 380),
        ("remap_file_pages", 216, 257), ("shmat", 30, 397), ("ipc", nil, 117),
        ("uselib", 134, 86), ("io_setup", 206, 245), ("getrlimit", 97, 191),
        ("old_getrlimit", nil, 76),
        ("setrlimit", 160, 75), ("prlimit64", 302, 340), ("setsockopt", 54, 366),
        ("getsockopt", 55, 365),
        ("accept", 43, nil), ("accept4", 288, 364),
        ("recvfrom", 45, 371), ("recvmsg", 47, 372), ("recvmmsg", 299, 337), ("read", 0, 3),
    ]

    @Test("Each judged call has the numbers of the kernel's headers", arguments: numbers)
    func number(name: String, x86_64: UInt32?, i386: UInt32?) throws {
        let call = try #require(JudgedCall(rawValue: name))
        for (table, number) in [(SyscallTable.x86_64, x86_64), (SyscallTable.i386, i386)] {
            #expect(table.number(of: call) == number)
            if let number { #expect(table.call(numbered: number) == call) }
        }
    }

    @Test("No call is missing, and no number stands twice")
    func complete() {
        #expect(Set(Self.numbers.map(\.0)) == Set(JudgedCall.allCases.map(\.name)))
        for table in [SyscallTable.x86_64, .i386, .socketcall] {
            let numbers = table.entries.map(\.number)
            #expect(numbers == Set(numbers).sorted())
            // Found by number, nothing else is.
            let calls = (UInt32(0)..<2000).compactMap { table.call(numbered: $0) }
            #expect(calls == table.entries.map(\.call))
            #expect(table.call(numbered: .max) == nil)
        }
        #expect(SyscallTable.x86_64.entries.count == 43)
        #expect(SyscallTable.i386.entries.count == 48)
    }

    @Test("The calls behind socketcall that are not judged have no entry")
    func socketcall() {
        #expect(
            SyscallTable.socketcall.entries.map(\.number) == [
                1, 2, 3, 4, 5, 8, 11, 14, 15, 16, 18, 20,
            ])
        #expect(SyscallTable.socketcall.call(numbered: 9) == nil)
    }

    @Test("Architectures have the kernel's audit values")
    func architectures() {
        #expect(Architecture(auditValue: 0xc000_003e) == .x86_64)
        #expect(Architecture(auditValue: 0x4000_0003) == .i386)
        #expect(Architecture(auditValue: 0xc000_00b7) == nil)
        #expect(Architecture.allCases.map(\.table) == [.x86_64, .i386])
    }
}
