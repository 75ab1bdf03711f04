/// Networks under one name, found by one search.
public struct NetworkSet: Hashable, Sendable {
    /// The networks, as they were given.
    public let prefixes: [IPPrefix]
    /// The addresses of IPv4 and of IPv6: ranges that neither overlap nor touch, the lowest first.
    private let ipv4: [ClosedRange<UInt128>]
    private let ipv6: [ClosedRange<UInt128>]

    /// The set of all these networks, in any order.
    public init(_ prefixes: [IPPrefix]) {
        self.prefixes = prefixes
        ipv4 = Self.merged(prefixes.filter(\.address.isIPv4))
        ipv6 = Self.merged(prefixes.filter { !$0.address.isIPv4 })
    }

    private static func merged(_ prefixes: [IPPrefix]) -> [ClosedRange<UInt128>] {
        var result: [ClosedRange<UInt128>] = []
        for range in prefixes.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = result.last,
                last.upperBound == .max || range.lowerBound <= last.upperBound + 1
            else {
                result.append(range)
                continue
            }
            result[result.count - 1] =
                last.lowerBound...max(last.upperBound, range.upperBound)
        }
        return result
    }

    /// Whether the address is in one of the networks.
    public func contains(_ address: IPAddress) -> Bool {
        covers(address.key...address.key, isIPv4: address.isIPv4)
    }

    /// Whether every address of the network is in one of these.
    public func covers(_ prefix: IPPrefix) -> Bool {
        covers(prefix.range, isIPv4: prefix.address.isIPv4)
    }

    private func covers(_ wanted: ClosedRange<UInt128>, isIPv4: Bool) -> Bool {
        let ranges = isIPv4 ? ipv4 : ipv6
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < wanted.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < ranges.count && ranges[low].lowerBound <= wanted.lowerBound
            && wanted.upperBound <= ranges[low].upperBound
    }
}

extension IPPrefix {
    /// The addresses as numbers, the first bit the highest.
    var range: ClosedRange<UInt128> {
        let first = address.key
        return first...(first | (length < 128 ? UInt128.max >> UInt128(length) : 0))
    }
}

extension IPAddress {
    /// The bits as a number, the first bit the highest.
    var key: UInt128 { UInt128(bits.high) << 64 | UInt128(bits.low) }
}
