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
    /// Who knows the names of addresses, nil where nobody wants them.
    let names: AnswerReader?
    /// Whether uses of who can use the network for others are recorded, as ``Supervisor`` says.
    private let watchesHelpers: Bool
    /// The process that the user started.
    private let root: ThreadID
    private var sequence: UInt64 = 0
    /// The events of the call being judged that its result is to be recorded for.
    private var unfinished: [AuditEvent] = []
    /// Why the sink could not take an event: no call goes on any more.
    private(set) var failure: SinkError?

    init(
        watching: FilterCompiler.Watching, isAuditing: Bool, sink: any AuditSink,
        tree: ProcessTree, stacks: (any StackSource)?, names: AnswerReader? = nil,
        watchesHelpers: Bool = false, root: ThreadID
    ) {
        self.watching = watching
        self.isAuditing = isAuditing
        self.sink = sink
        self.tree = tree
        self.stacks = stacks
        self.names = names
        self.watchesHelpers = watchesHelpers
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

    /// Whether an allowed request is recorded though others are not.
    func wantsHelper(_ request: Request) -> Bool {
        guard watchesHelpers else { return false }
        switch request {
        case .connect(_, .unix(let name)), .send(_, .unix(let name)):
            return NetworkHelper(at: .unix(name)) != nil
        default: return false
        }
    }

    /// Whether a socket's own address is looked at though the policy does not ask for it.
    var wantsLocalNames: Bool { watchesHelpers || watching == .everything }

    /// Records the decisions on a call; false where that failed, and the call must not go on.
    func record(_ notes: [Note], by caller: Caller) -> Bool {
        unfinished.removeAll(keepingCapacity: true)
        if notes.isEmpty { return true }
        guard tell(of: caller) else { return false }
        let stack = stack(of: caller)
        for note in notes {
            var event = event(note, caller)
            if let stack {
                event.backtrace = stack.frames
                event.arguments = stack.arguments
                event.parents = stack.parents
            }
            guard record(event) else { return false }
            // One that is allowed is recorded only where its result is wanted too.
            if event.result == .allowed || event.result == .wouldDeny && wants(denial: false) {
                unfinished.append(event)
            }
        }
        return true
    }

    /// The events of the last call that its result is to be recorded for, where that is learned.
    func takeUnfinished() -> [AuditEvent] {
        defer { unfinished.removeAll() }
        return unfinished
    }

    /// Records what the kernel gave for a call, once it has been made.
    ///
    /// Nothing where a signal interrupted it: whether it is made again is not decided yet.
    func finish(_ events: [AuditEvent], with result: Int64) {
        guard !(-516...(-512)).contains(result) else { return }
        for var event in events {
            event.result = .returned
            (event.backtrace, event.arguments, event.parents) = (nil, nil, nil)
            event.returned = result
            event.errno =
                (-4095..<0).contains(result)
                ? ErrorNumber(rawValue: Int32(truncatingIfNeeded: -result)) : nil
            event.time = .now
            guard record(event) else { return }
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

    private func record(_ event: AuditEvent) -> Bool {
        handOver { () throws(SinkError) in try sink.record(event) }
    }

    private func record(_ event: ProcessEvent) -> Bool {
        handOver { () throws(SinkError) in try sink.record(event) }
    }

    private func handOver(_ hand: () throws(SinkError) -> Void) -> Bool {
        do throws(SinkError) {
            try hand()
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func event(_ note: Note, _ caller: Caller) -> AuditEvent {
        let (decision, request) = (note.decision, note.request)
        sequence += 1
        var error: ErrorNumber?
        if case .deny(let number) = decision.verdict { error = number }
        return AuditEvent(
            time: .now,
            seq: sequence,
            pid: caller.process.rawValue,
            tid: caller.thread.rawValue,
            program: program(of: caller),
            command: name(of: caller.thread),
            call: note.call,
            abi: caller.layouts.word == 8 ? .x86_64 : .i386,
            operation: request?.operation ?? Operation(ofCall: note.call),
            protocolName: request?.protocolName,
            local: request?.localEndpoint,
            remote: request?.remoteEndpoint,
            name: request.flatMap { names?.name(of: $0) },
            result: error == nil ? .allowed : isAuditing ? .wouldDeny : .denied,
            errno: error,
            rule: decision.reason,
            request: request)
    }

    private func program(of caller: Caller) -> AuditEvent.Program? {
        guard let process = tree.tracees[caller.slot]?.process else { return nil }
        return tree.program(of: process, caller.thread)
    }
}

// MARK: - Processes

extension Recorder {
    /// Tells of a process that makes a call, and of those that led to it, each once.
    ///
    /// False where that failed.
    private func tell(of caller: Caller) -> Bool {
        guard let process = tree.tracees[caller.slot]?.process,
            let biography = tree.processes[process]?.biography, !biography.isTold
        else { return true }
        // Its first call may come before its maker's event.
        if !biography.hasMaker, caller.process != root,
            let parent = processAndParent(of: caller.process.rawValue)?.parent
        {
            tree.noteMaker(ThreadID(rawValue: parent), of: caller.slot)
        }
        if biography.image == nil {
            biography.image = Biography.Image(
                program: tree.program(of: process, caller.thread), arguments: [])
        }
        return biography.untold.allSatisfy { $0.tell().allSatisfy { record($0) } }
    }

    /// A process executed a program, and stands at its start; false where that could not be told.
    func executed(_ process: Int) -> Bool {
        guard let known = tree.processes[process], let biography = known.biography else {
            return true
        }
        let image = Biography.Image(
            program: tree.program(of: process, known.leader),
            arguments: commandLine(of: known.leader, limit: Biography.commandLineBytes))
        biography.image = image
        return !biography.isTold || record(biography.event(.exec, at: .now, image))
    }

    /// The last thread of a process is dead.
    func ended(_ process: Int, _ status: WaitStatus) {
        guard let biography = tree.processes[process]?.biography else { return }
        let end =
            switch status {
            case .exited(let status): biography.event(.exit(status: status), at: .now)
            case .killed(let signal): biography.event(.killed(signal: signal), at: .now)
            case .stopped: nil as ProcessEvent?
            }
        guard let end else { return }
        if biography.isTold { _ = record(end) } else { biography.end = end }
    }
}

extension Request {
    /// The socket that the request is about, as far as it is known.
    private var socket: SocketState? {
        switch self {
        case .bind(let socket, _), .connect(let socket, _), .send(let socket, _),
            .accept(let socket, _), .listen(let socket):
            socket
        case .create, .trace: nil
        }
    }

    /// The address that the request names.
    private var named: SocketAddress? {
        switch self {
        case .bind(_, let address), .connect(_, let address), .send(_, let address),
            .accept(_, let address):
            address
        case .create, .listen, .trace: nil
        }
    }

    /// The socket's own address, which a `bind` gives it.
    fileprivate var localEndpoint: String? {
        if case .bind(_, let address) = self { return address.endpoint }
        if case .bound(let address)? = socket?.local { return address.endpoint }
        return nil
    }

    /// The peer's address.
    fileprivate var remoteEndpoint: String? {
        if case .bind = self { return nil }
        return named?.endpoint
    }

    /// The protocol as the rule grammar has it: abstract names are one of their own.
    fileprivate var protocolName: String? {
        if case .unix(.abstract)? = named { return "abstract" }
        if case .create(let kind) = self { return kind.protocolName }
        // Whatever the socket, only AF_UNIX ones take such a name.
        if socket?.kind == nil, case .unix? = named { return "unix" }
        return socket?.kind?.protocolName
    }
}
