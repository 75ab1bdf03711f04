import SupervisePolicy
import SystemPackage

/// What an AF_UNIX name in the file system leads to.
enum PathLookup: Equatable {
    /// Rules do not ask, or the socket does not look at the name.
    case unasked
    /// This name, and the bytes that the kernel is to be given for it.
    case name(SocketAddress, AddressBytesOrSame)
    /// Nothing: the kernel's error.
    case error(ErrorNumber)
    /// It cannot be told.
    case unknown

    /// The bytes of a name without links, or the caller's own.
    enum AddressBytesOrSame: Equatable {
        case path([UInt8])
        case same
    }
}

extension Judge {
    /// Finds out where a name in the file system leads to.
    ///
    /// Rules are compared with the path of the object that the kernel would reach: from the caller's
    /// root and folder on, without links. The kernel is then given that path, so that no link can be
    /// put in the place of another meanwhile. What remains is that a folder of the path itself is
    /// replaced, by somebody who may write to the one above.
    func lookUp(
        _ address: SocketAddress, _ named: Named, _ caller: Caller
    ) -> PathLookup {
        guard prepared.judgesPaths, case .unix(.path(let path)) = address,
            case .socket(let state) = sockets.look(at: named.descriptor, of: caller.slot)
        else { return .unasked }
        guard let kind = state.kind else { return .unknown }
        // Sockets of other families refuse the name, and streams do not look at a destination.
        let isHeeded = named.operation != .send || kind.type == .datagram || kind.type == .raw
        guard kind.family == .unix, isHeeded else { return .unasked }
        let isNew = named.operation == .bind
        switch resolveName(path, isNew: isNew, for: caller.thread) {
        case .failure(.improperLink): return .unknown
        case .failure(let error): return .error(ErrorNumber(rawValue: error.rawValue))
        case .success(let found):
            // The name that is made is the caller's own, and others see it.
            let fits = found.path.count < 108 && found.isOurRoot && !isNew
            return .name(.unix(.path(found.path)), fits ? .path(found.path) : .same)
        }
    }

    /// The refusal of a name that cannot be told.
    var unknownName: Decision {
        Decision(
            .deny(policy.refusal),
            Reason(text: "a path that cannot be looked up", place: "profile"))
    }
}
