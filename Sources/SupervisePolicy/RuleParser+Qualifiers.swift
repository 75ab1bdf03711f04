extension RuleParser {
    /// Whether a word is a qualifier, right or wrong in what follows its `=`.
    func isQualifier(_ word: Word) -> Bool {
        RuleWords.qualifiers.contains { word.starts(with: "\($0)=".utf8) }
    }

    func qualifier(_ word: Word) throws(RuleError) -> Qualifier {
        let name = word.prefix { $0 != UInt8(ascii: "=") }
        guard name.count < word.count,
            let known = RuleWords.qualifiers.first(where: { name.elementsEqual($0.utf8) })
        else {
            guard RuleWords.qualifiers.contains(where: { name.elementsEqual($0.utf8) }) else {
                throw wrongQualifier(word)
            }
            throw error(word, "\(quoted(name)) has no =")
        }
        let value = word[(name.endIndex + 1)...]
        guard !value.isEmpty else { throw error(value, "\(known)= has no value") }
        switch known {
        case "program": return .program(try program(value))
        case "ancestor": return .ancestor(try program(value))
        case "cgroup": return try cgroup(value)
        case "user": return .user(try account(value, names.users, "user"))
        default: return .group(try account(value, names.groups, "group"))
        }
    }

    /// A path, or `@MAJOR:MINOR:INODE`.
    private func program(_ value: Word) throws(RuleError) -> ProgramPattern {
        guard value.first == UInt8(ascii: "@") else {
            return .named(try path(value, orUnder: "**/"))
        }
        let parts = value.dropFirst()
            .split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy(RuleWords.isDigit) }),
            let major = UInt32(parts[0]), let minor = UInt32(parts[1]), let inode = UInt64(parts[2])
        else {
            throw error(
                value, "\(quoted(value)) is no file: expected @DEV:INODE, as in @8:1:1234")
        }
        return .file(FileIdentity(major: major, minor: minor, inode: inode))
    }

    /// A path, with the hierarchy and a colon before it where that is not version 2.
    private func cgroup(_ value: Word) throws(RuleError) -> Qualifier {
        let path: Word
        var hierarchy: [UInt8] = []
        let colon = value.firstIndex(of: UInt8(ascii: ":"))
        if let colon, value.first != UInt8(ascii: "/"), !value.starts(with: "**".utf8) {
            let pattern = try glob(value[..<colon])
            guard let literal = pattern.literal, !literal.isEmpty else {
                throw error(value, "\(quoted(value[..<colon])) is no hierarchy")
            }
            hierarchy = literal
            path = value[(colon + 1)...]
        } else {
            path = value
        }
        return .cgroup(hierarchy: hierarchy, try self.path(path, orUnder: "**/"))
    }

    /// A name of the table, or a number.
    private func account(
        _ value: Word, _ table: [String: UInt32], _ what: String
    ) throws(RuleError) -> Account {
        let text = String(decoding: value, as: UTF8.self)
        if value.allSatisfy(RuleWords.isDigit) {
            // -1 stands for "no change" in the kernel.
            guard let number = UInt32(text), number != .max else {
                throw error(
                    value, "\(quoted(value)) is no \(what): numbers are from 0 to 4294967294")
            }
            return Account(number: number)
        }
        let name = try glob(value).literal.map { String(decoding: $0, as: UTF8.self) } ?? text
        guard let number = table[name] else {
            let ending = Suggestion.ending(for: value, among: table.keys.sorted())
            throw error(value, "there is no \(what) \(quoted(value))\(ending)")
        }
        return Account(number: number, name: name)
    }
}
