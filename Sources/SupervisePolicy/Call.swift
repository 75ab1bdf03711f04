/// A call written as text, as `supervise explain` takes it.
///
/// The text is a rule's without its action, and says one thing at each place where a rule may say
/// many: `connect tcp 10.0.0.1:443 program=/usr/bin/curl`. Qualifiers say who calls.
public struct Call: Hashable, Sendable {
    /// What is asked for.
    public var request: Request
    /// Who asks, as far as the text says.
    public var subject: Subject

    /// Parses a call.
    ///
    /// - Parameters:
    ///   - text: The call.
    ///   - names: The names for numbers.
    /// - Throws: What is wrong, and at which column of the text.
    public init(parsing text: some StringProtocol, names: Names = Names()) throws(RuleError) {
        let rule = try Rule(parsing: text, action: .allow, names: names)
        func error(_ message: String) -> RuleError { RuleError(column: 1, message: message) }
        guard let operation = rule.operations.operations.first,
            rule.operations == OperationSet(operation)
        else { throw error("a call is one operation, not \(rule.operations)") }
        subject = Subject()
        for qualifier in rule.qualifiers {
            guard qualifier.identify(&subject) else {
                throw error("'\(qualifier)' fits many; a call has one")
            }
        }
        if operation == .trace {
            request = .trace(.inTree)
            return
        }
        var remote: SocketAddress?
        if let endpoint = rule.endpoint {
            if case .internet(_, nil) = endpoint, operation == .connect || operation == .send,
                [.tcp, .udp, .sctp].contains(rule.protocol)
            {
                throw error("the port is missing, as in '\(endpoint):80'")
            }
            guard let address = endpoint.address else {
                throw error("'\(endpoint)' fits many; a call has one address")
            }
            remote = address
        }
        guard let kind = rule.protocol.map({ $0.kind(for: remote) }) ?? remote?.usualKind else {
            throw error("the call's protocol is missing, as in '\(operation.rawValue) tcp'")
        }
        let socket = SocketState.known(kind, local: .unbound)
        switch (operation, remote) {
        case (.create, _): request = .create(kind)
        case (.listen, let local):
            request = .listen(.known(kind, local: local.map { .bound($0) } ?? .unbound))
        case (_, nil):
            throw error(
                "the call's address is missing, as in '\(operation.rawValue) tcp 10.0.0.1:80'")
        case (.bind, let address?): request = .bind(socket, address)
        case (.connect, let address?): request = .connect(socket, address)
        case (.send, let address?): request = .send(socket, address)
        case (_, let peer?):
            // The port is the one that the connection came in at.
            request = .accept(.known(kind, local: .bound(peer)), peer)
        }
    }
}

extension Endpoint {
    /// The one address that fits, nil where many do.
    fileprivate var address: SocketAddress? {
        switch self {
        case .internet(let host, let ports):
            let range = ports?.ranges.first ?? 0...0
            guard range.count == 1, ports?.ranges.count ?? 1 == 1 else { return nil }
            let port = range.lowerBound
            switch host {
            case .prefix(let prefix) where prefix.isSingle:
                switch prefix.address {
                case .v4(let address): return .ipv4(address, port: port)
                case .v6(let address): return .ipv6(address, port: port, scope: 0)
                }
            case .localhost: return .ipv4(IPv4Address(bits: 0x7f00_0001), port: port)
            default: return nil
            }
        case .path(let glob): return glob.literal.map { .unix(.path($0)) }
        case .abstractName(let glob): return glob.literal.map { .unix(.abstract($0)) }
        case .unnamed: return .unix(.unnamed)
        case .unspecified: return .unspecified
        }
    }
}

extension SocketAddress {
    /// The kind of socket that such an address is most often for.
    fileprivate var usualKind: SocketKind? {
        switch self {
        case .unix: SocketKind(family: .unix, type: .stream)
        default: nil
        }
    }
}

extension RuleProtocol {
    /// The socket that speaks the protocol to such an address.
    fileprivate func kind(for address: SocketAddress?) -> SocketKind {
        let family: AddressFamily = address?.family == .ipv6 ? .ipv6 : .ipv4
        func internet(_ type: SocketType, _ number: Int32) -> SocketKind {
            SocketKind(family: family, type: type, protocolNumber: number)
        }
        return switch self {
        case .tcp: internet(.stream, 6)
        case .udp: internet(.datagram, 17)
        case .icmp: internet(.datagram, family == .ipv6 ? 58 : 1)
        case .sctp: internet(.stream, 132)
        case .raw: internet(.raw, 255)
        case .number(let number): internet(.datagram, number)
        case .unix, .abstract: SocketKind(family: .unix, type: .datagram)
        case .family(let family): SocketKind(family: family, type: .datagram)
        }
    }
}

extension Qualifier {
    /// Notes what the qualifier says of a process; false where it fits many.
    fileprivate func identify(_ subject: inout Subject) -> Bool {
        switch self {
        case .program(let pattern):
            subject.program = pattern.program
            return subject.program != nil
        case .ancestor(let pattern):
            subject.ancestors = pattern.program.map { [$0] }
            return subject.ancestors != nil
        case .cgroup(let hierarchy, let glob):
            subject.cgroups = glob.literal.map { [.init(hierarchy: hierarchy, path: $0)] }
            return subject.cgroups != nil
        case .user(let account): subject.user = account.number
        case .group(let account): subject.groups = [account.number]
        }
        return true
    }
}

extension ProgramPattern {
    /// The one program that fits.
    fileprivate var program: Subject.Program? {
        switch self {
        case .named(let glob):
            glob.literal.map {
                Subject.Program(file: FileIdentity(major: 0, minor: 0, inode: 0), names: [$0])
            }
        case .file(let file): Subject.Program(file: file, names: [])
        }
    }
}
