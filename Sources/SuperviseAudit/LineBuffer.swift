public import SupervisePolicy

/// The bytes of a line in the making.
///
/// Its memory is kept from line to line: in the stop path nothing is allocated once the longest
/// usual line has been written.
struct LineBuffer {
    private(set) var bytes: [UInt8] = []

    /// Empties the buffer and keeps its memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(contentsOf other: some Sequence<UInt8>) {
        bytes.append(contentsOf: other)
    }

    /// Appends a number with at least so many digits.
    mutating func append(decimal number: UInt64, width: Int = 1) {
        if number >= 10 || width > 1 {
            append(decimal: number / 10, width: width - 1)
        }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    /// Appends `0x` and the number in lower-case digits, without leading zeros.
    mutating func append(hex number: UInt64) {
        append("0x")
        var shift = max(0, 60 - number.leadingZeroBitCount / 4 * 4)
        while shift >= 0 {
            append(Self.hexDigit(UInt8(number >> UInt64(shift) & 0xf)))
            shift -= 4
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    // MARK: - Text that somebody else controls

    /// Appends raw bytes, escaped.
    mutating func append(escaping raw: some Collection<UInt8>) {
        if raw.allSatisfy(Self.isPlain) {
            append(contentsOf: raw)
        } else {
            append(EscapedText.escape(raw))
        }
    }

    /// Appends text that should have been escaped already, and escapes what was not.
    mutating func append(rechecking text: String) {
        if text.utf8.allSatisfy(Self.isPlain) {
            append(text)
        } else {
            append(EscapedText.recheck(text))
        }
    }

    /// Appends raw bytes, escaped, as a JSON string.
    mutating func append(jsonEscaping raw: [UInt8]) {
        if raw.allSatisfy(Self.isPlainInJSON) {
            append(UInt8(ascii: "\""))
            append(contentsOf: raw)
            append(UInt8(ascii: "\""))
        } else {
            append(jsonString: EscapedText.escape(raw))
        }
    }

    /// Appends text that should have been escaped already as a JSON string.
    mutating func append(jsonRechecking text: String) {
        if text.utf8.allSatisfy(Self.isPlainInJSON) {
            append(UInt8(ascii: "\""))
            append(text)
            append(UInt8(ascii: "\""))
        } else {
            append(jsonString: EscapedText.recheck(text))
        }
    }

    /// Appends a JSON string; RFC 8259, section 7, demands no more than this.
    private mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u00")
                append(Self.hexDigit(byte >> 4))
                append(Self.hexDigit(byte & 0xf))
            default:
                append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Whether a byte is a character that means itself in every text.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\\")
    }

    private static func isPlainInJSON(_ byte: UInt8) -> Bool {
        isPlain(byte) && byte != UInt8(ascii: "\"")
    }

    // MARK: - Columns

    /// Appends spaces until what follows `start` has so many characters.
    mutating func pad(from start: Int, to width: Int) {
        // UTF-8 continuation bytes begin no character.
        let used = bytes[start...].count { $0 & 0xc0 != 0x80 }
        for _ in 0..<max(0, width - used) { append(UInt8(ascii: " ")) }
    }

    /// Removes the spaces at the end.
    mutating func trimSpaces() {
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    }
}

extension EscapedText {
    /// Text that should have been escaped already: all that `escape` escapes but the backslash.
    ///
    /// So it changes nothing that `escape` made, and no one's mistake reaches a terminal.
    public static func recheck(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        return text.utf8.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
            .map { escape($0) }
            .joined(separator: "\\")
    }
}
