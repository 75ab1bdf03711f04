// The reference meaning of a policy. The filter compiler, the documents and the harness are
// checked against this page; it knows nothing of processes, memory or system-call numbers.
//
// What is judged here has passed the kernel's own earlier checks (an open descriptor, a socket,
// a readable address): see "Order of errors" in docs/policy.md.

extension Policy {
    /// Decides a request.
    ///
    /// Total and pure: every request has an answer, and the same one every time. What is not known
    /// of the socket or the subject is taken for what would be refused.
    public func decide(_ request: Request, by subject: Subject = .unknown) -> Decision {
        outcome(of: request, by: subject).cautious
    }

    /// Decides a request, or says what has to be known first.
    public func answer(to request: Request, by subject: Subject = .unknown) -> Answer {
        outcome(of: request, by: subject).answer
    }

    /// What the boolean and its profile say where no rule matches.
    func decideWithoutRules(_ request: Request) -> Decision {
        switch network {
        case .on:
            // Nobody gets around the rules with the help of a process that they do not bind.
            if case .trace(.outside) = request, restricts { return denied("tracing outside") }
            if case .trace(.inTree) = request, dependsOnSubject { return denied(Self.unequal) }
            return allowed("network on")
        case .off: return decideWhenOff(request)
        }
    }

    private static let unequal = "tracing where rules depend on the process"

    /// The decision tables for a restricted process.
    private func decideWhenOff(_ request: Request) -> Decision {
        switch request {
        case .trace(let target):
            decideTrace(target)
        case .accept:
            allowed("peers of a listening socket")
        case _ where profile.otherwise == .on:
            allowed("network on but for the profile's rules")
        case .create(let kind):
            kind.family == .unix ? allowed("AF_UNIX sockets") : denied()
        case .bind(let socket, .unix(let name))
        where name != .unnamed && socket.kind?.bindsAnyFamily != false:
            // The socket would be bound to something else.
            denied()
        case .bind(_, let address), .connect(_, let address):
            // The address's family decides, whatever the socket's: other sockets refuse AF_UNIX
            // names themselves, or are given them in a form that they refuse, and AF_UNIX sockets
            // other families' addresses.
            decide(naming: address)
        case .send(let socket, let address):
            decideSend(socket, to: address)
        case .listen(.known(let kind, let isListening, _)):
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
        }
    }

    private func decide(naming address: SocketAddress) -> Decision {
        guard case .unix(let name) = address else { return denied() }
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
        case (.inTree, .equallyRestricted) where dependsOnSubject: denied(Self.unequal)
        case (.inTree, .equallyRestricted): allowed("tracing among equally restricted processes")
        case (.inTree, .never), (.lessRestricted, _), (.outside, _): denied()
        }
    }

    private func allowed(_ why: String) -> Decision {
        Decision(.allow, Reason(text: why, place: "profile"))
    }

    private func denied() -> Decision {
        isGivenUp
            ? Decision(.deny(refusal), Reason(text: "network given up", place: "process"))
            : denied("network off")
    }

    private func denied(_ why: String) -> Decision {
        Decision(.deny(refusal), Reason(text: why, place: "profile"))
    }
}
