/// Numbers of rules by the networks and ports that the rules are about.
///
/// Networks either lie within one another or apart. So they are kept in the order of their first
/// addresses, each with the next larger one around it: those that an address lies in are found by
/// one search and by going outwards from there.
struct PrefixTable: Sendable {
    /// A network, and the rules about just this one.
    private struct Node: Sendable {
        var first: UInt128
        var last: UInt128
        /// The next larger network around this one, -1 for none.
        var outer: Int32 = -1
        /// Its part of `cuts`: from which port on which list counts.
        var cuts: Range<Int32> = 0..<0
    }

    /// A port, and the part of `numbers` that counts from this port to the next cut.
    private struct Cut: Sendable {
        var port: UInt16
        var numbers: Range<Int32>
    }

    private var nodes: [Node] = []
    private var cuts: [Cut] = []
    private var numbers: [Int32] = []

    /// Where lists would become this many times longer than the rules, they are not cut by port.
    private static let mostCopies = 16
    /// Shorter lists are read faster than cut.
    private static let shortList = 8

    /// A rule as the table has it.
    struct Row {
        /// Its place among the rules.
        var number: Int32
        /// Networks of one version of IP.
        var prefixes: [IPPrefix]
        /// nil: every port.
        var ports: PortList?
        /// What else makes a difference; where two rules are of a kind, the second one does none
        /// for addresses and ports of the first. nil: no other rule is like it.
        var kind: Int32?
    }

    /// Makes a table of rules in the order of their numbers.
    init(_ rules: some Sequence<Row>) {
        var rows: [IPPrefix: [Row]] = [:]
        for rule in rules {
            for prefix in rule.prefixes {
                // A set may have a network twice.
                if rows[prefix]?.last?.number == rule.number { continue }
                rows[prefix, default: []].append(rule)
            }
        }
        let order = rows.keys.map { (prefix: $0, first: Self.key($0.address)) }
            .sorted { ($0.first, $0.prefix.length) < ($1.first, $1.prefix.length) }
        nodes.reserveCapacity(order.count)
        var around: [Int32] = []
        for (prefix, first) in order {
            let last = first | (UInt128.max >> UInt128(prefix.length))
            while let outer = around.last, nodes[Int(outer)].last < first { around.removeLast() }
            nodes.append(Node(first: first, last: last, outer: around.last ?? -1))
            around.append(Int32(nodes.count - 1))
            let start = Int32(cuts.count)
            append(rows[prefix] ?? [])
            nodes[nodes.count - 1].cuts = start..<Int32(cuts.count)
        }
    }

    /// The bits of an address, the first of them the highest.
    private static func key(_ address: IPAddress) -> UInt128 {
        let bits = address.bits
        return UInt128(bits.high) << 64 | UInt128(bits.low)
    }

    /// Adds a network's rules.
    private mutating func append(_ rules: [Row]) {
        if rules.count > Self.shortList, appendCut(rules) { return }
        let start = Int32(numbers.count)
        numbers += rules.map(\.number)
        cuts.append(Cut(port: 0, numbers: start..<Int32(numbers.count)))
    }

    /// Adds a network's rules by their ports; false where that would take too much memory.
    private mutating func appendCut(_ rules: [Row]) -> Bool {
        let all: ClosedRange<UInt16> = 0...UInt16.max
        var ports: Set<UInt16> = [0]
        for rule in rules {
            for range in rule.ports?.ranges ?? [all] {
                ports.insert(range.lowerBound)
                if range.upperBound < .max { ports.insert(range.upperBound + 1) }
            }
        }
        let starts = ports.sorted()
        var lists = [[Int32]](repeating: [], count: starts.count)
        var total = 0
        var covered: [Int32: CoveredPlaces] = [:]
        for rule in rules {
            // So many kinds are not kept apart; their lists are only longer.
            let mayKeep = covered.count * starts.count < Self.mostPlaces
            let kind = rule.kind.flatMap { mayKeep || covered[$0] != nil ? $0 : nil }
            for range in rule.ports?.ranges ?? [all] {
                var index = Self.lastIndex(starts.count) { starts[$0] <= range.lowerBound } ?? 0
                while true {
                    if let kind {
                        index = covered[kind, default: CoveredPlaces(starts.count)].cover(from: index)
                    }
                    guard index < starts.count, starts[index] <= range.upperBound else { break }
                    lists[index].append(rule.number)
                    index += 1
                    total += 1
                    if total > Self.mostCopies * rules.count + 1024 { return false }
                }
            }
        }
        for (port, list) in zip(starts, lists) {
            let start = Int32(numbers.count)
            numbers += list
            cuts.append(Cut(port: port, numbers: start..<Int32(numbers.count)))
        }
        return true
    }

    /// The last of so many indices that the condition holds for; it holds for the first ones.
    private static func lastIndex(_ count: Int, where holds: (Int) -> Bool) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }

    /// The rules about networks that the address lies in which may be about the port, in order.
    func candidates(_ address: IPAddress, port: UInt16) -> Candidates {
        let key = Self.key(address)
        var result = Candidates(numbers: numbers)
        var node = Self.lastIndex(nodes.count) { nodes[$0].first <= key } ?? -1
        while node >= 0 {
            if nodes[node].last >= key {
                let own = nodes[node].cuts
                let cut = Self.lastIndex(own.count) {
                    cuts[Int(own.lowerBound) + $0].port <= port
                }
                if let cut { result.insert(cuts[Int(own.lowerBound) + cut].numbers) }
            }
            node = Int(nodes[node].outer)
        }
        return result
    }
}

/// Numbers of rules in ascending order, from lists that are in order themselves.
struct Candidates: Sequence, IteratorProtocol {
    private let numbers: [Int32]
    private var first: Range<Int32> = 0..<0
    private var more: [Range<Int32>] = []

    init(numbers: [Int32]) {
        self.numbers = numbers
    }

    /// All the numbers of one list.
    init(all numbers: [Int32]) {
        self.numbers = numbers
        first = 0..<Int32(numbers.count)
    }

    /// Adds a part of the numbers as a list.
    mutating func insert(_ list: Range<Int32>) {
        if list.isEmpty { return }
        if first.isEmpty { first = list } else { more.append(list) }
    }

    mutating func next() -> Int? {
        guard !more.isEmpty else {
            guard !first.isEmpty else { return nil }
            defer { first = (first.lowerBound + 1)..<first.upperBound }
            return Int(numbers[Int(first.lowerBound)])
        }
        // Few networks lie around one another: the lists are as few.
        var (best, least) = (-1, first.isEmpty ? Int32.max : numbers[Int(first.lowerBound)])
        for index in more.indices where numbers[Int(more[index].lowerBound)] < least {
            (best, least) = (index, numbers[Int(more[index].lowerBound)])
        }
        if best < 0 {
            first = (first.lowerBound + 1)..<first.upperBound
        } else if more[best].count == 1 {
            more.remove(at: best)
        } else {
            more[best] = (more[best].lowerBound + 1)..<more[best].upperBound
        }
        return Int(least)
    }
}
