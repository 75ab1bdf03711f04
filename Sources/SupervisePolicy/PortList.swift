/// A set of port numbers: sorted ranges that neither overlap nor touch.
public struct PortList: Hashable, Sendable {
    /// The ranges, lowest first.
    public let ranges: [ClosedRange<UInt16>]

    /// The set of all these ranges, in any order.
    public init(_ ranges: some Sequence<ClosedRange<UInt16>>) {
        var merged: [ClosedRange<UInt16>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, UInt32(range.lowerBound) <= UInt32(last.upperBound) + 1 {
                merged[merged.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// The set of these ports.
    public init(ports: some Sequence<UInt16>) {
        self.init(ports.map { $0...$0 })
    }

    /// Whether the set has the port.
    public func contains(_ port: UInt16) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < port { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(port)
    }

    /// Whether every port of the other set is in this one.
    public func covers(_ other: PortList) -> Bool {
        other.ranges.allSatisfy { inner in
            ranges.contains { $0.contains(inner.lowerBound) && $0.contains(inner.upperBound) }
        }
    }
}
