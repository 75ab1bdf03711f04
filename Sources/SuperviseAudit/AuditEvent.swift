public import SupervisePolicy

/// One decision: who asked for what, and what was answered.
///
/// The keys of a log line, `docs/events.md`. What the traced program controls (paths, names) is
/// kept as the kernel's bytes; whoever shows it escapes it.
public struct AuditEvent: Hashable, Sendable {
    /// When the call was decided.
    public var time: Timestamp
    /// The event's number in its run, rising.
    public var seq: UInt64
    /// The process, as the supervisor's PID namespace numbers it.
    public var pid: Int32
    /// The thread that called; equal to `pid` for a process's first thread.
    public var tid: Int32
    /// The program that the process runs, where it could be told.
    public var program: Program?
    /// The thread's name, `comm` in `proc(5)`: at most 15 bytes of the program's choice.
    public var command: [UInt8]?
    /// The system call's name; one made through `socketcall(2)` has its own name, `connect`.
    public var call: String
    /// The system-call interface the call was made through.
    public var abi: ABI
    /// What the call does with the network.
    public var operation: SupervisePolicy.Operation
    /// The protocol's name in the rule grammar.
    public var protocolName: String?
    /// The socket's own address in the rule grammar, escaped by `EscapedText`.
    public var local: String?
    /// The peer's address in the rule grammar, escaped by `EscapedText`.
    public var remote: String?
    /// The name that the tree looked up and got `remote` for, as it was asked for.
    public var name: [UInt8]?
    /// What became of the call.
    public var result: Outcome
    /// The error: of the refusal, given or only recorded, else of the call that failed in the
    /// kernel.
    public var errno: ErrorNumber?
    /// The kernel's own result where the call ran; an error is a negative number.
    public var returned: Int64?
    /// The words that decided.
    public var rule: Reason?
    /// What was asked for, in the terms of rules; no log has it.
    public var request: Request?
    /// The calling thread's stack, innermost frame first, where it was asked for.
    public var backtrace: [Frame]?
    /// The calling process's command line, where the stack was asked for.
    public var arguments: [[UInt8]]?
    /// The processes that it descends from, its parent first, where the stack was asked for.
    public var parents: [Parent]?

    /// Makes an event; what is left out has no key in the log.
    public init(
        time: Timestamp,
        seq: UInt64,
        pid: Int32,
        tid: Int32,
        program: Program? = nil,
        command: [UInt8]? = nil,
        call: String,
        abi: ABI = .x86_64,
        operation: SupervisePolicy.Operation,
        protocolName: String? = nil,
        local: String? = nil,
        remote: String? = nil,
        name: [UInt8]? = nil,
        result: Outcome,
        errno: ErrorNumber? = nil,
        returned: Int64? = nil,
        rule: Reason? = nil,
        request: Request? = nil,
        backtrace: [Frame]? = nil,
        arguments: [[UInt8]]? = nil,
        parents: [Parent]? = nil
    ) {
        self.time = time
        self.seq = seq
        self.pid = pid
        self.tid = tid
        self.program = program
        self.command = command
        self.call = call
        self.abi = abi
        self.operation = operation
        self.protocolName = protocolName
        self.local = local
        self.remote = remote
        self.name = name
        self.result = result
        self.errno = errno
        self.returned = returned
        self.rule = rule
        self.request = request
        self.backtrace = backtrace
        self.arguments = arguments
        self.parents = parents
    }
}

extension AuditEvent {
    /// What became of a call.
    public enum Outcome: String, CaseIterable, Hashable, Sendable {
        /// The policy let it through; the kernel made it.
        case allowed
        /// It was not made and failed with the policy's error.
        case denied
        /// The policy refuses it, but was only watching: the kernel made it.
        case wouldDeny = "would-deny"
        /// It was let through, as an earlier event of the same number says, and has been made.
        case returned
    }

    /// A system-call interface of an x86-64 kernel.
    public enum ABI: String, CaseIterable, Hashable, Sendable {
        /// `AUDIT_ARCH_X86_64`, the `syscall` instruction.
        case x86_64 = "x86-64"
        /// `AUDIT_ARCH_I386`: 32-bit programs, and `int 0x80` from any.
        case i386
    }

    /// Who made the call, where that was asked for and could be told.
    var stack: CallStack? {
        guard let backtrace else { return nil }
        return CallStack(frames: backtrace, arguments: arguments ?? [], parents: parents ?? [])
    }

    /// The address to show first: whom the call reaches for, else what it asks for itself.
    var endpoint: String? { remote ?? local }

    /// The bytes to call the program by: its path, else the thread's name.
    var caller: [UInt8]? { program?.path ?? command }
}
