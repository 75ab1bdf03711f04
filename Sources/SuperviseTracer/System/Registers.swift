import CSupervise

/// All registers of a stopped thread, `struct user_regs_struct`.
struct Registers {
    fileprivate var values = csupervise_registers()

    /// Where the thread goes on.
    var instructionPointer: UInt64 {
        get { values.rip }
        set { values.rip = newValue }
    }

    /// The result of a call; before it is made, what the instruction takes for its number.
    var result: UInt64 {
        get { values.rax }
        set { values.rax = newValue }
    }

    /// The number of the call under way; all ones where none is, or where it is to be skipped.
    var callNumber: UInt64 {
        get { values.orig_rax }
        set { values.orig_rax = newValue }
    }

    /// The end of what stands on the stack.
    var stackPointer: UInt64 { values.rsp }

    /// Whether the program itself steps through its instructions (the trap flag, TF).
    var stepsItself: Bool { values.eflags & 0x100 != 0 }

    /// Sets the arguments of a 64-bit call, and the first three also where a 32-bit call has them.
    mutating func setEverywhere(_ call: RawCall) {
        set(call, .x86_64)
        (values.rbx, values.rcx) = (call[0], call[1])
    }

    /// Sets the arguments of a call.
    mutating func set(_ call: RawCall, _ layouts: MemoryLayouts) {
        if layouts.word == 8 {
            (values.rdi, values.rsi, values.rdx) = (call[0], call[1], call[2])
            (values.r10, values.r8, values.r9) = (call[3], call[4], call[5])
        } else {
            (values.rbx, values.rcx, values.rdx) = (call[0], call[1], call[2])
            (values.rsi, values.rdi, values.rbp) = (call[3], call[4], call[5])
        }
    }
}

extension Registers {
    /// The registers' words, in the order of the structure.
    var words: [UInt64] {
        // The structure has 27 words and no padding.
        unsafe withUnsafeBytes(of: values) { unsafe Array($0.bindMemory(to: UInt64.self)) }
    }
}

extension Ptrace {
    /// Whether no event tells of a new thread, which is at its first stop.
    ///
    /// Its registers are its maker's in `clone(2)`: CLONE_UNTRACED asks for no event, and
    /// CLONE_PTRACE for the tracer all the same. Each number makes threads in one ABI only. The
    /// flags of `clone3(2)` are in memory, which may be another by now.
    static func isUntold(_ thread: ThreadID) -> Bool {
        let stopped = StoppedThread(id: thread)
        let registers = stopped.registers()
        stopped.abandon()
        guard let values = registers?.values else { return false }
        let flags: UInt64 = 0x0080_2000
        return values.orig_rax == 56 && values.rdi & flags == flags
            || values.orig_rax == 120 && values.rbx & flags == flags
    }

    /// The words of all registers of a thread that is stopped, nil when it was killed.
    static func registers(of thread: ThreadID) -> [UInt64]? {
        let stopped = StoppedThread(id: thread)
        let words = stopped.registers()?.words
        stopped.abandon()
        return words
    }
}

extension StoppedThread {
    /// All registers, nil when the thread was killed.
    func registers() -> Registers? {
        var registers = Registers()
        guard unsafe csupervise_ptrace_get_registers(id.rawValue, &registers.values) == 0 else {
            return nil
        }
        return registers
    }

    /// The result of the call at whose exit stop the thread is, nil when it was killed.
    func result() -> Int64? {
        // 32-bit calls have theirs extended by the kernel.
        registers().map { Int64(bitPattern: $0.result) }
    }

    /// Overwrites all registers.
    func setRegisters(_ registers: Registers) {
        var registers = registers
        _ = unsafe csupervise_ptrace_set_registers(id.rawValue, &registers.values)
    }
}
