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
        self =
            switch operation {
            case .create: .create
            case .bind: .bind
            case .listen: .listen
            case .connect: .connect
            case .send: .send
            case .accept: .accept
            case .trace: .trace
            }
    }

    /// ``Operation/create``.
    public static let create = OperationSet(rawValue: 1)
    /// ``Operation/bind``.
    public static let bind = OperationSet(rawValue: 2)
    /// ``Operation/listen``.
    public static let listen = OperationSet(rawValue: 4)
    /// ``Operation/connect``.
    public static let connect = OperationSet(rawValue: 8)
    /// ``Operation/send``.
    public static let send = OperationSet(rawValue: 16)
    /// ``Operation/accept``.
    public static let accept = OperationSet(rawValue: 32)
    /// ``Operation/trace``.
    public static let trace = OperationSet(rawValue: 64)

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
