/// A value of a TOML file or of a JSON line, as far as cases and events have them.
enum Value: Equatable, Sendable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case array([Value])
    case table([String: Value])
    /// What neither cases nor events have: dates, floating point, null.
    case other(String)

    /// Whether a value is as this one asks for.
    ///
    /// A table asks for its own keys only; in a text, `*` stands for anything.
    func matches(_ value: Value?) -> Bool {
        switch (self, value) {
        case (.table(let wanted), .table(let found)?):
            wanted.allSatisfy { key, value in value.matches(found[key]) }
        case (.array(let wanted), .array(let found)?):
            wanted.count == found.count
                && zip(wanted, found).allSatisfy { $0.matches($1) }
        case (.string(let wanted), .string(let found)?):
            wanted.contains("*") ? Glob(wanted).matches(found) : wanted == found
        default:
            self == value
        }
    }

    /// The value in one line, its keys in order.
    var text: String {
        switch self {
        case .string(let text): "\"\(text)\""
        case .integer(let number): "\(number)"
        case .boolean(let value): "\(value)"
        case .other(let text): text
        case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .table(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }
                .joined(separator: ", ") + "}"
        }
    }

    /// The keys of one table that another has too, and no others: for messages.
    func restricted(to wanted: Value) -> Value {
        guard case .table(let members) = self, case .table(let wanted) = wanted else { return self }
        var kept: [String: Value] = [:]
        for (key, value) in members {
            if let wanted = wanted[key] { kept[key] = value.restricted(to: wanted) }
        }
        return .table(kept)
    }
}

/// A text in which `*` stands for any text and `?` for one character.
struct Glob: Sendable {
    private let pattern: [Character]

    init(_ pattern: String) {
        self.pattern = Array(pattern)
    }

    func matches(_ text: String) -> Bool {
        let text = Array(text)
        // Where to go on when what follows the last star does not fit: one character later.
        var star: (pattern: Int, text: Int)?
        var (at, index) = (0, 0)
        while index < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at, index)
                at += 1
            } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[index] {
                at += 1
                index += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                at = last.pattern + 1
                index = last.text + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
