/// What is wrong with a pattern, and at which index of its bytes.
struct GlobError: Error, Hashable {
    var offset: Int
    var message: String
}

extension Glob {
    /// Parses a pattern; a backslash makes the next character itself, `\xNN` is a byte.
    init(parsing text: ArraySlice<UInt8>) throws(GlobError) {
        var tokens: [Token] = []
        var rest = text
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "*"):
                let isDouble = rest.starts(with: "**".utf8)
                tokens.append(isDouble ? .globstar : .star)
                rest = rest.dropFirst(isDouble ? 2 : 1)
            case UInt8(ascii: "?"):
                tokens.append(.one)
                rest = rest.dropFirst()
            case UInt8(ascii: "["):
                tokens.append(.of(try Self.set(&rest)))
            default:
                tokens.append(.byte(try Self.byte(&rest)))
            }
        }
        self.init(tokens: tokens)
    }

    /// A byte, which may be escaped.
    private static func byte(_ rest: inout ArraySlice<UInt8>) throws(GlobError) -> UInt8 {
        let start = rest.startIndex
        let byte = rest.removeFirst()
        guard byte == UInt8(ascii: "\\") else { return byte }
        guard let escaped = rest.popFirst() else {
            throw GlobError(offset: start, message: "a backslash has nothing behind it")
        }
        guard escaped == UInt8(ascii: "x") else { return escaped }
        let digits = rest.prefix(2)
        guard digits.count == 2,
            let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
            digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else {
            throw GlobError(
                offset: start, message: "\\x needs two hexadecimal digits, as in \\x20")
        }
        rest = rest.dropFirst(2)
        return value
    }

    /// `[a-z]`, `[!a-z]`, `[^a-z]`; a `]` at the beginning is itself.
    private static func set(_ rest: inout ArraySlice<UInt8>) throws(GlobError) -> ByteSet {
        let start = rest.startIndex
        rest = rest.dropFirst()
        let isInverted = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isInverted { rest = rest.dropFirst() }
        var set = ByteSet()
        var isFirst = true
        while isFirst || rest.first != UInt8(ascii: "]") {
            guard !rest.isEmpty else {
                throw GlobError(offset: start, message: "the [ has no ]; \\[ is the character")
            }
            isFirst = false
            let item = rest.startIndex
            let low = try byte(&rest)
            var high = low
            if rest.first == UInt8(ascii: "-"), let after = rest.dropFirst().first,
                after != UInt8(ascii: "]")
            {
                rest = rest.dropFirst()
                high = try byte(&rest)
            }
            guard low <= high else {
                let range = quoted([low, UInt8(ascii: "-"), high])
                throw GlobError(offset: item, message: "the range \(range) is empty")
            }
            for byte in low...high { set.insert(byte) }
        }
        rest = rest.dropFirst()
        return isInverted ? set.inverted : set
    }
}
