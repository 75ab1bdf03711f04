extension Rule {
    /// Whether the rule matches everything that the other one matches.
    ///
    /// False where that cannot be told from the two alone. Leave to disconnect, which comes with
    /// leave to connect, does not count.
    public func covers(_ other: Rule) -> Bool {
        operations.isSuperset(of: other.operations) && coversProtocol(of: other)
            && coversEndpoint(of: other)
            && qualifiers.allSatisfy { other.qualifiers.contains($0) }
    }

    private func coversProtocol(of other: Rule) -> Bool {
        if let `protocol` { return `protocol` == other.protocol }
        // Without a protocol, leave to an address is for plain sockets only.
        guard action == .allow, endpoint != nil || !operations.contains(.create) else {
            return true
        }
        // So is leave to make a socket that comes with it.
        if endpoint == nil, other.action != .allow { return true }
        switch other.protocol {
        case nil:
            return other.action == .allow
                && (other.endpoint != nil || !other.operations.contains(.create))
        case .tcp?, .udp?, .icmp?, .unix?, .abstract?: return true
        default: return false
        }
    }

    private func coversEndpoint(of other: Rule) -> Bool {
        switch (endpoint, other.endpoint) {
        case (nil, _): return true
        case (_, nil): return false
        case (.internet(let host, let ports)?, .internet(let inner, let innerPorts)?):
            guard host.covers(inner) else { return false }
            guard let ports else { return true }
            guard let innerPorts else { return false }
            return ports.covers(innerPorts)
        case (.path(let glob)?, .path(let inner)?),
            (.abstractName(let glob)?, .abstractName(let inner)?):
            return glob == inner || inner.literal.map { glob.matches($0) } ?? false
        case (.unnamed?, .unnamed?), (.unspecified?, .unspecified?): return true
        default: return false
        }
    }

    /// Whether the rule refuses its operations to everybody, whatever the endpoint.
    var refusesAll: Bool { action != .allow && endpoint == nil && qualifiers.isEmpty }

    /// Whether the rule, narrowed to one operation, could ever allow it behind those earlier rules that refuse
    /// whole operations.
    func couldAllow(behind earlier: some Sequence<Rule>) -> Bool {
        operations.intersection(Self.purposes).operations.contains { operation in
            var narrow = self
            narrow.operations = OperationSet(operation)
            return !earlier.contains { $0.refusesAll && $0.covers(narrow) }
        }
    }
}

extension Host {
    /// Whether every address of the other host is one of this one.
    public func covers(_ other: Host) -> Bool {
        if self == .any || self == other { return true }
        if case .set(_, let set) = self { return other.prefixes.allSatisfy { set.covers($0) } }
        return other.prefixes.allSatisfy { inner in
            prefixes.contains { $0.covers(inner) }
        }
    }
}
