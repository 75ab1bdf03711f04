// The reference meaning of a policy. The filter compiler, the documents and the harness are
// checked against this page; it knows nothing of processes, memory or system-call numbers.
//
// What is judged here has passed the kernel's own earlier checks (an open descriptor, a socket,
// a readable address): see "Order of errors" in docs/policy.md.

extension Policy {
    /// Decides a request.
    ///
    /// Total and pure: every request has an answer, and the same one every time.
    public func decide(_ request: Request) -> Decision {
        switch network {
        case .on: allowed("network on")
        case .off: decideWhenOff(request)
        }
    }

    /// The decision tables for a restricted process.
    private func decideWhenOff(_ request: Request) -> Decision {
        if let kind = request.socketKind, profile.exemptProtocols.contains(kind.protocolName) {
            return allowed("\(kind.protocolName) sockets")
        }
        return switch request {
        case .create(let kind):
            kind.family == .unix ? allowed("AF_UNIX sockets") : denied()
        case .bind(_, let address), .connect(_, let address):
            // The address's family decides, whatever the socket's: other sockets refuse AF_UNIX
            // names themselves, and AF_UNIX sockets other families' addresses.
            decide(naming: address)
        case .send(let socket, let address):
            decideSend(socket, to: address)
        case .listen(.known(let kind, let isListening)):
            if kind.family == .unix {
                allowed("AF_UNIX sockets")
            } else if isListening {
                allowed("listening already")
            } else {
                // An unbound socket would be bound to a port of the kernel's choice by this call.
                denied()
            }
        case .listen(.unknown):
            denied()
        case .trace(let target):
            decideTrace(target)
        }
    }

    private func decide(naming address: SocketAddress) -> Decision {
        guard case .unix(let name) = address else { return denied() }
        if case .path(let path) = name, profile.refusedPaths.contains(path) { return denied() }
        let (kind, what): (UnixNameKinds, String) =
            switch name {
            case .path: (.path, "AF_UNIX paths")
            case .unnamed: (.unnamed, "AF_UNIX autobind")
            case .abstract: (.abstract, "AF_UNIX abstract names")
            }
        return profile.exemptNames.contains(kind) ? allowed(what) : denied()
    }

    private func decideSend(_ socket: SocketState, to address: SocketAddress) -> Decision {
        // Here the socket's family decides: packet sockets do not look at the address's.
        guard let kind = socket.kind, kind.family == .unix else { return denied() }
        // Only datagram sockets use the name; the others ignore it or fail by themselves.
        guard kind.type == .datagram || kind.type == .raw else { return allowed("AF_UNIX sockets") }
        guard case .unix = address else { return allowed("AF_UNIX sockets") }
        return decide(naming: address)
    }

    private func decideTrace(_ target: TraceTarget) -> Decision {
        switch (target, profile.tracing) {
        case (.itself, _): allowed("its own process")
        case (.inTree, .equallyRestricted): allowed("tracing among equally restricted processes")
        case (.inTree, .never), (.outside, _): denied()
        }
    }

    private func allowed(_ why: String) -> Decision {
        Decision(.allow, Reason(text: why, place: "profile"))
    }

    private func denied() -> Decision {
        Decision(.deny(refusal), Reason(text: "network off", place: "profile"))
    }
}
