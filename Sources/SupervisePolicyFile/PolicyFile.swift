public import SupervisePolicy
import TOMLKit

/// What a policy file says: TOML with the keys `network`, `profile`, `errno`, `rules`, `source` and
/// `sets`.
///
/// A key that the file does not have is nil or empty here, so that an option of the command line or
/// a default can stand in for it. There is no file that is only partly understood: an unknown key, a
/// value of another type, a rule with an error in it are errors of the whole.
public struct PolicyFile: Hashable, Sendable {
    /// `network`, "on" or "off".
    public var network: NetworkSwitch?
    /// `profile`, by its name.
    public var profile: Profile?
    /// `errno`, the error of refused calls, by its name.
    public var refusal: ErrorNumber?
    /// `rules`, in their order, each with its place in the file.
    public var rules: [Rule] = []
    /// `[source]`, the addresses that sockets are bound to.
    public var source = SourceAddresses()
    /// `[sets]`, the addresses of each by its name.
    public var sets: [String: NetworkSet] = [:]

    /// Reads a file's content.
    ///
    /// - Parameters:
    ///   - text: All of it, UTF-8.
    ///   - name: The file's name as the places of its rules have it.
    ///   - names: What names in rules stand for; sets are the file's own.
    /// - Throws: The first thing that is wrong, and where.
    public init(
        parsing text: [UInt8], name: String, names: Names = Names()
    ) throws(PolicyFileError) {
        let table = try Self.table(text)
        try Self.check(
            table.keys, among: ["network", "profile", "errno", "rules", "source", "sets"])
        network = try Self.network(table)
        profile = try Self.profile(table)
        refusal = try Self.refusal(table)
        source = try Self.source(table)
        sets = try Self.sets(table)
        var names = names
        names.sets = sets
        rules = try Self.rules(table, file: name, names)
    }

    // MARK: Values

    private static func network(_ table: TOMLTable) throws(PolicyFileError) -> NetworkSwitch? {
        guard let text = try string(table, "network", #""on" or "off""#) else { return nil }
        guard let value = NetworkSwitch(rawValue: text) else {
            throw PolicyFileError(
                at: "network", "\(quoted(text)) was found, expected \"on\" or \"off\"")
        }
        return value
    }

    private static func profile(_ table: TOMLTable) throws(PolicyFileError) -> Profile? {
        guard let text = try string(table, "profile", "the name of a profile") else { return nil }
        guard let value = Profile.named(text) else {
            let known = Profile.all.map(\.name)
            throw PolicyFileError(
                at: "profile",
                "there is no profile \(quoted(text))"
                    + (Suggestion.nearest(to: text, among: known).map { "; did you mean '\($0)'?" }
                        ?? ", expected one of \(known.joined(separator: ", "))"))
        }
        return value
    }

    private static func refusal(_ table: TOMLTable) throws(PolicyFileError) -> ErrorNumber? {
        guard let text = try string(table, "errno", "the name of an error, such as \"EPERM\"")
        else { return nil }
        guard let value = ErrorNumber(name: text) else {
            throw PolicyFileError(
                at: "errno", "there is no error \(quoted(text)), expected a name such as \"EPERM\"")
        }
        return value
    }

    private static func source(_ table: TOMLTable) throws(PolicyFileError) -> SourceAddresses {
        var source = SourceAddresses()
        guard let value = table["source"] else { return source }
        guard let inner = value.table else {
            throw PolicyFileError(
                at: "source", "\(kind(of: value)) was found, expected a table: [source]")
        }
        try check(inner.keys, among: ["ipv4", "ipv6"], in: "source.")
        for (name, example) in [("ipv4", "10.1.2.3"), ("ipv6", "2001:db8::1")] {
            let expected = "an address, such as \"\(example)\""
            guard let text = try string(inner, name, expected, in: "source.") else { continue }
            do throws(SourceError) {
                let address = try SourceAddresses.address(parsing: text)
                let found = if case .v4 = address { "ipv4" } else { "ipv6" }
                guard found == name else {
                    throw SourceError(
                        message: "\(quoted(text)) is an address for the key '\(found)'")
                }
                try source.set(address)
            } catch {
                throw PolicyFileError(at: "source.\(name)", error.message)
            }
        }
        return source
    }

    private static func sets(_ table: TOMLTable) throws(PolicyFileError) -> [String: NetworkSet] {
        guard let value = table["sets"] else { return [:] }
        guard let inner = value.table else {
            throw PolicyFileError(
                at: "sets", "\(kind(of: value)) was found, expected a table: [sets]")
        }
        var sets: [String: NetworkSet] = [:]
        for name in inner.keys.sorted() {
            let path = "sets.\(key(name))"
            guard Names.isSetName(name) else {
                throw PolicyFileError(
                    at: path,
                    "a set's name has letters, digits, - and _ only, so that rules can say @name")
            }
            var prefixes: [IPPrefix] = []
            for (index, text) in try strings(inner, name, path, "addresses").enumerated() {
                do throws(RuleError) {
                    prefixes += try Names.prefixes(parsing: text)
                } catch {
                    throw PolicyFileError(at: "\(path)[\(index)]", error.description)
                }
            }
            sets[name] = NetworkSet(prefixes)
        }
        return sets
    }

    private static func rules(
        _ table: TOMLTable, file: String, _ names: Names
    ) throws(PolicyFileError) -> [Rule] {
        var rules: [Rule] = []
        for (index, text) in try strings(table, "rules", "rules", "rules").enumerated() {
            do throws(RuleError) {
                rules.append(
                    try Rule(parsing: text, names: names, place: .file(file, index)))
            } catch {
                throw PolicyFileError(at: "rules[\(index)]", error.description)
            }
        }
        return rules
    }

    // MARK: TOML

    /// A document's table.
    private static func table(_ text: [UInt8]) throws(PolicyFileError) -> TOMLTable {
        // The library takes and gives C strings: what follows a NUL would be lost without a word.
        if let index = text.firstIndex(of: 0) {
            throw PolicyFileError(at: position(of: index, in: text), "a NUL byte was found")
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw PolicyFileError(at: nil, "it is not UTF-8, expected a TOML document")
        }
        for escape in [#"\u0000"#, #"\U00000000"#] {
            if let range = string.utf8.firstRange(of: escape.utf8) {
                let index = string.utf8.distance(from: string.startIndex, to: range.lowerBound)
                throw PolicyFileError(
                    at: position(of: index, in: text), "a NUL was found, which nothing here has")
            }
        }
        if let place = TOMLScanner.fatalPlace(in: text) {
            throw PolicyFileError(at: position(of: place.offset, in: text), place.problem)
        }
        do {
            return try TOMLTable(string: string)
        } catch let error as TOMLParseError {
            throw PolicyFileError(
                at: "line \(error.source.begin.line), column \(error.source.begin.column)",
                EscapedText.escape(Array(error.description.utf8)))
        } catch {
            throw PolicyFileError(at: nil, "it is no TOML document")
        }
    }

    private static func position(of index: Int, in text: [UInt8]) -> String {
        let before = text[..<index]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return "line \(line), column \(column)"
    }

    /// Refuses keys that nobody reads: a setting with a slip of the pen would be no setting.
    private static func check(
        _ keys: [String], among known: [String], in path: String = ""
    ) throws(PolicyFileError) {
        for name in keys.sorted() where !known.contains(name) {
            throw PolicyFileError(
                at: path + key(name),
                "there is no such key"
                    + (Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" }
                        ?? ", expected one of \(known.joined(separator: ", "))"))
        }
    }

    private static func string(
        _ table: TOMLTable, _ name: String, _ expected: String, in path: String = ""
    ) throws(PolicyFileError) -> String? {
        guard let value = table[name] else { return nil }
        guard let text = value.string else {
            throw PolicyFileError(
                at: path + name, "\(kind(of: value)) was found, expected \(expected)")
        }
        return text
    }

    private static func strings(
        _ table: TOMLTable, _ name: String, _ path: String, _ what: String
    ) throws(PolicyFileError) -> [String] {
        guard let value = table[name] else { return [] }
        guard let array = value.array else {
            throw PolicyFileError(
                at: path,
                "\(kind(of: value)) was found, expected a list of \(what): [\"...\", \"...\"]")
        }
        var texts: [String] = []
        texts.reserveCapacity(array.count)
        for (index, element) in array.enumerated() {
            guard let text = element.string else {
                throw PolicyFileError(
                    at: "\(path)[\(index)]", "\(kind(of: element)) was found, expected a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// A value's type as a sentence has it: `an integer`.
    private static func kind(of value: some TOMLValueConvertible) -> String {
        switch value.type {
        case .array: "a list"
        case .int: "an integer"
        case .bool: "true or false"
        default: "a \(value.type)"
        }
    }

    /// A key as it stands in a key path, safe to show.
    private static func key(_ name: String) -> String {
        let text = EscapedText.escape(Array(name.utf8.prefix(80)))
        return Names.isSetName(name) ? text : "\"\(text)\""
    }
}

private func quoted(_ text: String) -> String {
    "'\(EscapedText.escape(Array(text.utf8.prefix(80))))'"
}
