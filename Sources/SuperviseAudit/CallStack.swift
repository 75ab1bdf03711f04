/// Who made a call, beyond the name of the program.
public struct CallStack: Hashable, Sendable {
    /// The calling thread's stack, innermost frame first.
    public var frames: [AuditEvent.Frame]
    /// The process's command line; empty where it shows none.
    public var arguments: [[UInt8]]
    /// The process that started it, the one that started that, and so on.
    public var parents: [AuditEvent.Parent]

    /// Makes a description of a caller.
    public init(
        frames: [AuditEvent.Frame], arguments: [[UInt8]] = [], parents: [AuditEvent.Parent] = []
    ) {
        self.frames = frames
        self.arguments = arguments
        self.parents = parents
    }
}

/// A thread that stands at a call.
public struct StoppedCaller: Sendable {
    /// The thread.
    public var thread: Int32
    /// Its process.
    public var process: Int32
    /// The process that the user started, where the chain of parents ends; 0 where there is none.
    public var root: Int32
    /// A number of its address space: never used for another one.
    public var addressSpace: UInt64
    /// The 27 words of `struct user_regs_struct`, `<sys/user.h>`.
    public var registers: [UInt64]
    /// Open descriptors of its memory and mappings, lent for the time of the call.
    public var memory: Int32
    /// As `memory`.
    public var maps: Int32

    /// Makes a description of a stopped thread.
    public init(
        thread: Int32, process: Int32, root: Int32, addressSpace: UInt64, registers: [UInt64],
        memory: Int32, maps: Int32
    ) {
        self.thread = thread
        self.process = process
        self.root = root
        self.addressSpace = addressSpace
        self.registers = registers
        self.memory = memory
        self.maps = maps
    }
}

/// Who can tell the stack of a stopped thread.
public protocol StackSource: AnyObject {
    /// The stack of a thread at its call, nil where it cannot be told.
    ///
    /// Returns within a bounded time, whatever the thread's program has made of its memory.
    func stack(of caller: StoppedCaller) -> CallStack?
}
