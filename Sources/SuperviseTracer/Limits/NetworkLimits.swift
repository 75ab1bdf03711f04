import SuperviseFilter
import SupervisePolicy

/// Answers the calls by which programs give the network up, and says who has.
///
/// The kernel knows neither RLIMIT_NETWORK nor PR_SET_NETWORK; here they are kept for each process
/// and thread. Until one gives something up, no call of it costs anything: only then it gets the
/// filter that stops the calls to be judged.
final class NetworkLimits {
    private let policy: PreparedPolicy
    /// Whether nobody has a network to give up.
    private let isOffForAll: Bool
    private lazy var givenUp = PreparedPolicy(policy.policy.givenUp)
    private let tree: ProcessTree
    private let memory: TraceeMemory
    private let sealing: Sealing?
    /// The filter of those who have given the network up, made when the first one does.
    private let filter: () -> Program?
    private var isFilterInstalled = false
    /// The domain of those who have given it up for good, nil where there is none to enter.
    private let domain: LandlockDomain?

    init(
        judge: Judge, sealing: Sealing?, filter: @escaping () -> Program?, landlockABI: Int32
    ) {
        self.filter = filter
        policy = judge.prepared
        isOffForAll = !policy.policy.hasNetwork
        let domain = LandlockDomain(policy: policy.policy.givenUp, abi: landlockABI)
        // A domain keeps its processes from tracing those in other domains, which some profiles
        // allow where both have given up the same. Ports are not given back by an errand.
        let isUsed =
            !judge.recorder.isAuditing && policy.policy.profile.tracing == .never
            && domain?.left.ranges.isEmpty == true
        self.domain = isUsed ? domain : nil
        tree = judge.tree
        memory = judge.memory
        self.sealing = sealing
    }

    /// The policy for a thread's calls.
    func policy(for slot: Int) -> PreparedPolicy {
        !isOffForAll && tree.isNetworkOff(thread: slot) ? givenUp : policy
    }

    private func isOff(_ slot: Int) -> Bool { isOffForAll || tree.isNetworkOff(thread: slot) }

    // MARK: Doors

    /// Whether a door is shut for those who have given the network up, and open for others.
    func isDoor(_ call: JudgedCall, _ arguments: Arguments) -> Bool {
        switch call {
        case .ioUringSetup, .ioUringEnter, .ioUringRegister, .bpf, .requestKey, .ioctl:
            !isOffForAll
        case .seccomp: !isOffForAll && Self.makesListener(arguments)
        default: false
        }
    }

    /// Whether a `seccomp(2)` call installs a filter with a listener.
    private static func makesListener(_ arguments: Arguments) -> Bool {
        arguments.unsigned(0) == 1 && arguments.unsigned(1) & 8 != 0
    }

    /// Serves a call that the filter does not answer since the network may be on again, or since
    /// what it makes would be of use later.
    func serveDoor(
        _ call: JudgedCall, _ arguments: Arguments, _ stopped: consuming StoppedThread,
        _ slot: Int
    ) {
        guard !isOff(slot), let process = tree.tracees[slot]?.process else {
            return Release.fail(stopped, .notPermitted)
        }
        switch call {
        case .ioUringSetup:
            tree.hasRings = true
            tree.updateNetwork(process: process) { $0.hasRing = true }
        case .seccomp where Self.makesListener(arguments):
            tree.updateNetwork(process: process) { $0.hasListener = true }
        default: break
        }
        stopped.resume()
    }

    // MARK: Calls

    /// Serves a call about what is given up.
    func serve(_ call: LimitCall, _ stopped: consuming StoppedThread, _ caller: Caller) {
        switch call {
        case .limit(let process, let new, let old, let form):
            var limit: NetworkLimit?
            if let new {
                switch read(new, form, caller) {
                case .success(let value): limit = value
                case .failure(let error): return Release.fail(stopped, error.number)
                }
            }
            switch target(process, caller) {
            case .failure(let error): Release.fail(stopped, error.number)
            // Not one of the tree: the kernel says ESRCH, EPERM, or EINVAL to the resource.
            case .success(nil): stopped.resume()
            case .success(let target?):
                setLimit(limit, of: target, Reply(old: old, form: form), stopped, caller)
            }
        case .setFlags(let flags): setFlags(flags, stopped, caller)
        case .getFlags:
            Release.answer(stopped, Int64(bitPattern: flags(of: caller.slot).rawValue))
        }
    }

    /// Where and how a call wants the former limit told.
    private struct Reply {
        let old: UInt64?
        let form: LimitForm
    }

    private func setLimit(
        _ limit: NetworkLimit?, of process: Int, _ reply: Reply,
        _ stopped: consuming StoppedThread, _ caller: Caller
    ) {
        if let limit, let error = refusal(of: limit, for: process, caller) {
            return Release.fail(stopped, error)
        }
        let isOwn = process == tree.tracees[caller.slot]?.process
        guard let limit, limit.isOff, !isOffForAll else {
            return Release.answer(stopped, commit(limit, of: process, reply, caller))
        }
        let isArmed = isArmed(process)
        let entersDomain = isOwn && limit.hard == 0 && isAlone(process) && mayEnterDomain(caller)
        if isArmed, !entersDomain {
            return Release.answer(stopped, commit(limit, of: process, reply, caller))
        }
        // Another process would have to be stopped wherever it is.
        guard isOwn else { return Release.fail(stopped, .notPermitted) }
        arm(
            stopped, caller, Arming.Parts(filterForAll: isArmed ? nil : true, domain: entersDomain)
        ) { [self] in
            if !isArmed {
                tree.updateNetwork(process: process) {
                    $0.formerLimit = $0.limit
                    $0.isArmed = true
                }
            }
            tree.update(caller.slot) { $0.network.isSettled = true }
            return commit(limit, of: process, reply, caller)
        }
    }

    /// Whether a process has one thread: a domain is entered by each for itself.
    private func isAlone(_ process: Int) -> Bool { tree.processes[process]?.threads == 1 }

    /// Whether a caller that gives the network up for good is to enter a domain.
    ///
    /// Not one that could have the network again: no domain can be left.
    private func mayEnterDomain(_ caller: Caller) -> Bool {
        domain != nil && tree.tracees[caller.slot]?.network.isInDomain == false
            && Credentials(of: caller.thread)?.mayRaiseLimits == false
    }

    private func setFlags(
        _ new: NetworkFlags, _ stopped: consuming StoppedThread, _ caller: Caller
    ) {
        let slot = caller.slot
        if let error = flags(of: slot).refusal(of: new) { return Release.fail(stopped, error) }
        guard let tracee = tree.tracees[slot], let process = tree.processes[tracee.process],
            new.contains(.off), !isOffForAll, !tracee.network.flags.contains(.off)
        else { return Release.answer(stopped, 0) }
        if let error = obstacle(tracee.process) { return Release.fail(stopped, error) }
        let isArmed = process.network.isArmed || tracee.network.isArmed
        let entersDomain = process.threads == 1 && domain != nil && !tracee.network.isInDomain
        if isArmed, !entersDomain {
            tree.updateNetwork(thread: slot) { $0.flags = new }
            return Release.answer(stopped, 0)
        }
        arm(
            stopped, caller, Arming.Parts(filterForAll: isArmed ? nil : false, domain: entersDomain)
        ) { [self] in
            tree.updateNetwork(thread: slot) {
                $0.flags = new
                $0.isArmed = true
            }
            return 0
        }
    }

    /// The flags of a thread, as it is told.
    private func flags(of slot: Int) -> NetworkFlags {
        (tree.tracees[slot]?.network.flags ?? []).union(isOffForAll ? .off : [])
    }

    /// Why a process cannot get this limit.
    private func refusal(
        of limit: NetworkLimit, for process: Int, _ caller: Caller
    ) -> ErrorNumber? {
        guard let network = tree.processes[process]?.network else { return .noSuchProcess }
        let former = network.limit
        // Looked up only where it counts.
        let mayRaise =
            limit.hard > former.hard && !isOffForAll
            && Credentials(of: caller.thread)?.mayRaiseLimits == true
        if let error = former.refusal(of: limit, mayRaise: mayRaise) { return error }
        return limit.isOff && !former.isOff ? obstacle(process) : nil
    }

    /// What would go on without asking: EBUSY, so that nothing is given up by half.
    private func obstacle(_ process: Int) -> ErrorNumber? {
        guard let network = tree.processes[process]?.network else { return .noSuchProcess }
        if network.hasRing || network.hasListener { return .busy }
        // One that was left by execve, by its maker in the tree or from outside.
        let mayHold = tree.threads(of: process).contains { slot in
            tree.tracees[slot].map { holdsRing($0.thread) ?? tree.hasRings } ?? false
        }
        return mayHold ? .busy : nil
    }

    /// Whether every thread of a process has the filter.
    private func isArmed(_ process: Int) -> Bool {
        tree.processes[process]?.network.isArmed == true
    }

    /// Sets a limit and tells the former one; the call's result.
    private func commit(
        _ limit: NetworkLimit?, of process: Int, _ reply: Reply, _ caller: Caller
    ) -> Int64 {
        // Asked again: another thread may have changed it while the filter was installed.
        if let limit, let error = refusal(of: limit, for: process, caller) {
            return -Int64(error.rawValue)
        }
        guard let former = tree.processes[process]?.network.limit else { return -3 }
        if let limit, limit != former {
            tree.updateNetwork(process: process) { $0.limit = limit }
        }
        guard let old = reply.old else { return 0 }
        // The kernel, too, has set the new one when it finds that it cannot tell the old one.
        let isWritten =
            memory.isAccessible(old, count: reply.form.size, of: caller.slot, forWriting: true)
            && memory.write(reply.form.bytes(former), to: old, of: caller.slot)
        return isWritten ? 0 : -Int64(ErrorNumber.badAddress.rawValue)
    }

    private func read(
        _ pointer: UInt64, _ form: LimitForm, _ caller: Caller
    ) -> Result<NetworkLimit, KernelError> {
        var bytes: [UInt8] = []
        let read = memory.readBytes(pointer, count: form.size, of: caller.slot, into: &bytes)
        if read == .hidden { return .failure(KernelError(number: .notPermitted)) }
        guard read == .bytes(form.size),
            memory.isAccessible(pointer, count: form.size, of: caller.slot)
        else { return .failure(KernelError(number: .badAddress)) }
        return .success(form.limit(bytes))
    }

    /// The process of the tree that a caller means by a number; nil: none of the tree.
    private func target(_ number: Int32, _ caller: Caller) -> Result<Int?, KernelError> {
        guard let own = tree.tracees[caller.slot]?.process else {
            return .failure(KernelError(number: .noSuchProcess))
        }
        if number == 0 || number == caller.thread.rawValue { return .success(own) }
        guard let name = ownNumber(of: caller.thread) else {
            return .failure(KernelError(number: .notPermitted))
        }
        if number == name.number { return .success(own) }
        // In a pid namespace of its own the number is somebody else's.
        guard name.isInOurNamespace else {
            return .failure(KernelError(number: .notPermitted))
        }
        let thread = ThreadID(rawValue: number)
        guard let slot = tree.slot(of: thread), let process = tree.tracees[slot]?.process else {
            return .success(nil)
        }
        guard let caller = Credentials(of: caller.thread), let theirs = Credentials(of: thread),
            caller.mayReach(theirs)
        else { return .failure(KernelError(number: .notPermitted)) }
        return .success(process)
    }

    /// Has a thread install the filter of those who have given the network up.
    ///
    /// The page is needed for it, as for a sealed call: the kernel must read the very filter.
    private func arm(
        _ stopped: consuming StoppedThread, _ caller: Caller, _ parts: Arming.Parts,
        then finish: @escaping () -> Int64
    ) {
        guard let sealing else { return Release.fail(stopped, .noMemory) }
        switch sealing.readiness(of: caller.slot) {
        case .needed: sealing.beginInjection(stopped, caller.slot, caller.layouts)
        case .underWay:
            sealing.awaitPage(caller.slot)
            stopped.abandon()
        case .impossible: Release.fail(stopped, .noMemory)
        case .ready(let place):
            if !isFilterInstalled {
                guard let filter = filter() else { return Release.fail(stopped, .noMemory) }
                sealing.page.install(filter)
                if let domain { sealing.page.install(domain) }
                isFilterInstalled = true
            }
            guard let registers = stopped.registers(), let mask = stopped.signalMask() else {
                return stopped.abandon()
            }
            stopped.setSignalMask(UInt64.max)
            // From the first moment that somebody could have the filter, makers matter.
            tree.hasGivenUp = true
            tree.update(caller.slot) { $0.hasSeenPage = true }
            let slot = caller.slot
            sealing.begin(
                Arming(registers, mask: mask, caller.layouts, mappedAt: place, parts) { [tree] in
                    if parts.domain { tree.updateNetwork(thread: slot) { $0.isInDomain = true } }
                    return finish()
                }, stopped, slot)
        }
    }
}

extension Release {
    /// Answers in the kernel's stead, with a result that may be none of an error.
    static func answer(_ stopped: consuming StoppedThread, _ result: Int64) {
        stopped.write(UInt64(bitPattern: -1), to: .originalRax)
        stopped.write(UInt64(bitPattern: result), to: .rax)
        stopped.resume()
    }
}
