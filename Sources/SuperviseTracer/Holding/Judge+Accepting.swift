import SupervisePolicy

extension AcceptCall {
    /// `SOCK_CLOEXEC`.
    static let closeOnExec: UInt32 = 0x8_0000
    /// The flags that `accept4(2)` takes: also `SOCK_NONBLOCK`.
    static let knownFlags: UInt32 = closeOnExec | 0x800
}

/// Connections, whose peers are known only when they have been accepted.
extension Judge {
    /// `accept(2)`, `accept4(2)`: flags and descriptor; then the peer of each connection.
    func judgeAccept(_ call: AcceptCall, _ caller: Caller) -> Hold {
        if call.flags & ~AcceptCall.knownFlags != 0 { return .fail(.invalidArgument) }
        // Before Linux 6.9 the packet filter alone keeps peers away, and what it cannot be attached
        // to never begins to listen; a listener that was there before is not guarded.
        guard refusesPeers, judgesConnections, !recorder.isAuditing else { return .run }
        // The caller makes a socket that the tracer has to take.
        guard !memory.isHidden(caller.slot) else {
            return .fail(refuse(Self.hiddenPeers))
        }
        return .accept(call)
    }

    /// Judges who has made a connection, and records it.
    ///
    /// - Parameters:
    ///   - connection: A copy of what was accepted; nil where there is none to have.
    ///   - listener: The caller's number of the socket that it came to.
    ///   - call: The call's name.
    ///   - caller: Who accepts, with the descriptors that the number is one of.
    /// - Returns: Whether the program may hear of it; never where it could not be recorded.
    func hears(
        _ connection: Descriptor?, on listener: Int32, _ call: String, _ caller: Caller
    ) -> Bool {
        begin(call)
        guard let connection else {
            _ = refuse("a peer that cannot be looked at")
            _ = recorder.record(notes, by: caller)
            return false
        }
        let kind = connection.kind()?.0
        let isInternet = kind.map { $0.family == .ipv4 || $0.family == .ipv6 } ?? true
        let peer = connection.peerName()
        // Reset already by who knows whom: what came before that could still be read.
        if isInternet, peer == nil { return false }
        let state =
            kind.map { SocketState.known($0, local: connection.localName()) } ?? .unknown
        let request = Request.accept(state, peer ?? .unspecified)
        var decision = decision(on: request, by: caller)
        if !decision.verdict.isDenial {
            decision = refusal(of: request, toHoldersOf: listener, caller) ?? decision
        }
        let isRefused = refusal(of: request, decision) != nil
        return recorder.record(notes, by: caller) && !isRefused
    }
}
