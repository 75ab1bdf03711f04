import SupervisePolicy

extension Judge {
    /// Makes sure that an AF_UNIX name which may be connected or sent to is of no use to a socket of
    /// another family, which may take the descriptor's place or be there already.
    ///
    /// The kernel is given the name in a form that only AF_UNIX sockets make sense of. The few names
    /// that have none are used by a deputy, on a socket that is looked at.
    func forUnixAlone(
        _ named: Named, _ judged: Result<AddressBytes, KernelError>, _ caller: Caller
    ) -> Result<AddressBytes, KernelError> {
        guard !recorder.isAuditing, case .success(let given) = judged else { return judged }
        if let plain = given.forUnixAlone { return .success(plain) }
        depend(onFamilyOf: named.descriptor, named.operation)
        guard holdsSocket,
            case .socket(let state) = sockets.look(at: named.descriptor, of: caller.slot),
            state.kind?.family != .unix
        else { return judged }
        return .failure(KernelError(number: refuse(Self.otherFamily)))
    }

    /// Looks at the socket of a call that names an address.
    ///
    /// Where all sockets of the tree look at a name's family, one that cannot be looked at is taken for an
    /// AF_UNIX socket when it is to be bound to an AF_UNIX name: others refuse it by themselves.
    func lookForName(_ named: Named, _ given: NamedAddress, _ caller: Caller) -> SocketLookup {
        let wanted = tree.wanted
        let address = given.address
        let lookup = look(
            at: named.descriptor, caller,
            for: { named.request($0, given.read(by: $0, in: named.operation).address) })
        guard case .socket(let state) = lookup, state.kind == nil, !mayHaveAnyFamily,
            named.operation == .bind, address.family == .unix
        else { return lookup }
        let assumed = SocketState.known(SocketKind(family: .unix, type: .stream))
        // What is refused is looked at all the same: the descriptor's own errors come first.
        guard isAllowed(named.request(assumed, address), by: caller) else { return lookup }
        tree.wanted = wanted
        return .socket(assumed)
    }

    /// Whether a socket would be bound to an IPv4 address that stands in an IPv6 one, as raw sockets are.
    ///
    /// Others of IPv4 give EAFNOSUPPORT for it.
    func takesForIPv4(_ address: SocketAddress, _ socket: SocketState, _ named: Named) -> Bool {
        guard named.operation == .bind, !recorder.isAuditing, let kind = socket.kind else {
            return false
        }
        return kind.family == .ipv4 && kind.type == .raw && address.family == .ipv6
    }

    private static let otherFamily = "an AF_UNIX name that a socket may take for another"
}
