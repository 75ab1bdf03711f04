/// What a process asks for, in the terms that a policy judges: the evaluator's question.
public enum Request: Hashable, Sendable {
    /// A new socket, or a pair of them.
    case create(SocketKind)
    /// A local address for a socket.
    case bind(SocketState, SocketAddress)
    /// A socket that is to take connections.
    case listen(SocketState)
    /// A peer for a socket.
    case connect(SocketState, SocketAddress)
    /// A message to a destination named in the call.
    case send(SocketState, SocketAddress)
    /// A connection from a peer, or a datagram from one.
    case accept(SocketState, SocketAddress)
    /// Access to a process's memory, registers or descriptors.
    case trace(TraceTarget)

    /// The request's operation in the rule grammar.
    public var operation: Operation {
        switch self {
        case .create: .create
        case .bind: .bind
        case .listen: .listen
        case .connect: .connect
        case .send: .send
        case .accept: .accept
        case .trace: .trace
        }
    }
}

/// What is known of the socket that a call names.
public enum SocketState: Hashable, Sendable {
    /// The socket could not be looked at; what depends on it is refused.
    case unknown
    /// A socket of this kind; `isListening` is `SO_ACCEPTCONN`.
    case known(SocketKind, isListening: Bool = false, local: LocalName = .unknown)

    /// The socket's kind where it is known.
    public var kind: SocketKind? {
        if case .known(let kind, _, _) = self { kind } else { nil }
    }

    /// What is known of the socket's local address.
    public var local: LocalName {
        if case .known(_, _, let local) = self { local } else { .unknown }
    }
}

/// What is known of a socket's local address, `getsockname(2)`.
public enum LocalName: Hashable, Sendable {
    /// Nobody looked.
    case unknown
    /// It has none: no port, and for AF_UNIX no name.
    case unbound
    /// It is bound to this one.
    case bound(SocketAddress)
}

/// Whom a tracing call is aimed at.
public enum TraceTarget: Hashable, Sendable {
    /// The calling process itself.
    case itself
    /// Another process of the supervised tree; it has every restriction that the caller has.
    case inTree
    /// Another process of the supervised tree, which lacks a restriction that the caller has.
    case lessRestricted
    /// A process outside the tree, or one that cannot be told.
    case outside
}
