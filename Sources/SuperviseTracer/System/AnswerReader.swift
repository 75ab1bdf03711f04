import CSupervise
import SuperviseAudit
import SupervisePolicy

/// Learns the names of addresses from the DNS answers that the tree's own sockets receive.
///
/// It looks at the answer that a thread is about to receive, through a copy of the thread's
/// descriptor, and leaves it there (MSG_PEEK). Another thread may take it meanwhile, and anybody can
/// send what looks like one: names are for people to read, and decide nothing.
final class AnswerReader {
    private let sockets: TraceeSockets
    private var names = ResolvedNames()
    /// Longer than any answer over UDP that resolvers ask for (EDNS, 4096).
    private var buffer = [UInt8](repeating: 0, count: 4096)

    init(tree: ProcessTree) {
        sockets = TraceeSockets(tree: tree)
    }

    /// Looks at what a thread is about to receive on a descriptor.
    func look(at descriptor: Int32, of slot: Int) {
        guard let copy = sockets.copy(of: descriptor, slot: slot) else { return }
        defer { copy.closeCopy() }
        var length = 0
        // The function fills no more than it is told there is.
        guard unsafe csupervise_peek_answer(copy.rawValue, &buffer, buffer.count, &length) == 0,
            let answer = DNSAnswer(Array(buffer.prefix(length)))
        else { return }
        names.note(answer)
    }

    /// The name that the tree got a request's peer for.
    func name(of request: Request) -> [UInt8]? {
        switch request {
        case .connect(_, .ipv4(let address, _)), .send(_, .ipv4(let address, _)):
            names.name(of: .v4(address))
        case .connect(_, .ipv6(let address, _, _)), .send(_, .ipv6(let address, _, _)):
            names.name(of: IPAddress(address))
        default: nil
        }
    }
}
