extension Policy {
    /// Whether a request might be decided otherwise for another socket, whatever its kind: inherited
    /// and received sockets may be of any.
    ///
    /// Such a call has to be judged for the very socket that it is made on.
    public func verdictDependsOnSocket(_ request: Request) -> Bool {
        request.addressed.map {
            verdictDependsOnSocket(
                $0.operation, $0.address, inherited: SocketKind.samples(for: allRules))
        } ?? request.dependsOnSocket
    }

    /// Whether rules are about AF_UNIX names in the file system, so that links make a difference.
    ///
    /// Then what is judged is the object that the kernel reaches by a name.
    public var judgesPaths: Bool {
        allRules.contains { if case .path? = $0.endpoint { true } else { false } }
    }
}

extension PreparedPolicy {
    /// As ``Policy/verdictDependsOnSocket(_:)``.
    public func verdictDependsOnSocket(_ request: Request) -> Bool {
        request.addressed.map {
            verdictDependsOnSocket($0.operation, $0.address, inherited: everySocket)
        } ?? request.dependsOnSocket
    }
}

extension Request {
    /// The operation and the address of a request that names one.
    fileprivate var addressed: (operation: Operation, address: SocketAddress)? {
        switch self {
        case .bind(_, let address): (.bind, address)
        case .connect(_, let address): (.connect, address)
        case .send(_, let address): (.send, address)
        case .create, .listen, .accept, .trace: nil
        }
    }

    /// Of a request that names no address, whether it is about a socket that exists.
    fileprivate var dependsOnSocket: Bool { operation == .listen || operation == .accept }
}
