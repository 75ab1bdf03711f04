import SupervisePolicy

/// What is judged by a socket's own address must have that address when the call is made, too.
extension Judge {
    /// Sees to it that a socket which is about to listen has the address that it was judged by.
    ///
    /// One without a port is bound to one of the kernel's choice, as the call would do, so that
    /// nobody can bind it elsewhere meanwhile. One that is connected cannot listen: no connection is
    /// waited for to be dissolved, which takes the address away.
    ///
    /// - Returns: The error that the call fails with, nil where it goes on.
    func settle(_ descriptor: Int32, _ state: SocketState, _ caller: Caller) -> ErrorNumber? {
        guard !recorder.isAuditing, holdsSocket, state.local != .unknown,
            case .known(let kind, false, let local) = state, kind.type == .stream,
            kind.family == .ipv4 || kind.family == .ipv6
        else { return nil }
        guard let copy = sockets.copyOrShown(of: descriptor, slot: caller.slot) else {
            return refuse("a socket that cannot be looked at")
        }
        defer { copy.close() }
        if copy.peerName() != nil { return .invalidArgument }
        let error =
            switch local {
            case .unbound: copy.bindAnyPort(kind.family == .ipv6 ? .anyIPv6 : .anyIPv4)
            case .bound(.ipv4(let own, port: 0)):
                copy.bindAnyPort(AddressBytes.anyIPv4.placing(.v4(own)))
            case .bound(.ipv6(let own, port: 0, scope: 0)):
                copy.bindAnyPort(AddressBytes.anyIPv6.placing(.v6(own)))
            default: Int32(0)
            }
        return error == 0 ? nil : ErrorNumber(rawValue: error)
    }

    /// Whether a connection would have to be dissolved before a socket could be connected as it was
    /// judged: one that is connected from an address has no other source.
    func isConnectedStream(_ descriptor: Int32, _ request: Request, _ caller: Caller) -> Bool {
        guard !recorder.isAuditing, !policy.source.isEmpty,
            case .connect(.known(let kind, _, _), let address) = request, kind.type == .stream,
            address.family == .ipv4 || address.family == .ipv6,
            let copy = sockets.copyOrShown(of: descriptor, slot: caller.slot)
        else { return false }
        defer { copy.close() }
        return kind.family != .unix && copy.peerName() != nil
    }
}

extension AddressBytes {
    /// 0.0.0.0, port 0.
    fileprivate static let anyIPv4 = AddressBytes([2, 0] + [UInt8](repeating: 0, count: 14))
    /// ::, port 0.
    fileprivate static let anyIPv6 = AddressBytes([10, 0] + [UInt8](repeating: 0, count: 26))
}
