/// Text that somebody else controls, made safe to show.
public enum EscapedText {
    /// The bytes as printable text on one line.
    ///
    /// Printable UTF-8 stays as it is. Control characters (C0, DEL, C1), characters that turn the
    /// direction of writing, break lines or cannot be seen, the backslash, and bytes that are no
    /// UTF-8 become `\xNN` for each of their bytes. So no terminal obeys it, nothing hides in it,
    /// and the bytes can be told from the text.
    public static func escape(_ bytes: some Collection<UInt8>) -> String {
        var result = ""
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let first = rest.first {
            if first >= 0x20, first < 0x7f, first != UInt8(ascii: "\\") {
                result.unicodeScalars.append(Unicode.Scalar(first))
                rest = rest.dropFirst()
                continue
            }
            var decoder = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            if first >= 0x80, case .valid(let encoded) = decoder.parseScalar(from: &iterator) {
                let scalar = Unicode.UTF8.decode(encoded)
                let length = encoded.count
                if isPlain(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    for byte in rest.prefix(length) { append(byte, to: &result) }
                }
                rest = rest.dropFirst(length)
            } else {
                append(first, to: &result)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    /// The text with another one in the place of each such character.
    ///
    /// Also where a combining mark follows, with which Swift takes it for one other character, and
    /// who reads the text byte by byte does not.
    public static func replace(
        _ scalar: Unicode.Scalar, in text: String, by other: String
    ) -> String {
        text.unicodeScalars.split(separator: scalar, omittingEmptySubsequences: false)
            .map { String($0) }.joined(separator: other)
    }

    /// Whether a character beyond ASCII shows as itself and moves nothing around it.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
            .privateUse, .spaceSeparator:
            false
        // Hangul fillers, variation selectors and their like are letters and marks by category.
        default: !scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private static func append(_ byte: UInt8, to text: inout String) {
        let digits = String(byte, radix: 16)
        text += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
    }
}
