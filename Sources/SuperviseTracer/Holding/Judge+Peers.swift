import SuperviseFilter
import SupervisePolicy

extension Judge {
    /// Sees to it that a socket hears nothing from peers that the rules on `accept` refuse.
    ///
    /// Before the socket gets a port, a filter is attached to it that the program cannot take off.
    /// One that was attached for another program, for which the rules differ, makes the socket
    /// useless for this one.
    ///
    /// A TCP socket hears of peers once it listens. The kernel lets only privileged users filter
    /// one (Linux 6.18); for others its peers are judged when they are accepted, and only then.
    ///
    /// - Returns: Whether that is so; where it is false, the call must not be made.
    private func refusePeers(
        of descriptor: Int32, _ kind: SocketKind?, in operation: Operation, _ caller: Caller
    ) -> Bool {
        guard refusesPeers, !recorder.isAuditing, let kind,
            kind.family == .ipv4 || kind.family == .ipv6,
            kind.type != .stream || operation == .listen
        else { return true }
        // Whoever connects is judged when the connection is accepted, too.
        let isAccepted = kind.type == .stream && judgesConnections
        guard let filter = filter(for: kind, caller) else { return true }
        // MPTCP and SCTP receive by sockets of their own behind this one.
        let isPlain = kind.protocolName == "tcp" || kind.type == .datagram || kind.type == .raw
        guard isPlain, let copy = sockets.copyOrShown(of: descriptor, slot: caller.slot)
        else { return isAccepted }
        defer { copy.closeCopy() }
        return attach(filter, to: copy) || isAccepted
    }

    /// `socket(2)`: the policy; then the filter for the peers of what hears of them unasked.
    func judgeSocket(_ call: SocketCall, _ caller: Caller) -> Hold {
        let kind = SocketKind(asked: call.family, call.type, call.protocolNumber)
        let hold = decide(.create(kind), caller)
        guard case .run = hold, refusesPeers, !recorder.isAuditing,
            PeerFilter.guardsNew(kind, under: policy)
        else { return hold }
        // The caller makes a socket that the tracer has to take.
        guard !memory.isHidden(caller.slot) else { return .fail(refuse(Self.hiddenPeers)) }
        return .make(call)
    }

    /// Attaches the filter for its peers to a new socket; false where that cannot be done.
    func keepPeersAway(from socket: Descriptor, _ kind: SocketKind?, _ caller: Caller) -> Bool {
        guard let kind else { return false }
        return filter(for: kind, caller).map { attach($0, to: socket) } ?? true
    }

    private func attach(_ filter: PeerFilter, to socket: Descriptor) -> Bool {
        filter.instructions.count <= PeerFilter.limit
            && filterPackets(of: socket.rawValue, by: filter.instructions) == 0
    }

    /// The filter that a socket of the caller's needs; nil where it needs none.
    private func filter(for kind: SocketKind, _ caller: Caller) -> PeerFilter? {
        let missing = subjectNeeds.subtracting(inquiry.asked)
        if !missing.isEmpty {
            subjects.read(missing, into: &inquiry.subject, of: caller)
            inquiry.asked.formUnion(missing)
        }
        return PeerFilter(policy: policy, kind: kind, subject: inquiry.subject)
    }

    /// Why a socket is refused that hears of everybody.
    static let unfiltered = "peers that cannot be kept away"
    /// Why a call is refused that a process which hides cannot be handed the result of.
    static let hiddenPeers = "peers of a process that hides"

    /// As `decision`, for a call on a socket: all that hold it count, and one that may give it peers
    /// attaches the filter on the way.
    func decision(
        on request: Request, _ descriptor: Int32, _ kind: SocketKind?, by caller: Caller
    ) -> Decision {
        var decision = decision(on: request, by: caller)
        if !decision.verdict.isDenial {
            decision = refusal(of: request, toHoldersOf: descriptor, caller) ?? decision
        }
        if decision.verdict.isDenial
            || refusePeers(of: descriptor, kind, in: request.operation, caller)
        {
            return decision
        }
        return Decision(
            .deny(policy.refusal),
            Reason(text: Self.unfiltered, place: "profile"))
    }
}
