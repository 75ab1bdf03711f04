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

    /// Whether the rules on an operation, or the boolean behind them, could refuse it.
    private func couldRefuseByName(_ operation: Operation) -> Bool {
        let set = OperationSet(operation)
        let rules = allRules
        let isRefused = rules.indices.contains { number in
            var narrow = rules[number]
            guard narrow.action != .allow, narrow.operations.contains(operation) else {
                return false
            }
            narrow.operations = set
            return !rules[..<number].contains { $0.action == .allow && $0.covers(narrow) }
        }
        if isRefused { return true }
        // Who listens may accept.
        if network == .on || profile.otherwise == .on || operation == .accept { return false }
        let everything = Rule(.deny(nil), set)
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
