/// Whether a rule matches a question.
enum Match: Hashable {
    /// It does.
    case yes
    /// It does not, for the first of its parts that does not fit.
    case no(RulePart)
    /// That depends on what is not known.
    case unknown(Needs)
}

/// A part of a rule, in the order in which they are compared.
public enum RulePart: Hashable, Sendable {
    /// The operations.
    case operations
    /// The protocol.
    case `protocol`
    /// The endpoint's kind: another family of names, or nothing that an endpoint could fit.
    case endpoint
    /// The host.
    case host
    /// The ports.
    case ports
    /// The path or abstract name.
    case name
    /// A qualifier, by its index.
    case qualifier(Int)
}

extension Rule {
    /// Compares the rule with a question, asked by a subject.
    func match(_ question: Question, by subject: Subject) -> Match {
        var needs: Needs = []
        switch matchOperation(question) {
        case .yes: break
        case .no(let part): return .no(part)
        case .unknown(let more): needs.formUnion(more)
        }
        switch matchProtocol(question) {
        case .yes: break
        case .no(let part): return .no(part)
        case .unknown(let more): needs.formUnion(more)
        }
        switch matchEndpoint(question) {
        case .yes: break
        case .no(let part): return .no(part)
        case .unknown(let more): needs.formUnion(more)
        }
        for (index, qualifier) in qualifiers.enumerated() {
            switch qualifier.holds(of: subject) {
            case true?: break
            case false?: return .no(.qualifier(index))
            case nil: needs.formUnion(qualifier.needs)
            }
        }
        return needs.isEmpty ? .yes : .unknown(needs)
    }

    private func matchOperation(_ question: Question) -> Match {
        if question.operation == .create {
            return namesCreation || couldAllowLater ? .yes : .no(.operations)
        }
        return operations.contains(question.operation) ? .yes : .no(.operations)
    }

    func matchProtocol(_ question: Question) -> Match {
        guard let `protocol` else { return matchUnnamedProtocol(question) }
        if question.operation == .trace { return .no(.protocol) }
        // Other sockets refuse to bind or connect to AF_UNIX names: whatever the socket, it is one.
        if question.operation == .bind || question.operation == .connect {
            switch question.target {
            case .path, .unnamed: return `protocol` == .unix ? .yes : .no(.protocol)
            case .abstract: return `protocol` == .abstract ? .yes : .no(.protocol)
            default: break
            }
        }
        guard let kind = question.kind else { return .unknown(.socket) }
        guard `protocol`.isSpoken(by: kind) else { return .no(.protocol) }
        switch (`protocol`, question.target) {
        case (.unix, .abstract), (.abstract, .path), (.abstract, .unnamed): return .no(.protocol)
        case (.unix, .unknown), (.abstract, .unknown): return .unknown(.local)
        default: return .yes
        }
    }

    /// No protocol is every protocol; but an address given leave to is not given to sockets whose
    /// traffic may go elsewhere.
    private func matchUnnamedProtocol(_ question: Question) -> Match {
        guard action == .allow, question.operation != .trace else { return .yes }
        let isDerived = question.operation == .create && !namesCreation
        guard isDerived || endpoint != nil else { return .yes }
        switch (question.target, question.operation) {
        // Only AF_UNIX sockets take them.
        case (.path, .bind), (.path, .connect), (.abstract, .bind), (.abstract, .connect),
            (.unnamed, .bind), (.unnamed, .connect):
            return .yes
        default: break
        }
        guard let kind = question.kind else { return .unknown(.socket) }
        return kind.isPlain ? .yes : .no(.protocol)
    }

    func matchEndpoint(_ question: Question) -> Match {
        guard let endpoint else { return .yes }
        if question.operation == .create { return matchCreation(endpoint, question.kind) }
        let match = matchTarget(endpoint, question)
        // AF_UNIX stream sockets do not look at a destination.
        if match == .yes, question.operation == .send, question.kind == nil {
            return .unknown(.socket)
        }
        return match
    }

    private func matchTarget(_ endpoint: Endpoint, _ question: Question) -> Match {
        switch (endpoint, question.target) {
        case (_, .unknown):
            return .unknown(question.kind == nil ? [.socket, .local] : .local)
        case (.internet(let host, let ports), .internet(let address, let port)):
            guard host.contains(address) else { return .no(.host) }
            guard let ports else { return .yes }
            guard let port else { return .unknown(.local) }
            return ports.contains(port) ? .yes : .no(.ports)
        case (.internet, .unspecified):
            // Who may connect may also disconnect.
            let isLeave = action == .allow && question.operation == .connect
            return isLeave ? .yes : .no(.endpoint)
        case (.path(let glob), .path(let name)), (.abstractName(let glob), .abstract(let name)):
            return glob.matches(name) ? .yes : .no(.name)
        case (.unnamed, .unnamed), (.unspecified, .unspecified):
            return .yes
        default:
            return .no(.endpoint)
        }
    }

    /// Whether some call on a new socket could fit the endpoint.
    private func matchCreation(_ endpoint: Endpoint, _ kind: SocketKind?) -> Match {
        guard action == .allow else { return .no(.endpoint) }
        let isUnix = kind?.family == .unix
        switch endpoint {
        case .internet: return isUnix ? .no(.endpoint) : .yes
        case .path, .abstractName, .unnamed: return isUnix ? .yes : .no(.endpoint)
        case .unspecified: return .no(.endpoint)
        }
    }

    /// Whether the rule is about making sockets itself: a new socket has no endpoint.
    var namesCreation: Bool { operations.contains(.create) && endpoint == nil }

    /// Whether the rule allows something that a socket is made for.
    var couldAllowLater: Bool {
        action == .allow && !operations.isDisjoint(with: Self.purposes)
    }

    /// What a socket is made for; accepting comes after listening.
    static let purposes: OperationSet = [.bind, .listen, .connect, .send]
}
