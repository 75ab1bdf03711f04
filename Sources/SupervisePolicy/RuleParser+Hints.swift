// What is told to somebody who wrote a rule in the words of another tool, or a part of it in the
// place of another part.

extension RuleWords {
    /// What other tools call actions.
    static let otherActions = [
        "permit": "allow", "accept": "allow", "pass": "allow", "grant": "allow",
        "reject": "deny", "drop": "deny", "block": "deny", "refuse": "deny", "forbid": "deny",
    ]

    /// What other tools and system calls call operations.
    static let otherOperations = [
        "socket": "create", "out": "outgoing", "egress": "outgoing", "output": "outgoing",
        "in": "incoming", "ingress": "incoming", "input": "incoming", "sendto": "send",
        "sendmsg": "send", "ptrace": "trace", "all": "*", "any": "*",
    ]

    /// What other tools call hosts.
    static let otherHosts = [
        "*": "any", "all": "any", "loopback": "localhost", "lo": "localhost", "lan": "private",
        "rfc1918": "private",
    ]

    /// What other tools call qualifiers.
    static let otherQualifiers = [
        "prog": "program", "exe": "program", "path": "program", "parent": "ancestor",
        "uid": "user", "gid": "group",
    ]

    /// The end of a message on a word that is none of a few: what could be meant, or what there is.
    static func ending(
        for word: ArraySlice<UInt8>, among names: [String], or others: [String: String]
    ) -> String {
        if let other = others[String(decoding: word, as: UTF8.self)] {
            return "; did you mean '\(other)'?"
        }
        let near = Suggestion.ending(for: word, among: names)
        return near.isEmpty ? ": expected one of \(names.joined(separator: ", "))" : near
    }
}

extension RuleParser {
    /// What a word is that stands where an operation should.
    func wrongOperation(_ word: Word) -> RuleError {
        let name = String(decoding: word, as: UTF8.self)
        if RuleWords.protocols[name] != nil {
            return error(
                word,
                "\(quoted(word)) is no operation: one comes before the protocol, as in "
                    + "'outgoing \(name)'")
        }
        return error(
            word,
            "\(quoted(word)) is no operation"
                + RuleWords.ending(
                    for: word, among: RuleWords.operations.map(\.name),
                    or: RuleWords.otherOperations))
    }

    /// What a word is that is no host but could be something else; nil where it could not.
    func wrongHost(_ word: Word) -> RuleError? {
        let name = String(decoding: word, as: UTF8.self)
        if let host = RuleWords.otherHosts[name] {
            return error(word, "\(quoted(word)) is no host; did you mean '\(host)'?")
        }
        if UInt16(name) != nil || names.services[name] != nil {
            return error(word, "\(quoted(word)) is no address; did you mean the port, ':\(name)'?")
        }
        // tcp/443, unix:/run/x
        let head = word.prefix { $0 != UInt8(ascii: "/") }
        if RuleWords.protocols[String(decoding: head, as: UTF8.self)] != nil {
            return error(word, "\(quoted(head)) is a protocol: a space comes behind it")
        }
        return nil
    }

    /// What a word is that stands where a qualifier should.
    func wrongQualifier(_ word: Word) -> RuleError {
        let name = word.prefix { $0 != UInt8(ascii: "=") }
        let isEndpoint = RuleWords.looksLikeEndpoint(name)
        return error(
            word,
            "\(quoted(name)) is no qualifier"
                + (isEndpoint
                    ? ": a rule has one endpoint at the most"
                    : RuleWords.ending(
                        for: name, among: RuleWords.qualifiers, or: RuleWords.otherQualifiers)))
    }
}
