import SupervisePolicy
import SystemPackage

extension Judge {
    /// Sees to it that a socket gets the local address that the policy wants it to have.
    ///
    /// The address that a `bind` is given replaces the caller's. What is done to the socket itself
    /// is done through a copy of its descriptor, when a deputy holds that socket: the caller's
    /// number may stand for another one by the time its call is made.
    ///
    /// - Parameters:
    ///   - step: What is to be done.
    ///   - descriptor: The socket.
    ///   - kind: What kind of socket it is.
    ///   - bytes: The address in the call.
    ///   - caller: Who makes it.
    /// - Returns: The address that the kernel is to be given, or the call's error.
    func carryOut(
        _ step: SourceStep?, on descriptor: Int32, _ kind: SocketKind?, _ bytes: AddressBytes,
        _ caller: Caller
    ) -> Result<AddressBytes, KernelError> {
        switch step {
        case nil: return .success(bytes)
        case .replaced(let address): return .success(bytes.replacing(with: address))
        case .bound, .ipv6Only:
            guard holdsSocket else { return .success(bytes) }
            guard let step, let kind, let copy = sockets.copy(of: descriptor, slot: caller.slot)
            else {
                return .failure(KernelError(number: refuse("a socket that cannot be looked at")))
            }
            defer { copy.closeCopy() }
            let error = copy.carryOut(step, kind)
            return error == 0
                ? .success(bytes) : .failure(KernelError(number: ErrorNumber(rawValue: error)))
        }
    }
}

extension Descriptor {
    /// Changes a socket as a step wants it; the error, or 0.
    fileprivate func carryOut(_ step: SourceStep, _ kind: SocketKind) -> Int32 {
        switch step {
        case .replaced: return 0
        case .ipv6Only: return makeIPv6Only()
        case .bound(let address):
            return bindSource(AddressBytes(source: address, isIPv6: kind.isIPv6).bytes)
        }
    }
}

extension AddressBytes {
    /// The address of a socket, with port 0; on IPv6 sockets an IPv4 address is a mapped one.
    fileprivate init(source address: IPAddress, isIPv6: Bool) {
        var isIPv6 = isIPv6
        if case .v6 = address { isIPv6 = true }
        let family: UInt8 = isIPv6 ? 10 : 2
        let empty = [family, 0] + [UInt8](repeating: 0, count: isIPv6 ? 26 : 14)
        self = AddressBytes(empty).replacing(with: address)
    }

    /// The same address and port of another host.
    ///
    /// AF_UNSPEC, where it stands for AF_INET, is AF_INET from then on.
    fileprivate func replacing(with address: IPAddress) -> AddressBytes {
        var result = placing(address)
        if case .v4 = address, storage[0] != 10 { result.put([2, 0], at: 0) }
        return result
    }

    fileprivate var bytes: [UInt8] { (0..<count).map { storage[$0] } }
}
