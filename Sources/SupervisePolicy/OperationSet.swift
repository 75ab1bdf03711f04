/// Operations, as a rule names them.
public struct OperationSet: OptionSet, Hashable, Sendable {
    /// One bit an operation.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The set of one operation.
    public init(_ operation: Operation) {
        rawValue = 1 << operation.index
    }

    /// ``Operation/create``.
    public static let create = OperationSet(Operation.create)
    /// ``Operation/bind``.
    public static let bind = OperationSet(Operation.bind)
    /// ``Operation/listen``.
    public static let listen = OperationSet(Operation.listen)
    /// ``Operation/connect``.
    public static let connect = OperationSet(Operation.connect)
    /// ``Operation/send``.
    public static let send = OperationSet(Operation.send)
    /// ``Operation/accept``.
    public static let accept = OperationSet(Operation.accept)
    /// ``Operation/trace``.
    public static let trace = OperationSet(Operation.trace)

    /// What a client does: connect and send.
    public static let outgoing: OperationSet = [.connect, .send]
    /// What a server does: bind, listen and accept.
    public static let incoming: OperationSet = [.bind, .listen, .accept]
    /// Every operation.
    public static let all: OperationSet = [.create, .outgoing, .incoming, .trace]

    /// Whether the set has the operation.
    public func contains(_ operation: Operation) -> Bool {
        contains(OperationSet(operation))
    }

    /// The operations of the set, in the order of the grammar.
    public var operations: [Operation] {
        Operation.allCases.filter { contains($0) }
    }
}
