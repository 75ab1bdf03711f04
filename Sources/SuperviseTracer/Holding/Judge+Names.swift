import SupervisePolicy

/// A call that names an address: bind, connect, or a send with a destination.
struct Named {
    let operation: Operation
    let descriptor: Int32
    let address: UInt64
    let length: Int32
    let flags: UInt32
    /// Which argument points to the address; the next one is its length.
    let argument: Int
    /// Where `sendto(2)` has its message, and its size: the first thing the kernel checks.
    var buffer: (pointer: UInt64, size: UInt64)?

    init(
        _ operation: Operation, _ descriptor: Int32, _ address: UInt64, _ length: Int32,
        flags: UInt32 = 0, argument: Int = 1
    ) {
        self.operation = operation
        self.descriptor = descriptor
        self.address = address
        self.length = length
        self.flags = flags
        self.argument = argument
    }

    /// MSG_FASTOPEN: a send to a destination connects a TCP socket first.
    private static let fastOpen: UInt32 = 0x2000_0000

    /// Whether the call is a connect on some sockets and a send on others.
    ///
    /// AF_UNIX sockets do not look at the flag, and others refuse their names.
    func mayConnect(to address: SocketAddress) -> Bool {
        operation == .send && flags & Self.fastOpen != 0 && address.family != .unix
    }

    /// The request that the policy judges.
    func request(_ socket: SocketState, _ address: SocketAddress) -> Request {
        switch operation {
        case .bind: return .bind(socket, address)
        case .send:
            let isStream = socket.kind.map { $0.type == .stream && $0.family != .unix } ?? true
            return mayConnect(to: address) && isStream
                ? .connect(socket, address) : .send(socket, address)
        default: return .connect(socket, address)
        }
    }

    /// What the call asks for besides, where it is not known on which kind of socket it is made.
    func otherRequest(_ socket: SocketState, _ address: SocketAddress) -> Request? {
        socket.kind == nil && mayConnect(to: address) ? .send(socket, address) : nil
    }
}

extension Judge {
    /// `bind(2)`, `connect(2)`, `sendto(2)`: descriptor and address, in an order that differs.
    func judgeNamed(_ named: Named, _ caller: Caller) -> Hold {
        // EINVAL by the registers alone: no call takes an address of such a length.
        guard named.length >= 0, named.length <= AddressBytes.capacity else { return .run }
        // Without any byte nothing can be named.
        if named.operation != .send, named.length == 0 { return .run }
        var address = AddressBytes()
        switch memory.readAddress(
            named.address, length: Int(named.length), of: caller.slot, into: &address)
        {
        case .hidden:
            return .fail(refuse(Self.hidden))
        case .bytes(let count) where count < Int(named.length):
            return .fail(unreadable(named, caller))
        case .bytes where named.operation != .send && address.count < 2:
            // Too short to have a family: sockets of every kind refuse to bind or connect to it, but
            // HCI sockets, which fill it with zeros and find AF_BLUETOOTH in a single byte.
            guard isReadable(named, caller) else { return .fail(unreadable(named, caller)) }
            return .runSealed(
                SealedArguments(
                    address: recorder.isAuditing ? address : AddressBytes([0]),
                    argument: named.argument, callerLength: 1))
        case .bytes:
            break
        }
        switch judge(named, address, caller) {
        case .failure(let error): return .fail(error.number)
        case .success(let address):
            if let buffer = named.buffer {
                send(.buffer(pointer: buffer.pointer, size: buffer.size, flags: named.flags))
            }
            // The tracer could read it; the program itself must be able to, too.
            guard isReadable(named, caller) else { return .fail(unreadable(named, caller)) }
            return .runSealed(
                SealedArguments(
                    address: address, argument: named.argument, callerLength: Int(named.length)))
        }
    }

    /// Judges a name that was read; a success is the address that the kernel is to be given.
    func judge(
        _ named: Named, _ bytes: AddressBytes, _ caller: Caller,
        earlier: (() -> ErrorNumber?)? = nil
    ) -> Result<AddressBytes, KernelError> {
        let judged = judgeName(named, bytes, caller, earlier: earlier)
        return named.operation == .bind
            ? forNoInterface(named, judged, caller) : forUnixAlone(named, judged, caller)
    }

    /// As above, where it is made sure that sockets of other families refuse AF_UNIX names.
    private func judgeName(
        _ named: Named, _ bytes: AddressBytes, _ caller: Caller, earlier: (() -> ErrorNumber?)?
    ) -> Result<AddressBytes, KernelError> {
        var (address, bytes) = (SocketAddressDecoder.decode(bytes), bytes)
        if prepared.judgesPaths, named.operation != .bind, case .unix(.path(let path)) = address {
            guard let pinned else {
                depend(onPath: path, named.descriptor, named.operation)
                return .success(bytes)
            }
            return judge(named, path, pinned, caller, earlier: earlier)
        }
        // A name that is to be made: there is nothing yet that could be held.
        switch lookUp(address, named, caller) {
        case .unasked: break
        case .error(let error):
            // The caller may be somebody else, who could not see as much: the kernel tells it its own
            // error. Whatever is there by then, no name can be made of this one.
            guard error != .nameTooLong, let nameless = bytes.inFolderAlone else {
                return .failure(KernelError(number: error))
            }
            if mayHaveAnyFamily { depend(onFamilyOf: named.descriptor, named.operation) }
            return .success(nameless)
        case .unknown:
            let request = named.request(.unknown, address)
            let error = refusal(of: request, unknownName) { refusedEarlier(named, caller) }
            if let error { return .failure(KernelError(number: error)) }
            return .success(bytes)
        case .name(let name, let given):
            address = name
            if case .path(let path) = given { bytes = AddressBytes([1, 0] + path + [0]) }
        }
        // First without looking at the socket: most verdicts are the same for every kind of it.
        let request = named.request(.unknown, address)
        let other = named.otherRequest(.unknown, address)
        let isAllowedOnAny =
            !recorder.wants(denial: false) && !refusesPeers && policy.source.isEmpty
            && isAllowed(request, by: caller) && (other.map { isAllowed($0, by: caller) } ?? true)
        if isAllowedOnAny, !dependsOnProgram(request),
            !(other.map { dependsOnProgram($0) } ?? false)
        {
            return .success(bytes)
        }
        let given = NamedAddress(address: address, bytes: bytes)
        switch lookForName(named, given, caller) {
        case .error(.notSocket) where named.operation == .connect:
            // connect(2) copies the address before it asks whether the descriptor is a socket.
            return .failure(
                KernelError(number: isReadable(named, caller) ? .notSocket : .badAddress))
        case .error(let error):
            return .failure(KernelError(number: error))
        case .socket(let state):
            let read = given.read(by: state, in: named.operation)
            (address, bytes) = (read.address, read.bytes)
            if takesForIPv4(address, state, named) {
                return .failure(KernelError(number: .addressFamilyNotSupported))
            }
            var request = named.request(state, address)
            var decision = decision(on: request, named.descriptor, state.kind, by: caller)
            if !decision.verdict.isDenial, let other = named.otherRequest(state, address) {
                request = other
                decision = self.decision(on: other, named.descriptor, state.kind, by: caller)
            }
            let error = refusal(of: request, decision) {
                earlier?() ?? refusedEarlier(named, caller)
            }
            if let error { return .failure(KernelError(number: error)) }
            if isConnectedStream(named.descriptor, request, caller) {
                return .failure(KernelError(number: .isConnected))
            }
            // An AF_UNIX address is refused by every socket of another family, and AF_UNIX sockets
            // that differ in what they do with it are given one that makes no difference. Not where it
            // is to be made: others see it.
            let step = recorder.isAuditing ? nil : decision.source
            if !recorder.isAuditing {
                bytes = bytes.worded(
                    request.wording(tellsAddressesApart: prepared.tellsAddressesApart))
            }
            let isHeededByOthers =
                address.family != .unix || named.operation == .bind && mayHaveAnyFamily
            if isHeededByOthers, !isAllowedOnAny {
                depend(
                    on: named.descriptor, request, step,
                    isAnotherOnOthers: named.mayConnect(to: address))
            }
            if step != nil {
                return carryOut(step, on: named.descriptor, state.kind, bytes, caller)
            }
            guard named.operation == .send, let kind = state.kind, kind.family == .unix else {
                return .success(bytes)
            }
            return .success(harmlessName(bytes, address, for: kind))
        }
    }

    /// Judges what a path leads to; a success is an address that leads there and nowhere else.
    private func judge(
        _ named: Named, _ path: [UInt8], _ pinned: PinnedPath, _ caller: Caller,
        earlier: (() -> ErrorNumber?)?
    ) -> Result<AddressBytes, KernelError> {
        switch sockets.look(at: named.descriptor, of: caller.slot) {
        case .error(let error): return .failure(KernelError(number: error))
        case .socket(let state):
            if named.operation == .send, let kind = state.kind,
                kind.type == .stream
                    || kind.type == .sequentialPacket
            {
                // They do not look at it.
                return .success(.nobody)
            }
            let request = named.request(state, .unix(.path(pinned.path ?? path)))
            // What has no path is not judged by the one that it was opened by: with mounts of its
            // own a program gives every object any name.
            let decision =
                pinned.path == nil && pinned.error == 0
                ? unknownName
                : decision(on: request, named.descriptor, state.kind, by: caller)
            let error = refusal(of: request, decision) {
                earlier?() ?? refusedEarlier(named, caller)
                    ?? (pinned.error == 0 ? nil : ErrorNumber(rawValue: pinned.error))
            }
            if let error { return .failure(KernelError(number: error)) }
            if pinned.error != 0 {
                return .failure(KernelError(number: ErrorNumber(rawValue: pinned.error)))
            }
            guard let name = pinned.name else {
                return .failure(KernelError(number: refuse("a path that cannot be held")))
            }
            self.pinned?.socket = named.descriptor
            // AF_UNIX
            return .success(AddressBytes([1, 0] + name))
        }
    }

    /// What an AF_UNIX socket is given as a destination.
    ///
    /// A name that this socket does not use, or refuses, may be one that another socket sends to
    /// which is put in its place meanwhile. It is replaced by one that no socket sends to, and for
    /// which this one does the same.
    private func harmlessName(
        _ bytes: AddressBytes, _ address: SocketAddress, for kind: SocketKind
    ) -> AddressBytes {
        // Stream and sequenced-packet sockets do not look at it.
        guard kind.type == .datagram || kind.type == .raw else { return .nobody }
        return address.family == .unix ? bytes : .familyOnly
    }

    /// What the kernel finds wrong before it would come to the policy, with a readable address.
    private func refusedEarlier(_ named: Named, _ caller: Caller) -> ErrorNumber? {
        if let buffer = named.buffer, !isUserRange(buffer.pointer, buffer.size, caller) {
            return .badAddress
        }
        return isReadable(named, caller) ? nil : .badAddress
    }

    private func isReadable(_ named: Named, _ caller: Caller) -> Bool {
        memory.isAccessible(named.address, count: Int(named.length), of: caller.slot)
    }

    /// The error for an address that cannot be read, or what the kernel finds before it.
    private func unreadable(_ named: Named, _ caller: Caller) -> ErrorNumber {
        guard case .error(let error) = sockets.look(at: named.descriptor, of: caller.slot) else {
            return .badAddress
        }
        // connect(2) copies the address before it asks whether the descriptor is a socket.
        return named.operation == .connect && error == .notSocket ? .badAddress : error
    }

    /// `access_ok`: whether a range lies where programs have their memory at all.
    func isUserRange(_ pointer: UInt64, _ size: UInt64, _ caller: Caller) -> Bool {
        // TASK_SIZE_MAX with four levels of page tables; i386 pointers are always below it.
        let (end, overflow) = pointer.addingReportingOverflow(min(size, 0x7fff_f000))
        return !overflow && end <= 0x7fff_ffff_f000
    }
}
