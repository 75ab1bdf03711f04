import SuperviseAudit

/// A thread of the supervised tree.
struct Tracee: SlotValue {
    let thread: ThreadID
    /// The slot of the process it belongs to.
    let process: Int
    /// What is owed to the call it is making.
    var phase: Phase = .running
    /// A pidfd of this very thread, whose descriptor table it gives; opened when first needed.
    var pidfd: Descriptor?
    /// Whether the kernel has pidfds of first threads only, and this is such a one.
    var pidfdIsOfLeader = false

    /// Whether it was let go on when its address space had the sealed page: only then has a
    /// child that it makes a copy of it for certain.
    var hasSeenPage = false

    /// Who it is, noted at its first stop; nil before.
    var identity: Identity?

    /// Whether its maker's event has come, or it needs none.
    var isAnnounced = false

    /// Whether the page could not be mapped for the call that traps next.
    var cannotHavePage = false

    /// What it has given up.
    var network = ThreadNetwork()
    /// What it showed for the call that traps next; nil but where its process hides.
    var shown: Shown?

    /// Whether its memory is read though that may block, since it cannot show it.
    var isReadDirectly = false

    /// What is owed to a thread besides the stop it is in.
    enum Phase {
        /// Nothing.
        case running
        /// A sealed call: its slot, and the registers that get their values back at its exit stop.
        case sealed(SealedCall)
        /// It makes calls in the tracer's interest, with registers of the tracer's.
        case errand(Errand)
        /// It stands at its seccomp stop until another thread has the page mapped.
        case awaitingPage
        /// Its maker is not known yet, and it may be the deputy that a thread is making; then it
        /// must not run its program. `isHeld`: it stands at its first stop, `inGroupStop` where its
        /// process was being stopped.
        case newborn(isHeld: Bool, inGroupStop: Bool)
        /// It has executed a program that may not use these of its descriptors, which it closes in
        /// place of its first call.
        case shedding(Shedding)
        /// It stands at its first stop until its maker is known, of whom it has what it may do.
        case awaitingOrigin
        /// It stands at its seccomp stop until its maker's event tells what its memory is a copy of.
        case awaitingMaker
    }

    /// Whether nothing is owed to it.
    var isRunning: Bool {
        if case .running = phase { true } else { false }
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
struct Process: SlotValue {
    /// The number of the process and of its first thread.
    let leader: ThreadID
    /// How many of its threads are in the tree.
    var threads = 0
    /// Its memory, `/proc/PID/mem`, as of its last `execve(2)`; opened when first needed.
    var memory: Descriptor?
    /// The mappings of that memory.
    var maps: Descriptor?
    /// The thread by whose number they were opened: their text can be read until it is reaped.
    var mapsReader: ThreadID?
    /// A number of that memory, told apart from all others; given when first needed.
    var addressSpace: UInt64?
    /// Whether that memory has the sealed page.
    var page: PageState = .none
    /// All thread numbers, combined by exclusive or: of two, one tells the other.
    var combinedThreads: Int32 = 0
    /// The program it runs; looked up when first needed.
    var program: ProgramLookup = .unknown
    /// What it has given up.
    var network = ProcessNetwork()
    /// The programs that led to it; kept only where rules ask for them.
    var lineage: LineageState = .unknown
    /// What the log tells of it; kept only where a log wants it.
    var biography: Biography?
    /// Whether it made itself undumpable, or is a copy of one that did: it is never revealed, not
    /// for a moment, since others of its user could look then, too.
    var hidItself = false
    /// Whether its memory cannot be opened again, and so must not be closed while it lives.
    var isMemoryKept = false
    /// Whether no filter of its own is known to forbid the calls that map the page; kept at exec.
    var mayInject = true
    /// Whether it may be under filters that a program of the tree installed; kept at exec.
    ///
    /// They can answer calls in the kernel's stead. nil: its maker's event has not told.
    var hasOwnFilters: Bool?
    /// Whether its maker's event has told what it is a copy of, or that is of no matter any more.
    var isAnnounced = false
    /// Whether it executed a program before that.
    var hasExecuted = false
}

/// Whether an address space has the sealed page.
enum PageState: Equatable {
    /// It does not, as far as is known.
    case none
    /// A thread is about to map it.
    case beingMapped(by: ThreadID)
    /// At this address, and nothing in the tree can change that.
    case mapped(UInt32)
}

/// A call that the kernel makes with arguments from a slot.
struct SealedCall {
    var slot: UInt16
    var pointer: RegisterValue
    var length: RegisterValue?
    /// The events that its result is to be recorded for.
    var events: [AuditEvent]
}
