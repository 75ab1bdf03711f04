/// What is wrong with the text of a rule, and where.
public struct RuleError: Error, Hashable, CustomStringConvertible {
    /// The character that the error begins at, from 1.
    public var column: Int
    /// What was found and what would have been right, in one line that is safe to show.
    public var message: String

    /// Makes an error.
    public init(column: Int, message: String) {
        self.column = column
        self.message = message
    }

    /// The error as users see it: `column 14: 'tpc' is no protocol; did you mean 'tcp'?`.
    public var description: String { "column \(column): \(message)" }

    /// An error at an offset in a rule's bytes.
    init(at offset: Int, of text: some Collection<UInt8>, _ message: String) {
        // A character is counted at its first byte.
        let characters = text.prefix(offset).count { $0 & 0xc0 != 0x80 }
        self.init(column: characters + 1, message: message)
    }
}

/// A word that somebody wrote, in quotes, safe to show and not too long.
func quoted(_ bytes: some Collection<UInt8>) -> String {
    let limit = 80
    return "'" + EscapedText.escape(bytes.prefix(limit)) + (bytes.count > limit ? "...'" : "'")
}
