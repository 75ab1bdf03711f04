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
            let time = now()
            event.time = Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds)
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
        do throws(SinkError) {
            try sink.record(event)
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
            protocolName: request.protocolName,
            local: request.localEndpoint,
            remote: request.remoteEndpoint,
            name: names?.name(of: request),
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
