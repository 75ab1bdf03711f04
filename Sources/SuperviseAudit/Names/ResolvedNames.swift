public import SupervisePolicy

/// The names that a tree of processes looked up, by the addresses that it got for them.
///
/// For people to read: nothing is decided by them, since whoever answers, or sends what looks like an
/// answer, chooses them. Bounded: of more addresses than `capacity` those that were seen first are
/// forgotten.
public struct ResolvedNames: Sendable {
    private let capacity: Int
    private var names: [IPAddress: [UInt8]] = [:]
    /// The addresses in the order of their coming, written over in a circle.
    private var order: [IPAddress] = []
    private var oldest = 0

    /// Makes a table of nothing yet.
    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 1)
    }

    /// How many addresses have a name.
    public var count: Int { names.count }

    /// Takes what an answer says; of several names for an address the last one counts.
    public mutating func note(_ answer: DNSAnswer) {
        for address in answer.addresses
        where names.updateValue(answer.name, forKey: address) == nil {
            if order.count < capacity {
                order.append(address)
            } else {
                names[order[oldest]] = nil
                order[oldest] = address
                oldest = (oldest + 1) % capacity
            }
        }
    }

    /// The name that an address was got for.
    public func name(of address: IPAddress) -> [UInt8]? { names[address] }
}
