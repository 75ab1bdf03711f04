import SuperviseFilter
import SupervisePolicy

/// What was found out of the thread that makes the call being judged.
struct Inquiry {
    var subject = Subject.unknown
    /// What was asked for already, whether there was an answer or not.
    var asked: Needs = []
}

extension Judge {
    /// The policy's answer to a request, with all that it asks for of the caller found out.
    ///
    /// What then is still needed is of the socket.
    func answer(to request: Request, by caller: Caller) -> Answer {
        answer(to: request, by: caller, &inquiry)
    }

    /// As above, for any thread.
    private func answer(
        to request: Request, by caller: Caller, _ inquiry: inout Inquiry
    ) -> Answer {
        while true {
            let answer = prepared.answer(to: request, by: inquiry.subject)
            guard case .needs(let needs) = answer else { return answer }
            let missing = needs.intersection(.subject).subtracting(inquiry.asked)
            if missing.isEmpty { return answer }
            subjects.read(missing, into: &inquiry.subject, of: caller)
            inquiry.asked.formUnion(missing)
        }
    }

    /// The policy's decision; what cannot be found out counts as what would be refused.
    func decision(on request: Request, by caller: Caller) -> Decision {
        decision(on: request, by: caller, &inquiry)
    }

    /// As above, for any thread.
    func decision(
        on request: Request, by caller: Caller, _ inquiry: inout Inquiry
    ) -> Decision {
        if case .decided(let decision) = answer(to: request, by: caller, &inquiry) {
            return decision
        }
        return prepared.decide(request, by: inquiry.subject)
    }

    /// Whether a request is allowed whatever socket it is about, as far as can be told without
    /// looking at one.
    func isAllowed(_ request: Request, by caller: Caller) -> Bool {
        switch prepared.answer(to: request, by: inquiry.subject) {
        case .decided(let decision): decision.verdict == .allow
        case .needs(let needs) where needs.isDisjoint(with: [.socket, .local]):
            decision(on: request, by: caller).verdict == .allow
        case .needs: false
        }
    }

    /// Looks at a socket as closely as the policy needs it for a request.
    ///
    /// All that is told is of one and the same socket, however the descriptor changes meanwhile.
    func look(
        at descriptor: Int32, _ caller: Caller, for request: (SocketState) -> Request
    ) -> SocketLookup {
        let lookup = sockets.look(at: descriptor, of: caller.slot)
        guard case .socket(let state) = lookup, state.kind != nil else { return lookup }
        if !recorder.wantsLocalNames {
            guard case .needs(let needs) = answer(to: request(state), by: caller),
                needs.contains(.local)
            else { return lookup }
        }
        return sockets.look(at: descriptor, of: caller.slot, withName: true)
    }
}
