/// The members of a table, taken one by one: what nobody took is an error.
struct Fields {
    private var members: [String: Value]
    /// Where the table is, for messages.
    var path: String

    init(_ members: [String: Value], path: String) {
        self.members = members
        self.path = path
    }

    /// The keys that are left.
    var keys: [String] { members.keys.sorted() }

    func error(_ message: String) -> CaseError {
        CaseError(path.isEmpty ? message : "\(path): \(message)")
    }

    mutating func string(_ key: String) throws(CaseError) -> String? {
        switch members.removeValue(forKey: key) {
        case nil: return nil
        case .string(let text)?: return text
        case let value?: throw error("\(key): found \(value.text), expected a text")
        }
    }

    mutating func boolean(_ key: String) throws(CaseError) -> Bool? {
        switch members.removeValue(forKey: key) {
        case nil: return nil
        case .boolean(let value)?: return value
        case let value?: throw error("\(key): found \(value.text), expected true or false")
        }
    }

    mutating func array(_ key: String) throws(CaseError) -> [Value]? {
        switch members.removeValue(forKey: key) {
        case nil: return nil
        case .array(let values)?: return values
        case let value?: throw error("\(key): found \(value.text), expected a list")
        }
    }

    mutating func strings(_ key: String) throws(CaseError) -> [String]? {
        guard let values = try array(key) else { return nil }
        var texts: [String] = []
        for value in values {
            guard case .string(let text) = value else {
                throw error("\(key): found \(value.text), expected texts")
            }
            texts.append(text)
        }
        return texts
    }

    /// Words of a closed set.
    mutating func words<Word: RawRepresentable & CaseIterable>(
        _ key: String, of type: Word.Type
    ) throws(CaseError) -> [Word]? where Word.RawValue == String {
        guard let texts = try strings(key) else { return nil }
        var words: [Word] = []
        for text in texts {
            guard let word = Word(rawValue: text) else {
                let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
                throw error("\(key): found '\(text)', expected one of \(known)")
            }
            words.append(word)
        }
        return words
    }

    mutating func table(_ key: String) throws(CaseError) -> [String: Value] {
        switch members.removeValue(forKey: key) {
        case nil: return [:]
        case .table(let table)?: return table
        case let value?: throw error("\(key): found \(value.text), expected a table")
        }
    }

    mutating func tables(_ key: String) throws(CaseError) -> [[String: Value]] {
        var tables: [[String: Value]] = []
        for value in try array(key) ?? [] {
            guard case .table(let table) = value else {
                throw error("\(key): found \(value.text), expected [[\(key)]]")
            }
            tables.append(table)
        }
        return tables
    }

    /// Nothing may be left.
    func end() throws(CaseError) {
        guard let key = keys.first else { return }
        throw error("there is no key '\(key)'")
    }
}
