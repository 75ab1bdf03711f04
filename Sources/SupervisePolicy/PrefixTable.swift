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

    /// A rule as the table has it.
    struct Row {
        /// Its place among the rules.
        var number: Int32
        /// Networks of one version of IP.
        var prefixes: [IPPrefix]
        /// nil: every port.
        var ports: PortList?
        /// Of two rules of a kind the later one makes no difference for addresses and ports of the
        /// earlier one.
        var kind: Int32

        /// The ports; none given are every port.
        var ranges: [ClosedRange<UInt16>] { ports?.ranges ?? [0...UInt16.max] }
    }

    /// Makes a table of rules in the order of their numbers.
    init(_ rules: some Sequence<Row>) {
        var rows: [IPPrefix: [Row]] = [:]
        for rule in rules {
            for prefix in rule.prefixes {
                rows[prefix, default: []].append(rule)
            }
        }
        let order = rows.keys.map { (prefix: $0, range: $0.range) }
            .sorted {
                ($0.range.lowerBound, $0.prefix.length) < ($1.range.lowerBound, $1.prefix.length)
            }
        nodes.reserveCapacity(order.count)
        var around: [Int32] = []
        for (prefix, range) in order {
            while let outer = around.last, nodes[Int(outer)].last < range.lowerBound {
                around.removeLast()
            }
            nodes.append(
                Node(first: range.lowerBound, last: range.upperBound, outer: around.last ?? -1))
            around.append(Int32(nodes.count - 1))
            let start = Int32(cuts.count)
            append(rows[prefix] ?? [])
            nodes[nodes.count - 1].cuts = start..<Int32(cuts.count)
        }
    }

    /// Adds a network's rules.
    private mutating func append(_ rules: [Row]) {
        let isAboutPorts = rules.contains { $0.ports != nil }
        let lists = isAboutPorts ? Self.cut(rules) : nil
        for (port, list) in lists ?? [(0, Self.distinct(rules))] {
            let start = Int32(numbers.count)
            numbers += list
            cuts.append(Cut(port: port, numbers: start..<Int32(numbers.count)))
        }
    }

    /// The first rule of each kind that is about every port, and those before it.
    private static func distinct(_ rules: [Row]) -> [Int32] {
        var settled: Set<Int32> = []
        return rules.filter {
            if settled.contains($0.kind) { return false }
            if $0.ports == nil { settled.insert($0.kind) }
            return true
        }.map(\.number)
    }

    /// The rules from each port on where they change; nil where that would take too much memory.
    private static func cut(_ rules: [Row]) -> [(UInt16, [Int32])]? {
        var ports: Set<UInt16> = [0]
        let most = mostCopies * rules.count + 1024
        for range in rules.lazy.flatMap(\.ranges) {
            ports.insert(range.lowerBound)
            if range.upperBound < .max { ports.insert(range.upperBound + 1) }
        }
        let starts = ports.sorted()
        var lists = [[Int32]](repeating: [], count: starts.count)
        var total = 0
        let kinds = Dictionary(grouping: rules, by: \.kind)
        for rules in kinds.values {
            // One rule's own ranges lie apart.
            var open = OpenPlaces(rules.count > 1 ? starts.count : 0)
            for rule in rules {
                for range in rule.ranges {
                    var place = lastIndex(starts.count) { starts[$0] <= range.lowerBound } ?? 0
                    while true {
                        if rules.count > 1 { place = open.first(from: place) }
                        guard place < starts.count, starts[place] <= range.upperBound else { break }
                        if rules.count > 1 { open.close(place) }
                        lists[place].append(rule.number)
                        place += 1
                        total += 1
                        if total > most { return nil }
                    }
                }
            }
        }
        if kinds.count > 1 {
            for place in lists.indices { lists[place].sort() }
        }
        return Array(zip(starts, lists))
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
        let key = address.key
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

/// Places in a row, of which each is closed once.
private struct OpenPlaces {
    /// Of each place itself while it is open, else one nearer to the next open one.
    private var next: [Int]

    init(_ count: Int) {
        next = Array(0...count)
    }

    /// The first open place from this one on; the count where there is none.
    mutating func first(from start: Int) -> Int {
        var place = start
        while next[place] != place {
            next[place] = next[next[place]]
            place = next[place]
        }
        return place
    }

    /// Closes a place.
    mutating func close(_ place: Int) { next[place] = place + 1 }
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
