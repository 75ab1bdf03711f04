import SupervisePolicy

/// Notes what a policy that was only watched would have refused, so that rules can be made of it.
///
/// Its memory is bounded whatever the traced programs do: at most `limit` different rules are kept,
/// each with at most a few callers and names; what comes later is counted.
public final class LearningSink: AuditSink {
    /// What would allow one kind of call, and who made it.
    struct Need {
        var request: Request
        var rule: Rule
        var danger: Danger?
        /// The programs by their paths, and how often each called; in order of their appearance.
        var callers: [(path: [UInt8], count: UInt64)] = []
        /// The names that the address was got for.
        var names: [[UInt8]] = []

        mutating func count(_ event: AuditEvent) {
            let caller = event.caller ?? []
            if let place = callers.firstIndex(where: { $0.path == caller }) {
                callers[place].count += 1
            } else if callers.count < 16 {
                callers.append((caller, 1))
            }
            if let name = event.name, names.count < 4, !names.contains(name) { names.append(name) }
        }
    }

    private let limit: Int
    /// In the order of their first appearance.
    private(set) var needs: [Need] = []
    private var places: [Rule: Int] = [:]
    /// The protocols of which the tree had sockets with ports of the kernel's choice.
    private(set) var chosenPorts: Set<RuleProtocol> = []
    /// The rules of binds that left the port to the kernel.
    private(set) var openBinds: Set<Rule> = []
    /// Calls for which there was no room.
    private(set) var others: UInt64 = 0
    /// Calls that no rule would allow.
    private(set) var unlearnable: UInt64 = 0
    /// Calls that rules refused which the user wrote.
    private(set) var refusedByRules: UInt64 = 0
    /// Changes with everything that is noted.
    public private(set) var version: UInt64 = 0

    /// Makes a sink that has noted nothing yet.
    public init(limit: Int = 10_000) {
        self.limit = limit
    }

    /// Notes the event; never throws.
    public func record(_ event: AuditEvent) {
        guard let request = event.request else { return }
        noteChosenPort(request)
        switch event.result {
        case .wouldDeny, .denied:
            guard event.rule?.place == RulePlace.profile.description else {
                refusedByRules += 1
                return
            }
            note(event, request)
        case .returned:
            // The profile allows every path: what should not be is refused by a rule of its own.
            guard request.danger == .containerEngine, event.errno == nil,
                event.rule?.place == RulePlace.profile.description
            else { return }
            note(event, request)
        case .allowed: return
        }
        version += 1
    }

    private func note(_ event: AuditEvent, _ request: Request) {
        guard let rule = request.narrowestRule else {
            unlearnable += 1
            return
        }
        if let place = places[rule] { return needs[place].count(event) }
        guard needs.count < limit else {
            others += 1
            return
        }
        places[rule] = needs.count
        var need = Need(request: request, rule: rule, danger: request.danger)
        need.count(event)
        needs.append(need)
    }

    private func noteChosenPort(_ request: Request) {
        guard let rule = request.narrowestPortRule, case .internet(_, let ports?) = rule.endpoint,
            ports.contains(0), let `protocol` = rule.protocol
        else { return }
        chosenPorts.insert(`protocol`)
        if rule.operations == .bind, openBinds.count < limit { openBinds.insert(rule) }
    }
}

extension Request {
    /// The narrowest rule of a request that gives a socket its port.
    fileprivate var narrowestPortRule: Rule? {
        operation == .bind || operation == .listen ? narrowestRule : nil
    }
}
