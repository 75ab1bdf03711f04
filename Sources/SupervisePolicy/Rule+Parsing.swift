extension Rule {
    /// Parses a rule: `allow outgoing tcp 10.0.0.0/8:443`.
    ///
    /// - Parameters:
    ///   - text: The rule; its action comes first where `action` is nil.
    ///   - action: What an option said that the rule's text follows: `--deny '(EACCES) bind tcp'`.
    ///   - names: The names for numbers.
    ///   - place: Where the rule stands.
    /// - Throws: What is wrong, and at which column of the text.
    public init(
        parsing text: some StringProtocol, action: RuleAction? = nil, names: Names = Names(),
        place: RulePlace = .unknown
    ) throws(RuleError) {
        var parser = RuleParser(text: Array(text.utf8), names: names)
        self = try parser.rule(action, place)
    }
}

/// Reads the words of a rule from left to right.
///
/// Words end at spaces and tabs that no backslash precedes.
struct RuleParser {
    let text: [UInt8]
    let names: Names
    /// Where the next word is looked for.
    private var offset = 0

    init(text: [UInt8], names: Names) {
        self.text = text
        self.names = names
    }

    typealias Word = ArraySlice<UInt8>

    mutating func rule(_ given: RuleAction?, _ place: RulePlace) throws(RuleError) -> Rule {
        let action = try action(given)
        guard let word = next() else {
            throw missing("an operation", RuleWords.operations.map(\.name))
        }
        if given != nil, word.elementsEqual("allow".utf8) || word.starts(with: "deny".utf8) {
            throw error(word, "\(quoted(word)) is an action: here the operation comes first")
        }
        let operations = try operations(word)
        var rule = Rule(action, operations, place: place)
        var word2 = next()
        if let word = word2, let `protocol` = try protocolName(word) {
            if operations == .trace {
                throw error(word, "trace has no protocol")
            }
            rule.protocol = `protocol`
            word2 = next()
        }
        if let word = word2, !isQualifier(word) {
            rule.endpoint = try endpoint(word, of: rule)
            word2 = next()
        }
        while let word = word2 {
            let qualifier = try qualifier(word)
            if let twin = rule.qualifiers.first(where: { $0.rank == qualifier.rank }) {
                throw error(word, "\(RuleWords.qualifiers[twin.rank])= is given twice")
            }
            rule.qualifiers.append(qualifier)
            word2 = next()
        }
        rule.qualifiers.sort { $0.rank < $1.rank }
        return rule
    }

    // MARK: Words

    /// The next word, nil at the end.
    mutating func next() -> Word? {
        while offset < text.count, Self.isSpace(text[offset]) { offset += 1 }
        guard offset < text.count else { return nil }
        let start = offset
        while offset < text.count, !Self.isSpace(text[offset]) {
            offset += text[offset] == UInt8(ascii: "\\") ? 2 : 1
        }
        offset = min(offset, text.count)
        return text[start..<offset]
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// An error at the beginning of a word.
    func error(_ word: Word, _ message: String) -> RuleError {
        error(at: word.startIndex, message)
    }

    func error(at offset: Int, _ message: String) -> RuleError {
        RuleError(at: offset, of: text, message)
    }

    private func missing(_ what: String, _ choices: [String]) -> RuleError {
        error(at: text.count, "\(what) is missing: one of \(choices.joined(separator: ", "))")
    }

    // MARK: Action

    private mutating func action(_ given: RuleAction?) throws(RuleError) -> RuleAction {
        if given == .allow { return .allow }
        let start = offset
        var word: Word
        if given == nil {
            guard let first = next() else { throw missing("an action", RuleWords.actions) }
            let name = first.prefix { $0 != UInt8(ascii: "(") }
            if name.elementsEqual("allow".utf8) {
                guard name.count == first.count else {
                    throw error(at: name.endIndex, "allow has no error; only deny has one")
                }
                return .allow
            }
            guard name.elementsEqual("deny".utf8) else {
                throw error(
                    first,
                    "\(quoted(name)) is no action"
                        + RuleWords.ending(
                            for: name, among: RuleWords.actions, or: RuleWords.otherActions))
            }
            word = first[name.endIndex...]
        } else {
            word = text[start..<start]
        }
        if word.isEmpty {
            let before = offset
            guard let more = next(), more.first == UInt8(ascii: "(") else {
                offset = before
                return given ?? .deny(nil)
            }
            word = more
        }
        return .deny(try errorNumber(word))
    }

    /// `(EACCES)`.
    private func errorNumber(_ word: Word) throws(RuleError) -> ErrorNumber {
        let inside = word.dropFirst()
        guard let end = inside.firstIndex(of: UInt8(ascii: ")")) else {
            throw error(word, "the ( before the error has no )")
        }
        guard end == word.endIndex - 1 else {
            throw error(at: end + 1, "a space is missing after the error")
        }
        let name = inside[..<end]
        guard let number = ErrorNumber(name: String(decoding: name, as: UTF8.self)) else {
            throw error(
                name,
                "\(quoted(name)) is no error"
                    + Suggestion.ending(for: name, among: ErrorNumber.names.map(\.name)))
        }
        return number
    }

    // MARK: Operations and protocol

    private func operations(_ word: Word) throws(RuleError) -> OperationSet {
        var result: OperationSet = []
        for name in word.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard !name.isEmpty else {
                throw error(name, "an operation is missing: lists have commas and no spaces")
            }
            guard
                let found = RuleWords.operations.first(where: { name.elementsEqual($0.name.utf8) })
            else { throw wrongOperation(name) }
            result.formUnion(found.set)
        }
        return result
    }

    /// The protocol that a word names; nil where it is something else, an error where it is nothing.
    private func protocolName(_ word: Word) throws(RuleError) -> RuleProtocol? {
        let name = String(decoding: word, as: UTF8.self)
        if let known = RuleWords.protocols[name] { return known }
        for (prefix, limit) in [("protocol-", 65535), ("family-", 65535), ("", 65535)]
        where name.hasPrefix(prefix) {
            let digits = name.dropFirst(prefix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy(RuleWords.isDigit) else { continue }
            guard let number = Int32(digits), number > 0, number <= limit else {
                throw error(word, "\(quoted(word)) is no protocol: numbers are from 1 to \(limit)")
            }
            if prefix == "family-" {
                let family = AddressFamily(rawValue: UInt16(number))
                guard family != .ipv4, family != .ipv6 else { continue }
                return RuleWords.protocols[family.name] ?? .family(family)
            }
            // A port, most likely.
            guard !prefix.isEmpty || number <= RuleWords.lastProtocol else {
                throw error(
                    word,
                    "\(quoted(word)) is no protocol: numbers are from 1 to \(RuleWords.lastProtocol); "
                        + "did you mean the port, ':\(number)'?")
            }
            return RuleProtocol(number: number)
        }
        if isQualifier(word) || RuleWords.looksLikeEndpoint(word) { return nil }
        if names.services[name] != nil {
            throw error(
                word, "\(quoted(word)) is a service: its protocol comes first, as in 'tcp :\(name)'"
            )
        }
        let candidates =
            RuleWords.protocols.keys.sorted() + RuleWords.endpoints
            + RuleWords.qualifiers.map { $0 + "=" }
        let nearest = Suggestion.nearest(to: word, among: candidates)
        guard let nearest else {
            throw error(word, "\(quoted(word)) is neither a protocol nor an endpoint")
        }
        let what =
            RuleWords.protocols[nearest] != nil
            ? "protocol" : nearest.hasSuffix("=") ? "qualifier" : "host"
        throw error(word, "\(quoted(word)) is no \(what); did you mean '\(nearest)'?")
    }
}

/// The words of the grammar.
enum RuleWords {
    static let actions = ["allow", "deny"]

    static let operations: [(name: String, set: OperationSet)] =
        Operation.allCases.map { ($0.rawValue, OperationSet($0)) } + [
            ("outgoing", .outgoing), ("incoming", .incoming), ("*", .all),
        ]

    /// Every protocol by its names; `mptcp` is judged as TCP, and logs tell them apart.
    static let protocols: [String: RuleProtocol] = {
        var table: [String: RuleProtocol] = [
            "tcp": .tcp, "mptcp": .tcp, "udp": .udp, "icmp": .icmp, "sctp": .sctp, "raw": .raw,
            "unix": .unix, "abstract": .abstract,
        ]
        for number in 1..<AddressFamily.limit {
            let family = AddressFamily(rawValue: number)
            guard ![.unix, .ipv4, .ipv6].contains(family), !family.name.hasPrefix("family-") else {
                continue
            }
            table[family.name] = .family(family)
        }
        return table
    }()

    /// The last number that the kernel knows of: MPTCP.
    static let lastProtocol: Int32 = 262

    static let endpoints = Host.named.map(\.name) + ["autobind", "unspec"]

    /// The qualifiers in their order.
    static let qualifiers = ["program", "ancestor", "cgroup", "user", "group"]

    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// Whether a word can only be meant for an endpoint.
    static func looksLikeEndpoint(_ word: ArraySlice<UInt8>) -> Bool {
        endpoints.contains { word.elementsEqual($0.utf8) }
            || word.contains { ":./[]@*\\".utf8.contains($0) }
    }
}

extension Qualifier {
    /// The qualifier's place among the others in a rule's normal form.
    var rank: Int {
        switch self {
        case .program: 0
        case .ancestor: 1
        case .cgroup: 2
        case .user: 3
        case .group: 4
        }
    }
}
