public import SuperviseAudit
public import SuperviseFilter
public import SupervisePolicy

/// Runs a command under a policy: the tracer's public entry.
public struct Supervisor {
    /// What the tree may do.
    public var policy: Policy
    /// Whether refusals are only recorded.
    public var isAuditing: Bool
    /// Which decisions the sink is to see.
    public var watching: FilterCompiler.Watching
    /// Where decisions go, each before its call goes on.
    public var sink: any AuditSink
    /// The descriptors that the sink and the end of run need: everything else is closed.
    public var keptDescriptors: [Int32]
    /// What keeps the sealed page where it is mapped.
    ///
    /// The kernel where it can (`mseal(2)`, Linux 6.10), else the filter. To choose the filter on
    /// a kernel that can is for tests.
    public var pageGuard: FilterCompiler.PageGuard =
        SealedMemory.canSealMappings ? .sealed : .ranges
    /// Whether pidfds of single threads are used where the kernel has them (Linux 6.9).
    ///
    /// Without them nobody can look at what one thread alone has accepted, so the packet filter alone
    /// keeps away the peers that rules refuse. To do without is for tests.
    public var usesThreadPidfds = true
    /// Whether recorded addresses have the names that the tree itself looked up; a stop at many
    /// calls that receive messages.
    public var tracesNames = false
    /// Whether the sink sees connections to who can use the network for others, ``NetworkHelper``,
    /// also where it does not see other allowed calls.
    public var watchesHelpers = false
    /// Who tells the stacks of recorded calls; nil: nobody wants them.
    public var stacks: (any StackSource)?
    /// Called when the command has ended, before whoever waits for it learns of that.
    ///
    /// Processes of the tree may be left; what they do is still judged and recorded.
    public var commandEnded: () -> Void
    /// The version of Landlock that is used, 0 for none; never one that the kernel does not have.
    public var landlockABI: Int32
    /// Whether a command that should be in a Landlock domain is not run where it cannot be.
    public var requiresLandlock: Bool
    /// Called in the process that becomes the command, when it has closed inherited io_uring
    /// descriptors, with their numbers.
    public var closedRings: ([Int32]) -> Void

    /// Makes a supervisor.
    public init(
        policy: Policy,
        isAuditing: Bool = false,
        watching: FilterCompiler.Watching,
        sink: any AuditSink,
        keptDescriptors: [Int32],
        landlockABI: Int32 = LandlockDomain.kernelABI,
        requiresLandlock: Bool = false,
        closedRings: @escaping ([Int32]) -> Void = { _ in },
        commandEnded: @escaping () -> Void
    ) {
        self.policy = policy
        self.isAuditing = isAuditing
        self.watching = watching
        self.sink = sink
        self.keptDescriptors = keptDescriptors
        self.landlockABI = landlockABI
        self.requiresLandlock = requiresLandlock
        self.closedRings = closedRings
        self.commandEnded = commandEnded
    }

    /// How a run ended for the supervisor.
    public enum End: Hashable, Sendable {
        /// No process of the tree is left.
        case treeIsGone
        /// The command ended with this status, and the supervisor is to end with the same.
        ///
        /// Where the supervisor is the first process of its pid namespace.
        case commandEnded(exitStatus: Int32)
        /// A decision could not be recorded: the tree ends with the supervisor.
        case sinkFailed(SinkError)
        /// The command was not run; its process tells why.
        case notStarted
    }

    /// The filter of this supervisor's tree, nil where no call needs one.
    public func filter() throws(AssemblyError) -> Program? {
        try filter(of: policy, limits: .offered)
    }

    /// The filter of those of the tree that give the network up by themselves.
    ///
    /// nil where the policy has nothing to give up.
    public func filterOfGivenUp() throws(AssemblyError) -> Program? {
        !policy.hasNetwork ? nil : try filter(of: policy.givenUp, limits: .givenUp)
    }

    private func filter(
        of policy: Policy, limits: FilterCompiler.Limits
    ) throws(AssemblyError) -> Program? {
        try FilterCompiler(
            policy: policy, mode: isAuditing ? .audit : .enforce, watching: watching,
            page: SealedPageWindow.window, guarding: pageGuard, tracesOwnFilters: true,
            tracesHiding: !mayTraceAll, tracesNames: tracesNames, limits: limits
        ).compile()
    }

    /// Runs a command.
    ///
    /// The calling process becomes the command, and does not come back unless it cannot. A new
    /// process, which is the supervisor, returns from here when its work is done, and should then
    /// end at once.
    public func run(_ command: Command, filter: Program?) throws(LaunchError) -> End {
        // An audit refuses nothing, so nothing that the kernel would refuse by itself is refused.
        let isEnforcing = policy.restricts && !isAuditing
        let domain = isEnforcing ? LandlockDomain(policy: policy, abi: landlockABI) : nil
        if isEnforcing, requiresLandlock, domain == nil { throw .noLandlock(abi: landlockABI) }
        if filter != nil, Launcher.isIntercepted() { throw .intercepted }
        let launcher = Launcher(
            command: command, filter: filter, domain: domain,
            closedRings: isEnforcing ? closedRings : nil,
            deafensPortless: { isEnforcing && !mayMakeDatagramSockets })
        switch try launcher.fork() {
        case .command(let tracer, let handshake):
            try launcher.becomeCommand(tracer: tracer, handshake)
        case .tracer(let command, let isParent, let handshake):
            // Before the process is undumpable, which closes /proc/self to an ordinary user.
            let page = filter == nil ? nil : try? SealedPage(guarding: pageGuard)
            let proc = try? Descriptor.openProc()
            let kept =
                keptDescriptors + [page?.memory.descriptor, proc?.rawValue].compactMap { $0 }
            // Of the command's descriptors this process has copies until it becomes the tracer.
            let inheritsAnyFamily = isEnforcing && Launcher.inheritsAnyFamily()
            let inheritsRing = policy.hasNetwork && !isEnforcing && Launcher.inheritsRing()
            let start = ProcessNetwork(limit: policy.hasNetwork ? .on : .off)
            guard proc != nil,
                let tree = ProcessTree(
                    start: start, keepsLineage: policy.namesAncestors,
                    keepsBiographies: watching != .nothing && sink.wantsProcesses),
                filter == nil || page != nil,
                Launcher.becomeTracer(of: command, isParent: isParent, handshake, keeping: kept)
            else { return .notStarted }
            if page == nil { handshake.tracer.close() }
            tree.usesThreadPidfds = usesThreadPidfds
            let isTold = FilterCompiler.judges(policy, watching: watching)
            tree.mayHaveDontFork = !isTold
            tree.mayIgnoreTrap = !isTold || ignores(Errand.trap, command) != false
            tree.isTraced = isTraced
            tree.hasRings = inheritsRing
            return supervise(
                command, isParent: isParent, tree, page, launcher: handshake.tracer,
                inheritsAnyFamily: inheritsAnyFamily)
        }
    }

    /// Whether some process of the tree may make datagram sockets of IP.
    ///
    /// Where none may, none may use one that has no port yet.
    private var mayMakeDatagramSockets: Bool {
        PreparedPolicy(policy).possibleSockets.contains {
            $0.type == .datagram && ($0.family == .ipv4 || $0.family == .ipv6)
        }
    }

    private func supervise(
        _ command: ThreadID, isParent: Bool, _ tree: ProcessTree, _ page: SealedPage?,
        launcher: Descriptor, inheritsAnyFamily: Bool
    ) -> End {
        tree.addRoot(command)
        let recorder = Recorder(
            watching: watching, isAuditing: isAuditing, sink: sink, tree: tree,
            stacks: stacks, names: tracesNames ? AnswerReader(tree: tree) : nil,
            watchesHelpers: watchesHelpers, root: command)
        let root = Root(leader: command, isParent: isParent, tellEnd: commandEnded)
        let supervision = Supervision(
            tree: tree, policy: policy, recorder: recorder, root: root, page: page,
            inheritsAnyFamily: inheritsAnyFamily, launcher: launcher,
            filterOfGivenUp: { try? filterOfGivenUp() }, landlockABI: landlockABI)
        supervision.rehearse()
        var loop = EventLoop(
            source: KernelStops(
                willReap: supervision.willReap, isLarge: { tree.tracees.count >= 16 }),
            handler: supervision)
        loop.run()
        if let failure = recorder.failure { return .sinkFailed(failure) }
        guard isParent else { return .treeIsGone }
        switch root.end {
        case .exited(let status): return .commandEnded(exitStatus: status)
        // The first process of a namespace cannot kill itself; shells say it so.
        case .killed(let signal): return .commandEnded(exitStatus: 128 + signal)
        case .stopped, nil: return .treeIsGone
        }
    }
}

/// Where the sealed page will be mapped in tracees, below 4 GiB so that 32-bit calls reach it.
enum SealedPageWindow {
    static let window = AddressWindow(start: 0x7e00_0000, length: 0x0100_0000)
}
