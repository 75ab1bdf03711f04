import SuperviseFilter
import SupervisePolicy

/// The descriptors that a program has to do without.
enum Shedding: Equatable {
    /// These.
    case descriptors([Int32])
    /// All but the standard ones: the kernel does not tell which of them are sockets.
    case all

    /// The calls that close them.
    func calls(_ layouts: MemoryLayouts) -> [RawCall] {
        let calls = InjectedCalls(layouts: layouts)
        return switch self {
        case .descriptors(let numbers): numbers.map { calls.close(Int64($0)) }
        case .all: [calls.close(from: 3, through: Int64(UInt32.max))]
        }
    }
}

/// Closes descriptors in place of the first call of a program, then lets it make that call.
///
/// Without a call a program can do nothing with a descriptor, and by its exec nobody else shares
/// its descriptors. Whose sockets are there yet is killed: a filter that it is under answered for the
/// kernel.
final class SheddingErrand: Errand {
    private let shedding: Shedding
    private let caller: Caller
    private let policy: PreparedPolicy
    private let judge: Judge
    private var calls: [RawCall]

    init(
        _ registers: Registers, mask: UInt64, caller: Caller, _ shedding: Shedding,
        policy: PreparedPolicy, judge: Judge
    ) {
        self.shedding = shedding
        self.caller = caller
        self.policy = policy
        self.judge = judge
        calls = shedding.calls(caller.layouts).reversed()
        super.init(registers, mask: mask, caller.layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        if let call = calls.popLast() { return .call(call) }
        let isDone =
            switch shedding {
            case .descriptors(let numbers): judge.areClosed(numbers, by: caller)
            case .all: result == 0 && judge.hasNoFilters(caller)
            }
        return isDone ? .restart : judge.kill(caller, policy, "execve")
    }
}

extension Judge {
    /// Whether a process is known to be under no filter that a program of the tree installed.
    func hasNoFilters(_ caller: Caller) -> Bool {
        tree.tracees[caller.slot].flatMap { tree.processes[$0.process] }?.hasOwnFilters == false
    }

    /// Whether a thread that closed these descriptors has none of them as a socket any more.
    ///
    /// The kernel closes a descriptor whatever error it tells of; a filter does not.
    func areClosed(_ numbers: [Int32], by caller: Caller) -> Bool {
        if hasNoFilters(caller) { return true }
        guard let held = heldSockets(of: caller.thread) else { return false }
        return Set(numbers).isDisjoint(with: held.map(\.number))
    }

    /// Kills a process that has a socket which it was to close, and records why.
    func kill(_ caller: Caller, _ policy: PreparedPolicy, _ call: String) -> ErrandStep {
        _ = refusal(
            "killed: a filter of its own kept a socket from being closed", of: call, policy,
            by: caller)
        return .kill
    }
}

extension Sealing {
    /// Begins it, at the entry of the program's first call; the exit of its `execve(2)` is before.
    func shed(
        _ shedding: Shedding, _ stopped: consuming StoppedThread, _ slot: Int,
        policy: PreparedPolicy
    ) {
        guard let entry = stopped.entryStop() else { return stopped.resumeToSyscallExit() }
        guard let registers = stopped.registers(), let mask = stopped.signalMask(),
            let process = tree.tracees[slot]?.process,
            let leader = tree.processes[process]?.leader
        else { return stopped.abandon() }
        let isWide = entry.architecture == Architecture.x86_64.auditValue
        let caller = Caller(
            thread: stopped.id, slot: slot, layouts: isWide ? .x86_64 : .i386, process: leader)
        begin(
            SheddingErrand(
                registers, mask: mask, caller: caller, shedding, policy: policy, judge: judge),
            stopped, slot)
    }
}
