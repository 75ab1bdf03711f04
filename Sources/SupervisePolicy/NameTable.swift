/// Numbers of rules by the AF_UNIX name that they are about.
struct NameTable: Sendable {
    /// A name without wildcards.
    enum Name: Hashable, Sendable {
        case path([UInt8])
        case abstract([UInt8])

        /// The only name that an endpoint fits; nil where there are others, or none.
        fileprivate init?(_ endpoint: Endpoint?) {
            switch endpoint {
            case .path(let glob)?:
                guard let name = glob.literal else { return nil }
                self = .path(name)
            case .abstractName(let glob)?:
                guard let name = glob.literal else { return nil }
                self = .abstract(name)
            default: return nil
            }
        }
    }

    /// First those that are about more than one name, then those about one each.
    private let numbers: [Int32]
    private let general: Range<Int32>
    private let named: [Name: Range<Int32>]

    /// Makes a table of rules by their endpoints, in the order of their numbers.
    init(_ rules: some Sequence<(Int32, Endpoint?)>) {
        var numbers: [Int32] = []
        var lists: [Name: [Int32]] = [:]
        for (number, endpoint) in rules {
            if let name = Name(endpoint) {
                lists[name, default: []].append(number)
            } else {
                numbers.append(number)
            }
        }
        general = 0..<Int32(numbers.count)
        named = lists.mapValues { list in
            numbers += list
            return Int32(numbers.count - list.count)..<Int32(numbers.count)
        }
        self.numbers = numbers
    }

    /// The rules that may be about the name, in order; nil is something else than a name.
    func candidates(_ name: Name?) -> Candidates {
        var result = Candidates(numbers: numbers)
        result.insert(general)
        if let list = name.flatMap({ named[$0] }) { result.insert(list) }
        return result
    }
}
