/// Rules that became one.
public struct MergedRule: Hashable, Sendable {
    /// The rule.
    public var rule: Rule
    /// The indices of the rules that it stands for, rising.
    public var parts: [Int]
}

extension Rule {
    /// Fewer rules that allow the same: neither more nor less.
    ///
    /// Of rules that differ in one part only, the operations, the ports or the bits of an address
    /// become one rule's. Each stands where the first of its parts did. Meant for rules that allow: of
    /// others none is touched.
    public static func merged(_ rules: [Rule]) -> [MergedRule] {
        var all = rules.enumerated().map { MergedRule(rule: $1, parts: [$0]) }
        all = combine(all) { rule in
            var key = rule
            key.operations = []
            return key
        } by: {
            $0.operations.formUnion($1.operations)
        }
        all = combine(all) { rule in
            guard case .internet(let host, .some) = rule.endpoint else { return nil }
            var key = rule
            key.endpoint = .internet(host, nil)
            return key
        } by: { rule, other in
            guard case .internet(let host, let ports?) = rule.endpoint,
                case .internet(_, let more?) = other.endpoint
            else { return }
            rule.endpoint = .internet(host, PortList(ports.ranges + more.ranges))
        }
        // From the longest prefixes on: two halves become a whole, which may be a half again.
        for length in stride(from: 128, to: 0, by: -1) {
            all = combine(all) { rule in
                guard case .internet(.prefix(let prefix), let ports) = rule.endpoint,
                    prefix.length == length, !prefix.isUnspecified
                else { return nil }
                var key = rule
                key.endpoint = .internet(.prefix(prefix.parent), ports)
                return key
            } by: { rule, other in
                // What the whole has already adds nothing to it, nor does the same half again.
                guard case .internet(.prefix(let prefix), let ports) = rule.endpoint,
                    prefix.length == length, rule.endpoint != other.endpoint
                else { return }
                rule.endpoint = .internet(.prefix(prefix.parent), ports)
            }
        }
        return all
    }

    /// Joins the rules that allow and have the same key; those without one stay.
    private static func combine(
        _ rules: [MergedRule], _ key: (Rule) -> Rule?, by join: (inout Rule, Rule) -> Void
    ) -> [MergedRule] {
        var result: [MergedRule] = []
        var places: [Rule: Int] = [:]
        for merged in rules {
            guard merged.rule.action == .allow, var key = key(merged.rule) else {
                result.append(merged)
                continue
            }
            key.place = .unknown
            if let place = places[key] {
                join(&result[place].rule, merged.rule)
                result[place].parts = (result[place].parts + merged.parts).sorted()
            } else {
                places[key] = result.count
                result.append(merged)
            }
        }
        return result
    }
}

extension IPPrefix {
    /// Whether it is `0.0.0.0` or `::` alone, which stands for every address, its neighbour for one.
    fileprivate var isUnspecified: Bool {
        address.isAny && length == (address.isIPv4 ? 32 : 128)
    }

    /// The prefix that is one bit shorter; of the empty one, itself.
    var parent: IPPrefix { IPPrefix(address, length: length - 1) }
}
