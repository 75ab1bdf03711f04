/// A rule that can never decide, because an earlier one matches whatever it matches.
public struct Shadow: Hashable, Sendable, CustomStringConvertible {
    /// The rule that never decides.
    public var rule: Rule
    /// The earlier one.
    public var earlier: Rule

    /// Makes a shadow.
    public init(rule: Rule, earlier: Rule) {
        self.rule = rule
        self.earlier = earlier
    }

    /// The warning: which rule, where, and what decides instead.
    public var description: String {
        "\(rule.place): '\(rule)' never decides: "
            + "'\(earlier)' (\(earlier.place)) matches all of it before"
    }
}

extension Policy {
    /// The rules that can never decide, each with the first of the earlier ones that covers it.
    ///
    /// A rule that only several others cover together is not found. One in the shadow of refusals
    /// can still let a socket be made, which is then of no use.
    public var shadows: [Shadow] {
        var protocols: [RuleProtocol: Int] = [:]
        let sketches = rules.map { Sketch($0, &protocols) }
        return rules.indices.compactMap { number in
            let sketch = sketches[number]
            let earlier = sketches[..<number].indices.first {
                sketches[$0].couldCover(sketch) && rules[$0].covers(rules[number])
            }
            return earlier.map { Shadow(rule: rules[number], earlier: rules[$0]) }
        }
    }
}

/// Numbers that tell of most pairs of rules that the one does not cover the other.
///
/// Ten thousand rules are fifty million pairs, and whole rules take long to compare.
private struct Sketch {
    private let operations: OperationSet
    /// 0 for none.
    private let `protocol`: Int
    private let qualifiers: Int
    /// Which kind of endpoint; 0 for none.
    private var kind = 0
    /// Of a name without wildcards, else 0.
    private var name = 0
    /// From the first to the last address of each version, the upper 64 bits.
    private var ipv4: ClosedRange<UInt64>?
    private var ipv6: ClosedRange<UInt64>?
    private var ports: ClosedRange<UInt16> = 0...UInt16.max

    init(_ rule: Rule, _ protocols: inout [RuleProtocol: Int]) {
        operations = rule.operations
        qualifiers = rule.qualifiers.count
        `protocol` =
            rule.protocol.map { known in
                let number = protocols[known] ?? protocols.count + 1
                protocols[known] = number
                return number
            } ?? 0
        switch rule.endpoint {
        case nil: break
        case .internet(let host, let list)?:
            kind = 1
            ipv4 = Self.span(host.prefixes.filter(\.address.isIPv4))
            ipv6 = Self.span(host.prefixes.filter { !$0.address.isIPv4 })
            if let first = list?.ranges.first, let last = list?.ranges.last {
                ports = first.lowerBound...last.upperBound
            }
        case .path(let glob)?: (kind, name) = (2, glob.literal?.hashValue ?? 0)
        case .abstractName(let glob)?: (kind, name) = (3, glob.literal?.hashValue ?? 0)
        case .unnamed?: kind = 4
        case .unspecified?: kind = 5
        }
    }

    private static func span(_ prefixes: [IPPrefix]) -> ClosedRange<UInt64>? {
        let firsts = prefixes.map { $0.address.bits.high }
        let lasts = prefixes.map { UInt64(truncatingIfNeeded: $0.range.upperBound >> 64) }
        guard let first = firsts.min(), let last = lasts.max() else { return nil }
        return first...last
    }

    /// False where the rule surely does not cover the other one.
    func couldCover(_ other: Sketch) -> Bool {
        guard operations.isSuperset(of: other.operations), qualifiers <= other.qualifiers,
            `protocol` == 0 || `protocol` == other.protocol
        else { return false }
        guard kind != 0 else { return true }
        return kind == other.kind && (name == 0 || name == other.name)
            && ports.lowerBound <= other.ports.lowerBound
            && other.ports.upperBound <= ports.upperBound
            && Self.spans(ipv4, other.ipv4) && Self.spans(ipv6, other.ipv6)
    }

    private static func spans(_ outer: ClosedRange<UInt64>?, _ inner: ClosedRange<UInt64>?) -> Bool
    {
        guard let inner else { return true }
        guard let outer else { return false }
        return outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
    }
}
