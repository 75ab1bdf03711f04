extension Request {
    /// Whether it only makes a socket of which every use is judged too: TCP, UDP, echo, AF_UNIX.
    public var isPlainCreation: Bool {
        if case .create(let kind) = self { kind.isPlain } else { false }
    }

    /// The rule that allows this request and as little else as the grammar can say.
    ///
    /// It is for every process, and stands for what the kernel would reach: `connect` to 0.0.0.0 gives
    /// a rule for 127.0.0.1. nil where no rule allows the request, or where too little is known of
    /// the socket to name it.
    public var narrowestRule: Rule? {
        let question = self.question
        var rule = Rule(.allow, OperationSet(question.operation))
        if !earlierRequests.isEmpty { rule.operations.formUnion(.bind) }
        if question.operation != .trace {
            switch question.target {
            case .unknown: return nil
            case .path, .unnamed: rule.protocol = .unix
            case .abstract: rule.protocol = .abstract
            default:
                guard let kind = question.kind else { return nil }
                rule.protocol = RuleProtocol(of: kind)
            }
        }
        switch question.target {
        case .internet(let address, let port):
            let hasPorts = rule.protocol != .icmp && rule.protocol != .raw
            rule.endpoint = .internet(
                .prefix(IPPrefix(address)), hasPorts ? port.map { PortList(ports: [$0]) } : nil)
        case .path(let name):
            // Rules have absolute paths only.
            guard name.first == UInt8(ascii: "/") else { return nil }
            rule.endpoint = .path(Glob(literal: name))
        case .abstract(let name): rule.endpoint = .abstractName(Glob(literal: name))
        case .unnamed: rule.endpoint = .unnamed
        case .unspecified: rule.endpoint = .unspecified
        case .nothing, .other, .unknown: break
        }
        // No address is one of these sockets', whatever the call says.
        if case .family = rule.protocol { rule.endpoint = nil }
        if let endpoint = rule.endpoint, let `protocol` = rule.protocol,
            !endpoint.belongs(to: `protocol`)
        {
            return nil
        }
        return Policy(rules: [rule]).decide(self).verdict == .allow ? rule : nil
    }
}

extension RuleProtocol {
    /// The protocol that a socket of this kind speaks, `unix` for AF_UNIX whatever the name.
    public init(of kind: SocketKind) {
        if kind.isTCP {
            self = .tcp
        } else if kind.family == .unix {
            self = .unix
        } else {
            self = RuleProtocol(internet: kind) ?? .family(kind.family)
        }
    }
}
