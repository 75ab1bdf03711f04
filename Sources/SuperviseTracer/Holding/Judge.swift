import SuperviseFilter
import SupervisePolicy

/// Judges trapped calls: reads what they keep in memory, asks the policy, and finds the kernel's
/// own earlier errors where the policy refuses.
///
/// The order of errors is the kernel's, from `net/socket.c` (Linux 6.1 to 6.18). A call that the
/// kernel will refuse by itself, for what its registers say, is let go to the kernel.
struct Judge {
    let policy: Policy
    let recorder: Recorder
    let tree: ProcessTree
    let memory: TraceeMemory
    let sockets: TraceeSockets

    init(policy: Policy, recorder: Recorder, tree: ProcessTree) {
        self.policy = policy
        self.recorder = recorder
        self.tree = tree
        memory = TraceeMemory(tree: tree)
        sockets = TraceeSockets(tree: tree)
    }

    /// Judges a call at its seccomp stop.
    func judge(_ call: JudgedCall, _ arguments: Arguments, _ caller: Caller) -> Hold {
        if call == .socketcall { return judgeSocketcall(arguments, caller) }
        // int 0x80 in 64-bit code leaves the upper halves as they are; i386 calls ignore them.
        let values = caller.layouts.word == 4 ? arguments.narrowed : arguments
        let hold = judge(NetworkCall(call, values, layouts: caller.layouts), caller)
        guard case .runEntries(let count) = hold else { return hold }
        // The number of entries is the third argument, in the same register in both ABIs.
        return .runChanged(
            [RegisterValue(register: .rdx, value: UInt64(count))],
            restoring: [RegisterValue(register: .rdx, value: arguments.wide(2))])
    }

    /// `socketcall(2)`: the number is in a register, the arguments are in memory.
    private func judgeSocketcall(_ arguments: Arguments, _ caller: Caller) -> Hold {
        let number = arguments.unsigned(0)
        let count = NetworkCall.socketcallArguments(number)
        guard count > 0 else { return .run }
        var bytes: [UInt8] = []
        let word = caller.layouts.word
        let list = arguments.narrowed.wide(1)
        let read = memory.readBytes(list, count: count * word, of: caller.slot, into: &bytes)
        guard read != .hidden else { return .fail(policy.refusal) }
        guard bytes.count == count * word,
            memory.isAccessible(list, count: count * word, of: caller.slot)
        else { return .fail(.badAddress) }
        let decoder = MessageHeaderDecoder(layouts: caller.layouts)
        let words = (0..<6).map { decoder.word(bytes, at: $0 * word) }
        let inMemory = Arguments(words[0], words[1], words[2], words[3], words[4], words[5])
        var caller = caller
        caller.callName = NetworkCall.name(ofSocketcall: number)
        let hold = judgeUnfiltered(NetworkCall(socketcall: number, inMemory), caller)
        guard case .runEntries(let entries) = hold,
            let direct = Architecture.i386.table.number(of: .sendmmsg)
        else { return hold }
        // The number of entries is in the tracee's memory: the call of the same meaning that has
        // it in a register is made instead.
        return .runChanged(
            [
                RegisterValue(register: .originalRax, value: UInt64(direct)),
                RegisterValue(register: .rbx, value: words[0]),
                RegisterValue(register: .rcx, value: words[1]),
                RegisterValue(register: .rdx, value: UInt64(entries)),
                RegisterValue(register: .rsi, value: words[3]),
            ],
            restoring: [
                RegisterValue(register: .originalRax, value: 102),
                RegisterValue(register: .rbx, value: arguments.wide(0)),
                RegisterValue(register: .rcx, value: arguments.wide(1)),
                RegisterValue(register: .rdx, value: arguments.wide(2)),
                RegisterValue(register: .rsi, value: arguments.wide(3)),
            ])
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
            let kind = SocketKind(
                family: AddressFamily(rawValue: UInt16(truncatingIfNeeded: family)),
                type: SocketType(rawValue: type & Int32(SocketType.mask)), protocolNumber: number)
            return decide(.create(kind), caller, kind: kind)
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
        case .sendto(let descriptor, let buffer, let size, let flags, let address, let length):
            guard address != 0 else { return .run }
            var named = Named(.send, descriptor, address, length, flags: flags)
            named.buffer = (buffer, size)
            return judgeNamed(named, caller)
        case .sendmsg(let descriptor, let header, let flags):
            return judgeMessage(descriptor, header, flags, caller)
        case .sendmmsg(let descriptor, let headers, let count, let flags):
            return judgeMessages(descriptor, headers, count, flags, caller)
        case .ptrace, .processMemory, .pidfdGetfd:
            return judgeTracing(call, caller)
        case .other:
            // Our filter never traps these: the stop is the doing of a filter of the program's own.
            return .fail(.noFunction)
        }
    }

    /// Asks the policy and records what it says.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - caller: Who asks.
    ///   - kind: The socket's kind, where it is known.
    ///   - earlier: The kernel's own error that comes before the policy's, found only when the
    ///     policy refuses.
    func decide(
        _ request: Request, _ caller: Caller, kind: SocketKind?,
        earlier: () -> ErrorNumber? = { nil }
    ) -> Hold {
        let decision = policy.decide(request)
        if case .deny = decision.verdict, let error = earlier() { return .fail(error) }
        return recorder.record(decision, of: request, by: caller, kind: kind)
    }

    /// `socketpair(2)`: flags; descriptors and memory for the result; family and type; policy.
    private func judgePair(
        _ family: Int32, _ type: Int32, _ number: Int32, _ result: UInt64, _ caller: Caller
    ) -> Hold {
        let kind = SocketKind(
            family: AddressFamily(rawValue: UInt16(truncatingIfNeeded: family)),
            type: SocketType(rawValue: type & Int32(SocketType.mask)), protocolNumber: number)
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
        return decide(.create(kind), caller, kind: kind, earlier: earlier)
    }

    /// `listen(2)`: descriptor; policy.
    private func judgeListen(_ descriptor: Int32, _ caller: Caller) -> Hold {
        switch sockets.look(at: descriptor, of: caller.slot) {
        case .error(let error): .fail(error)
        case .socket(let state): decide(.listen(state), caller, kind: state.kind)
        }
    }
}

/// Who makes a call.
struct Caller {
    let thread: ThreadID
    let slot: Int
    let layouts: MemoryLayouts
    /// The number of the process.
    let process: ThreadID
    /// The call's name, for the log.
    var callName: String
}
