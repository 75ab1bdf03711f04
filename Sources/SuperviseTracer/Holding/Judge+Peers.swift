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
        let missing = subjectNeeds.subtracting(inquiry.asked)
        if !missing.isEmpty {
            subjects.read(missing, into: &inquiry.subject, of: caller)
            inquiry.asked.formUnion(missing)
        }
        guard let filter = PeerFilter(policy: policy, kind: kind, subject: inquiry.subject) else {
            return true
        }
        // Whoever connects is judged when the connection is accepted, too.
        let isAccepted = kind.type == .stream && judgesConnections
        // MPTCP and SCTP receive by sockets of their own behind this one.
        let isPlain = kind.protocolName == "tcp" || kind.type == .datagram || kind.type == .raw
        guard isPlain, filter.instructions.count <= PeerFilter.limit,
            let copy = sockets.copyOrShown(of: descriptor, slot: caller.slot)
        else { return isAccepted }
        defer { copy.closeCopy() }
        return filterPackets(of: copy.rawValue, by: filter.instructions) == 0 || isAccepted
    }

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
            Reason(text: "peers that cannot be kept away", place: "profile"))
    }
}
