import SuperviseAudit
import SuperviseFilter
import SupervisePolicy

/// Turns decisions into events and hands them to the sink, before the call goes on.
final class Recorder {
    /// Whether refusals are only recorded.
    let isAuditing: Bool
    private let watching: FilterCompiler.Watching
    private let sink: any AuditSink
    private let tree: ProcessTree
    /// Who tells stacks, nil where nobody wants them.
    private let stacks: (any StackSource)?
    /// The process that the user started.
    private let root: ThreadID
    private var sequence: UInt64 = 0
    /// Why the sink could not take an event: no call goes on any more.
    private(set) var failure: SinkError?

    init(
        watching: FilterCompiler.Watching, isAuditing: Bool, sink: any AuditSink,
        tree: ProcessTree, stacks: (any StackSource)?, root: ThreadID
    ) {
        self.watching = watching
        self.isAuditing = isAuditing
        self.sink = sink
        self.tree = tree
        self.stacks = stacks
        self.root = root
    }

    /// Whether decisions of that kind are recorded.
    func wants(denial: Bool) -> Bool {
        switch watching {
        case .nothing: false
        case .denied: denial
        case .everything: true
        }
    }

    /// Who makes a call, where that is wanted and can be told.
    ///
    /// To be asked once a stop.
    func stack(of caller: Caller) -> CallStack? {
        guard let stacks, let process = tree.tracees[caller.slot]?.process,
            let descriptors = TraceeMemory(tree: tree).descriptors(of: caller.slot),
            let registers = Ptrace.registers(of: caller.thread)
        else { return nil }
        return stacks.stack(
            of: StoppedCaller(
                thread: caller.thread.rawValue, process: caller.process.rawValue,
                root: root.rawValue, addressSpace: tree.addressSpace(of: process),
                registers: registers, memory: descriptors.memory, maps: descriptors.maps))
    }

    /// Records a decision; false where that failed, and the call must not go on.
    func record(_ note: Note, by caller: Caller, _ stack: CallStack?) -> Bool {
        do throws(SinkError) {
            var event = event(note, caller)
            if let stack {
                event.backtrace = stack.frames
                event.arguments = stack.arguments
                event.parents = stack.parents
            }
            try sink.record(event)
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func event(_ note: Note, _ caller: Caller) -> AuditEvent {
        let (decision, request, kind) = (note.decision, note.request, note.kind)
        sequence += 1
        let (local, remote): (String?, String?) =
            switch request {
            case .bind(_, let address): (address.endpoint, nil)
            case .connect(_, let address), .send(_, let address): (nil, address.endpoint)
            case .create, .listen, .trace: (nil, nil)
            }
        var error: ErrorNumber?
        if case .deny(let number) = decision.verdict { error = number }
        let time = now()
        return AuditEvent(
            time: Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds),
            seq: sequence,
            pid: caller.process.rawValue,
            tid: caller.thread.rawValue,
            program: program(of: caller),
            command: name(of: caller.thread),
            call: note.call,
            abi: caller.layouts.word == 8 ? .x86_64 : .i386,
            operation: request.operation,
            protocolName: protocolName(request, kind),
            local: local,
            remote: remote,
            result: error == nil ? .allowed : isAuditing ? .wouldDeny : .denied,
            errno: error,
            rule: decision.reason)
    }

    /// The protocol as the rule grammar has it: abstract names are one of their own.
    private func protocolName(_ request: Request, _ kind: SocketKind?) -> String? {
        switch request {
        case .bind(_, .unix(.abstract)), .connect(_, .unix(.abstract)),
            .send(_, .unix(.abstract)):
            "abstract"
        default: kind?.protocolName
        }
    }

    private func program(of caller: Caller) -> AuditEvent.Program? {
        guard let process = tree.tracees[caller.slot]?.process else { return nil }
        if case .unknown = tree.processes[process]?.program {
            let found = ProgramLookup(of: caller.thread)
            tree.updateProcess(process) { $0.program = found }
        }
        if case .known(let program) = tree.processes[process]?.program { return program }
        return nil
    }
}
