extension RuleParser {
    /// The endpoint that a word names, of a rule whose protocol is known if it has one.
    func endpoint(_ word: Word, of rule: Rule) throws(RuleError) -> Endpoint {
        if rule.operations.isDisjoint(with: [.outgoing, .incoming]) {
            throw error(word, "\(rule.operations) has no endpoint")
        }
        if word.elementsEqual("unspec".utf8) { return .unspecified }
        switch rule.protocol {
        case .abstract?:
            return .abstractName(
                try glob(word.first == UInt8(ascii: "@") ? word.dropFirst() : word))
        case .unix?:
            if word.elementsEqual("autobind".utf8) { return .unnamed }
            guard word.first != UInt8(ascii: "@") else {
                throw error(word, "\(quoted(word)) is no path: abstract names are of 'abstract'")
            }
            return .path(try path(word))
        case .family(let family)? where family != AddressFamily(rawValue: 43):
            throw error(word, "\(family.name) has no endpoint in rules")
        case nil where word.elementsEqual("autobind".utf8):
            return .unnamed
        case nil where Self.beginsPath(word):
            return .path(try path(word))
        default:
            return try internet(word, of: rule)
        }
    }

    /// A pattern for a name, with the error where it stands.
    func glob(_ word: Word) throws(RuleError) -> Glob {
        do throws(GlobError) {
            return try Glob(parsing: word)
        } catch {
            throw self.error(at: error.offset, error.message)
        }
    }

    /// A pattern for names that begin at the root; `beginning` is what could be meant before others.
    func path(_ word: Word, orUnder beginning: String? = nil) throws(RuleError) -> Glob {
        guard Self.beginsPath(word) else {
            let hint = beginning.map { "; did you mean \(quoted(Array($0.utf8) + word))?" } ?? ""
            throw error(word, "\(quoted(word)) is no path: a path begins with / or **\(hint)")
        }
        return try glob(word)
    }

    private static func beginsPath(_ word: Word) -> Bool {
        word.first == UInt8(ascii: "/") || word.starts(with: "**".utf8)
    }

    /// `host`, `host:ports` or `:ports`.
    private func internet(_ word: Word, of rule: Rule) throws(RuleError) -> Endpoint {
        if let `protocol` = rule.protocol, word.first == UInt8(ascii: "/") {
            throw error(word, "\(quoted(word)) is a path, which \(`protocol`) does not have")
        }
        let (host, rest) = try splitHost(word)
        let address = host.isEmpty ? Host.any : try self.host(host)
        guard !rest.isEmpty else { return .internet(address, nil) }
        switch rule.protocol {
        case .icmp?, .raw?:
            throw error(rest, "\(quoted(rest)): \(rule.protocol?.description ?? "") has no ports")
        default: return .internet(address, try ports(rest.dropFirst(), rule.protocol))
        }
    }

    /// The host of an endpoint, and the colon with the ports.
    private func splitHost(_ word: Word) throws(RuleError) -> (host: Word, rest: Word) {
        let colon = UInt8(ascii: ":")
        if word.first == UInt8(ascii: "[") {
            guard var end = word.firstIndex(of: UInt8(ascii: "]")) else {
                throw error(word, "the [ before the address has no ]")
            }
            // [2001:db8::]/32 is [2001:db8::/32].
            end += 1
            if end < word.endIndex, word[end] == UInt8(ascii: "/") {
                end = word[end...].firstIndex(of: colon) ?? word.endIndex
            }
            guard end == word.endIndex || word[end] == colon else {
                throw error(at: end, "\(quoted(word[end...])) is neither a port nor the end")
            }
            return (word[..<end], word[end...])
        }
        let colons = word.indices.filter { word[$0] == colon }
        guard colons.count > 1 else {
            let end = colons.first ?? word.endIndex
            return (word[..<end], word[end...])
        }
        // A network without brackets has its ports behind the length, where nothing is doubtful.
        guard let slash = word.firstIndex(of: UInt8(ascii: "/")) else {
            throw error(word, "\(quoted(word)): an IPv6 address needs brackets: [::1], [::1]:80")
        }
        let end = word[slash...].firstIndex(of: colon) ?? word.endIndex
        return (word[..<end], word[end...])
    }

    /// An address, a network, a name, or a set.
    private func host(_ word: Word) throws(RuleError) -> Host {
        if word.first == UInt8(ascii: "@") {
            let name = String(decoding: word.dropFirst(), as: UTF8.self)
            guard let set = names.sets[name] else {
                let ending = Suggestion.ending(
                    for: word, among: names.sets.keys.sorted().map { "@" + $0 })
                throw error(word, "there is no set \(quoted(word))\(ending)")
            }
            return .set(name, set)
        }
        if let named = Host.named.first(where: { word.elementsEqual($0.name.utf8) }) {
            return named.host
        }
        if word.elementsEqual("autobind".utf8) {
            throw error(word, "autobind is an endpoint of unix only")
        }
        if let error = wrongHost(word) { throw error }
        do throws(AddressError) {
            return .prefix(try IPPrefix(parsing: word))
        } catch {
            throw self.error(at: error.offset, error.message)
        }
    }

    /// Numbers, ranges and services, with commas between.
    private func ports(_ list: Word, _ protocol: RuleProtocol?) throws(RuleError) -> PortList {
        var ranges: [ClosedRange<UInt16>] = []
        for item in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard !item.isEmpty else {
                throw error(item, "a port is missing: lists have commas and no spaces")
            }
            let isNumeric = item.allSatisfy { RuleWords.isDigit($0) || $0 == UInt8(ascii: "-") }
            guard isNumeric, let first = item.first, RuleWords.isDigit(first) else {
                let port = try service(item, `protocol`)
                ranges.append(port...port)
                continue
            }
            let bounds = item.split(
                separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
            let low = try port(bounds[0])
            let high = bounds.count > 1 ? try port(bounds[1]) : low
            guard low <= high else {
                throw error(item, "\(quoted(item)) is empty: the lower port comes first")
            }
            ranges.append(low...high)
        }
        return PortList(ranges)
    }

    private func port(_ digits: Word) throws(RuleError) -> UInt16 {
        guard !digits.isEmpty else { throw error(digits, "a port is missing") }
        guard let port = UInt16(String(decoding: digits, as: UTF8.self)) else {
            throw error(digits, "\(quoted(digits)) is no port: ports are from 0 to 65535")
        }
        return port
    }

    private func service(_ name: Word, _ protocol: RuleProtocol?) throws(RuleError) -> UInt16 {
        guard let known = names.services[String(decoding: name, as: UTF8.self)] else {
            let ending = Suggestion.ending(for: name, among: names.services.keys.sorted())
            throw error(name, "\(quoted(name)) is no port and no service\(ending)")
        }
        if let `protocol`, let port = known[`protocol`] { return port }
        let ports = Set(known.values)
        guard let port = ports.first, ports.count == 1 else {
            throw error(name, "the port of \(quoted(name)) depends on the protocol: name one")
        }
        return port
    }
}
