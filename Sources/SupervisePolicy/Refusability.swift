extension Policy {
    /// Whether some request of an operation could be refused, whoever makes it.
    ///
    /// Where it is false, every such request is allowed, and calls need not be looked at.
    public func couldRefuse(_ operation: Operation) -> Bool {
        let hasSource = operation != .create && operation != .accept
        if hasSource, !source.isEmpty { return true }
        return switch operation {
        case .trace: restricts
        case .listen: couldRefuseByName(.listen) || couldRefuseFreePorts
        default: couldRefuseByName(operation)
        }
    }

    /// Whether some request of an operation on a socket of that protocol could be refused.
    public func couldRefuse(_ operation: Operation, of protocol: RuleProtocol) -> Bool {
        couldRefuseByName(operation, of: `protocol`)
    }

    /// Whether the rules on an operation, or the boolean behind them, could refuse it; of any
    /// protocol, or of one.
    private func couldRefuseByName(
        _ operation: Operation, of protocol: RuleProtocol? = nil
    ) -> Bool {
        let set = OperationSet(operation)
        let rules = allRules
        let isRefused = rules.indices.contains { number in
            var narrow = rules[number]
            guard narrow.action != .allow, narrow.operations.contains(operation) else {
                return false
            }
            narrow.operations = set
            if let `protocol` {
                guard narrow.protocol == nil || narrow.protocol == `protocol`,
                    narrow.endpoint?.belongs(to: `protocol`) != false
                else { return false }
                narrow.protocol = `protocol`
            }
            return !rules[..<number].contains { $0.action == .allow && $0.covers(narrow) }
        }
        if isRefused { return true }
        // Who listens may accept.
        if network == .on || profile.otherwise == .on || operation == .accept { return false }
        let everything = Rule(.deny(nil), set, `protocol`)
        return !rules.contains { $0.action == .allow && $0.covers(everything) }
    }

    /// Whether a port of the kernel's choice could be refused to some socket: so it is bound by a
    /// `listen` without a `bind`, to any address or the one that it has already.
    private var couldRefuseFreePorts: Bool {
        guard couldRefuseByName(.bind) else { return false }
        if network == .off, profile.otherwise == .off { return true }
        return allRules.contains { rule in
            guard rule.action != .allow, rule.operations.contains(.bind) else { return false }
            return switch rule.endpoint {
            case nil: true
            case .internet(_, let ports)?: ports?.contains(0) ?? true
            case .path?, .abstractName?, .unnamed?, .unspecified?: false
            }
        }
    }
}
