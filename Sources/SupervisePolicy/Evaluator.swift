/// What answers requests: a policy, which is the reference, and a prepared one.
public protocol Evaluator {
    /// Decides a request.
    ///
    /// Total and pure: every request has an answer, and the same one every time. What is not known
    /// of the socket or the subject is taken for what would be refused.
    func decide(_ request: Request, by subject: Subject) -> Decision

    /// Decides a request, or says what has to be known first.
    func answer(to request: Request, by subject: Subject) -> Answer

    /// The kinds of sockets that differ for rules and that the policy lets some process make.
    var possibleSockets: [SocketKind] { get }

    /// A socket of each kind that the rules tell apart.
    var everySocket: [SocketKind] { get }
}

extension Evaluator {
    /// Decides a request of a process that shares its socket: the first refusal, else the first
    /// decision.
    ///
    /// A socket that several programs hold is for what all of them may do.
    public func decide(_ request: Request, byAll subjects: [Subject]) -> Decision {
        let decisions = subjects.map { decide(request, by: $0) }
        return decisions.first { $0.verdict.isDenial } ?? decisions.first
            ?? decide(request, by: .unknown)
    }

    /// Whether the verdict on a call differs between the sockets that its descriptor could name.
    ///
    /// Those are the kinds of sockets that the policy lets some process make, and the inherited ones
    /// that the caller knows of. Where it is false, the address alone decides, and another thread
    /// gains nothing by putting another socket in the descriptor's place.
    ///
    /// - Parameters:
    ///   - operation: `bind`, `connect` or `send`; what `listen` and `accept` do depends on the
    ///     socket always, what the others do never.
    ///   - address: The address in the call.
    ///   - subject: Who makes it.
    ///   - inherited: Kinds of sockets that came into the tree in other ways.
    /// - Returns: Whether the socket has to be known, and to stay the same.
    public func verdictDependsOnSocket(
        _ operation: Operation, _ address: SocketAddress, by subject: Subject = .unknown,
        inherited: [SocketKind] = []
    ) -> Bool {
        SocketDependence(operation, address, among: possibleSockets + inherited) {
            answer(to: $0, by: subject)
        }.isGiven
    }

    /// Whether a request might be decided otherwise for another socket, whatever its kind: inherited
    /// and received sockets may be of any.
    ///
    /// Such a call has to be judged for the very socket that it is made on.
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
