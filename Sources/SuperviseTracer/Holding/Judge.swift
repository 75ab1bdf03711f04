import SuperviseFilter
import SupervisePolicy

/// Judges trapped calls: reads what they keep in memory, asks the policy, and finds the kernel's
/// own earlier errors where the policy refuses.
///
/// The order of errors is the kernel's, from `net/socket.c` (Linux 6.1 to 6.18). A call that the
/// kernel will refuse by itself, for what its registers say, is let go to the kernel.
final class Judge {
    /// The policy for the caller of the call being judged, ready to be asked.
    var prepared: PreparedPolicy
    let recorder: Recorder
    let tree: ProcessTree
    let memory: TraceeMemory
    let sockets: TraceeSockets
    let subjects: SubjectReader
    /// The socket options that lead past the rules, of the policy and of what is left of it.
    private let routingOptions: (base: [RoutingOption], givenUp: [RoutingOption])
    /// What would lead past the rules, of the policy and of what is left of it.
    private let steering: (base: Steering, givenUp: Steering)
    /// Whether rules ask for programs: then it matters who else holds a socket.
    let asksForPrograms: Bool
    /// Whether who has connected can be judged at `accept(2)`: in descriptors of a deputy's own.
    let judgesConnections: Bool
    /// Whether processes of the tree may have sockets that take a name of any family for one of their
    /// own: inherited ones, or new ones.
    let mayHaveAnyFamily: Bool
    /// What was found out of the caller of the call being judged.
    var inquiry = Inquiry()
    /// What is to be recorded of the call being judged, before it goes on.
    private(set) var notes: [Note] = []
    /// The socket that the verdict on the call being judged depends on, where it is to go on.
    private(set) var dependence: SocketDependence?
    /// What the path in the call being judged leads to, where a deputy holds it.
    var pinned: PinnedPath?
    /// Whether the caller's descriptors are a deputy's, which nobody else can change.
    var holdsSocket = false
    /// The name of the call being judged.
    private(set) var callName = ""

    /// Why a call is refused whose arguments nobody can look at.
    static let hidden = "memory that cannot be read"

    var policy: Policy { prepared.policy }
    var refusesPeers: Bool { prepared.refusesPeers }
    var subjectNeeds: Needs { prepared.subjectNeeds }

    init(policy: Policy, recorder: Recorder, tree: ProcessTree, inheritsAnyFamily: Bool) {
        prepared = PreparedPolicy(policy)
        mayHaveAnyFamily =
            inheritsAnyFamily || prepared.possibleSockets.contains(where: \.bindsAnyFamily)
        routingOptions = (
            base: RoutingOption.refused(by: policy),
            givenUp: RoutingOption.refused(by: policy.givenUp)
        )
        steering = (policy.forbiddenSteering, policy.givenUp.forbiddenSteering)
        // What is left of it has no others.
        asksForPrograms = (policy.rules + policy.profile.rules).flatMap(\.qualifiers)
            .contains { !$0.needs.isDisjoint(with: .programs) }
        judgesConnections = tree.usesThreadPidfds && TraceeSockets.copiesFromThreads()
        subjects = SubjectReader(tree: tree, patterns: policy.programPatterns)
        self.recorder = recorder
        self.tree = tree
        memory = TraceeMemory(tree: tree)
        sockets = TraceeSockets(tree: tree)
    }

    /// Judges a call at its seccomp stop.
    func judge(_ call: JudgedCall, _ arguments: Arguments, _ caller: Caller) -> Hold {
        begin(call.name)
        if call == .socketcall { return judgeSocketcall(arguments, caller) }
        return judge(NetworkCall(call, arguments, layouts: caller.layouts), caller)
    }

    /// Begins with a call, or with what is judged without one that asks: what an executed program
    /// inherits, and each connection.
    func begin(_ call: String) {
        notes.removeAll(keepingCapacity: true)
        dependence = nil
        inquiry = Inquiry()
        callName = call
    }

    /// Notes that the verdict depends on what a path leads to.
    func depend(onPath path: [UInt8], _ descriptor: Int32, _ operation: Operation) {
        dependence = SocketDependence(
            descriptor: descriptor, operation: operation, path: path)
    }

    /// Notes that a call is made on an AF_UNIX socket alone.
    func depend(onFamilyOf descriptor: Int32, _ operation: Operation) {
        dependence = SocketDependence(
            descriptor: descriptor, operation: operation, isUnix: true)
    }

    /// Notes that a message is sent on a socket alone that makes nothing of its control data, unless
    /// the call depends on the socket already.
    func depend(onControlFor descriptor: Int32) {
        if dependence == nil { depend(onFamilyOf: descriptor, .send) }
    }

    /// `socketcall(2)`: the number is in a register, the arguments are in memory.
    private func judgeSocketcall(_ arguments: Arguments, _ caller: Caller) -> Hold {
        let number = arguments.unsigned(0)
        let count = NetworkCall.socketcallArguments(number)
        guard count > 0 else { return .run }
        var bytes: [UInt8] = []
        let word = caller.layouts.word
        let pointer = arguments.narrowed.wide(1)
        let read = memory.readBytes(
            pointer, count: count * word, of: caller.slot, into: &bytes)
        callName = NetworkCall.name(ofSocketcall: number)
        guard read != .hidden else { return .fail(refuse(Self.hidden)) }
        guard bytes.count == count * word,
            memory.isAccessible(pointer, count: count * word, of: caller.slot)
        else { return .fail(.badAddress) }
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        let words = (0..<6).map { decoder.word(bytes, at: $0 * word) }
        let inMemory = Arguments(words[0], words[1], words[2], words[3], words[4], words[5])
        // The arguments themselves are memory that was judged.
        switch judgeUnfiltered(NetworkCall(socketcall: number, inMemory), caller) {
        case .run: return .runSealed(SealedArguments(words: words))
        case .runSealed(var arguments):
            arguments.words = words
            return .runSealed(arguments)
        case .sendSealed(let messages): return .sendSealed(messages)
        // No call of socketcall(2) is one of these.
        case .runOther: return .fail(.noFunction)
        case .accept(let call): return .accept(call)
        case .make(let call): return .make(call)
        case .fail(let error): return .fail(error)
        }
    }

    /// What the filter answers where it sees the numbers, which for `socketcall(2)` it does not:
    /// unknown type flags, families and types.
    private func judgeUnfiltered(_ call: NetworkCall, _ caller: Caller) -> Hold {
        switch call {
        case .socket(let family, let type, _):
            let flags = UInt32(bitPattern: type) & ~SocketType.mask
            if flags & ~SocketType.knownFlags != 0 { return .fail(.invalidArgument) }
            if family < 0 || family >= Int32(AddressFamily.limit) {
                return .fail(.addressFamilyNotSupported)
            }
            if type & Int32(SocketType.mask) >= SocketType.limit { return .fail(.invalidArgument) }
        case .socketpair(_, let type, _, _):
            let flags = UInt32(bitPattern: type) & ~SocketType.mask
            if flags & ~SocketType.knownFlags != 0 { return .fail(.invalidArgument) }
        default: break
        }
        return judge(call, caller)
    }

    /// Judges a call.
    private func judge(_ call: NetworkCall, _ caller: Caller) -> Hold {
        switch call {
        case .socket(let family, let type, let number):
            return judgeSocket(
                SocketCall(family: family, type: type, protocolNumber: number), caller)
        case .socketpair(let family, let type, let number, let result):
            return judgePair(family, type, number, result, caller)
        case .bind(let descriptor, let address, let length):
            return judgeNamed(
                Named(.bind, descriptor, address, length), caller)
        case .connect(let descriptor, let address, let length):
            return judgeNamed(
                Named(.connect, descriptor, address, length), caller)
        case .listen(let descriptor):
            return judgeListen(descriptor, caller)
        case .accept(let call):
            return judgeAccept(call, caller)
        case .sendto(let descriptor, let buffer, let size, let flags, let address, let length):
            guard address != 0 else { return .run }
            var named = Named(.send, descriptor, address, length, flags: flags, argument: 4)
            named.buffer = (buffer, size)
            return judgeNamed(named, caller)
        case .sendmsg(let descriptor, let header, let flags):
            return judgeMessage(descriptor, header, flags, caller)
        case .sendmmsg(let descriptor, let headers, let count, let flags):
            return judgeMessages(descriptor, headers, count, flags, caller)
        case .setsockopt(let level, let option, let length):
            return judgeOption(length != 0 && isRefused(level, option, read: false))
        case .getsockopt(let level, let option):
            return judgeOption(isRefused(level, option, read: true))
        case .ptrace, .processMemory, .pidfdGetfd:
            return judgeTracing(call, caller)
        case .other:
            // Our filter never traps these: the stop is the doing of a filter of the program's own.
            return .fail(.noFunction)
        }
    }

    /// An option behind `socketcall(2)`, or of who has given the network up: else the filter has
    /// answered.
    private func judgeOption(_ isRefused: Bool) -> Hold {
        isRefused && !recorder.isAuditing ? .fail(.notPermitted) : .run
    }

    private func isRefused(_ level: UInt32, _ number: UInt32, read: Bool) -> Bool {
        let options = policy.isGivenUp ? routingOptions.givenUp : routingOptions.base
        return options.contains {
            $0.level == level && $0.number == number && $0.isRead == read
        }
    }

    /// What a message's control data may not do.
    var forbiddenSteering: Steering {
        if recorder.isAuditing { return [] }
        return policy.isGivenUp ? steering.givenUp : steering.base
    }

    /// Asks the policy and notes what it says.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - caller: Who asks.
    ///   - earlier: The kernel's own error that comes before the policy's, found only when the
    ///     policy refuses.
    /// - Returns: The error that the call fails with, nil where it goes on.
    func refusal(
        of request: Request, _ caller: Caller, earlier: () -> ErrorNumber? = { nil }
    ) -> ErrorNumber? {
        refusal(of: request, decision(on: request, by: caller), earlier: earlier)
    }

    /// As above, for a decision that was made.
    func refusal(
        of request: Request, _ decision: Decision, earlier: () -> ErrorNumber? = { nil }
    ) -> ErrorNumber? {
        if case .deny = decision.verdict, let error = earlier() { return error }
        if recorder.wants(denial: decision.verdict.isDenial)
            || !decision.verdict.isDenial && recorder.wantsHelper(request)
        {
            notes.append(Note(call: callName, decision: decision, request: request))
        }
        if case .deny(let error) = decision.verdict, !recorder.isAuditing { return error }
        return nil
    }

    /// Refuses a call that cannot be judged, or not be made as it was judged, and notes why.
    ///
    /// It is not made in an audit either: nobody knows what it would do.
    func refuse(_ why: String) -> ErrorNumber {
        refuseMessage(why, noted: 0)
    }

    /// Refuses one message of a call, of which those before it may be sent, and notes why.
    ///
    /// The first so many notes are about those before it: they stay.
    func refuseMessage(_ why: String, noted: Int = .max) -> ErrorNumber {
        notes.removeLast(max(notes.count - noted, 0))
        let decision = Decision(.deny(policy.refusal), Reason(text: why, place: "profile"))
        if recorder.wants(denial: true) {
            notes.append(Note(call: callName, decision: decision, request: nil))
        }
        return policy.refusal
    }

    /// Refuses a call that was judged before, by that policy, and records why; the call's result.
    func refusal(
        _ why: String, of name: String, _ policy: PreparedPolicy, by caller: Caller
    ) -> Int64 {
        prepared = policy
        begin(name)
        let error = refuse(why)
        _ = recorder.record(notes, by: caller)
        return -Int64(error.rawValue)
    }

    /// As `refusal`, for a call that registers decide.
    func decide(
        _ request: Request, _ caller: Caller, earlier: () -> ErrorNumber? = { nil }
    ) -> Hold {
        refusal(of: request, caller, earlier: earlier).map { .fail($0) } ?? .run
    }

    /// `socketpair(2)`: flags; descriptors and memory for the result; family and type; policy.
    private func judgePair(
        _ family: Int32, _ type: Int32, _ number: Int32, _ result: UInt64, _ caller: Caller
    ) -> Hold {
        let kind = SocketKind(asked: family, type, number)
        func earlier() -> ErrorNumber? {
            if !memory.isAccessible(result, count: 8, of: caller.slot, forWriting: true) {
                return .badAddress
            }
            if family < 0 || family >= Int32(AddressFamily.limit) {
                return .addressFamilyNotSupported
            }
            return kind.type.rawValue >= SocketType.limit ? .invalidArgument : nil
        }
        if family < 0 || family >= Int32(AddressFamily.limit)
            || kind.type.rawValue >= SocketType.limit
        {
            return .fail(earlier() ?? .invalidArgument)
        }
        return decide(.create(kind), caller, earlier: earlier)
    }

    /// `listen(2)`: descriptor; policy.
    private func judgeListen(_ descriptor: Int32, _ caller: Caller) -> Hold {
        switch look(at: descriptor, caller, for: Request.listen) {
        case .error(let error): return .fail(error)
        case .socket(let state):
            let request = Request.listen(state)
            let decision = decision(on: request, descriptor, state.kind, by: caller)
            if let error = refusal(of: request, decision) { return .fail(error) }
            let step = recorder.isAuditing ? nil : decision.source
            depend(on: descriptor, request, step)
            let done = carryOut(step, on: descriptor, state.kind, AddressBytes(), caller)
            if case .failure(let error) = done { return .fail(error.number) }
            if step == nil, let error = settle(descriptor, state, caller) { return .fail(error) }
            return .run
        }
    }

    /// Notes the socket that a call is made on, where the verdict on the request depends on it, or
    /// what the call asks for.
    func depend(
        on descriptor: Int32, _ request: Request, _ step: SourceStep? = nil,
        isAnotherOnOthers: Bool = false
    ) {
        // The filter for its peers has to be the very socket's, too.
        let isOpened = request.operation == .bind || request.operation == .listen
        guard
            refusesPeers && isOpened || step?.changesSocket == true
                || isAnotherOnOthers || prepared.verdictDependsOnSocket(request)
        else { return }
        dependence = SocketDependence(descriptor: descriptor, operation: request.operation)
    }

    /// What is to be sent when the connection is there that a call with MSG_FASTOPEN begins.
    func send(_ message: SocketDependence.Message) { dependence?.message = message }
}

/// Who makes a call.
struct Caller {
    let thread: ThreadID
    let slot: Int
    let layouts: MemoryLayouts
    /// The number of the process.
    let process: ThreadID
}

/// The socket that a verdict depends on.
struct SocketDependence: Equatable {
    /// The caller's number for it, which stands for another socket a moment later.
    var descriptor: Int32
    var operation: SupervisePolicy.Operation
    /// What is sent over the connection that the call begins, where it is a send.
    var message: Message?
    /// Whether the call found a connection begun that was not there yet.
    var isConnecting = false
    /// SO_SNDTIMEO in milliseconds, where the call would wait.
    var sendTimeout: Int32?
    /// The path in the call's address, where what it leads to makes a difference.
    var path: [UInt8]?
    /// Whether it is an AF_UNIX socket, of which nothing tells when a peer has room.
    var isUnix = false

    /// A message, as its call has it.
    enum Message: Equatable {
        case buffer(pointer: UInt64, size: UInt64, flags: UInt32)
        case header(MessageHeader, control: [UInt8]?, flags: UInt32)
    }
}

/// A path that a deputy has opened in the descriptors and the directory that are its own.
struct PinnedPath {
    /// The error of opening it, 0 where it is open.
    var error: Int32
    /// The absolute path of what was opened, without links; nil where the tracer does not see it
    /// under its path: the caller has mounts of its own.
    var path: [UInt8]?
    /// A relative path to that very object from the deputy's working directory; nil where it cannot
    /// be named so.
    var name: [UInt8]?
    /// The deputy's number for the socket that was judged; -1 where none was.
    var socket: Int32 = -1
}

/// A decision that is to be recorded.
struct Note: Equatable {
    /// The call's name; `socketcall(2)` goes by the names of the calls it makes.
    var call: String
    var decision: Decision
    /// What is asked for; nil where the call could not be looked at.
    var request: Request?
}

extension SupervisePolicy.Operation {
    /// What a call is about, by its name.
    init(ofCall name: String) {
        self =
            switch name {
            case "socket", "socketpair": .create
            case "bind": .bind
            case "listen": .listen
            case "accept", "accept4": .accept
            case "sendto", "sendmsg", "sendmmsg": .send
            case "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd": .trace
            default: .connect
            }
    }
}

extension SocketKind {
    /// The socket of a call's arguments, flags and all; what no kernel has stays what it is.
    init(asked family: Int32, _ type: Int32, _ number: Int32) {
        self.init(
            asked: AddressFamily(rawValue: UInt16(truncatingIfNeeded: family)),
            SocketType(rawValue: type & Int32(SocketType.mask)), number)
    }
}
