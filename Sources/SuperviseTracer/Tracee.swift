/// A thread of the supervised tree.
struct Tracee {
    let thread: ThreadID
    /// The slot of the process it belongs to.
    let process: Int
    /// What is owed to the call it is making.
    var phase: Phase = .running
    /// A pidfd of this very thread, whose descriptor table it gives; opened when first needed.
    var pidfd: Descriptor?
    /// Whether the kernel has pidfds of first threads only, and this is such a one.
    var pidfdIsOfLeader = false

    enum Phase {
        /// Nothing.
        case running
        /// The call under way was changed: at its exit stop these registers get their value back.
        case inCall(restoring: [RegisterValue])
    }

    init(thread: ThreadID, process: Int) {
        self.thread = thread
        self.process = process
    }
}

/// A register and what it is to hold.
struct RegisterValue: Equatable {
    var register: Register
    var value: UInt64
}

/// A process of the supervised tree: what its threads share.
struct Process {
    /// The number of the process and of its first thread.
    let leader: ThreadID
    /// How many of its threads are in the tree.
    var threads = 0
    /// Its memory, `/proc/PID/mem`, as of its last `execve(2)`; opened when first needed.
    var memory: Descriptor?
    /// The mappings of that memory.
    var maps: Descriptor?
    /// The program it runs; looked up when first needed.
    var program: ProgramLookup = .unknown
}
