/// What a judged call does with the network, in the words of the rule grammar.
public enum Operation: String, CaseIterable, Hashable, Sendable {
    /// Making a socket: `socket(2)`, `socketpair(2)`.
    case create
    /// Giving a socket a local address: `bind(2)`.
    case bind
    /// Letting a socket take connections: `listen(2)`.
    case listen
    /// Choosing a socket's peer: `connect(2)`, and a send with a destination and `MSG_FASTOPEN`.
    case connect
    /// Sending to a destination named in the call: `sendto(2)`, `sendmsg(2)`, `sendmmsg(2)`.
    case send
    /// Taking a connection: `accept(2)`.
    case accept
    /// Reaching into another process: `ptrace(2)` and the calls it guards.
    case trace

    /// The operation's place among all.
    var index: Int {
        switch self {
        case .create: 0
        case .bind: 1
        case .listen: 2
        case .connect: 3
        case .send: 4
        case .accept: 5
        case .trace: 6
        }
    }
}
