extension Glob: CustomStringConvertible {
    /// The pattern as rules have it.
    ///
    /// Printable UTF-8 is itself; a character that a pattern would take for another meaning has a
    /// backslash; spaces and what does not show are `\xNN`.
    public var description: String {
        var text = ""
        var plain: [UInt8] = []
        func flush() {
            // A backslash comes out of it as \x5c. Spaces end a word of a rule.
            text += EscapedText.replace(" ", in: EscapedText.escape(plain), by: "\\x20")
            plain.removeAll()
        }
        for token in tokens {
            if case .byte(let byte) = token, !Self.special.contains(byte) {
                plain.append(byte)
                continue
            }
            flush()
            switch token {
            case .byte(let byte): text += "\\" + String(Unicode.Scalar(byte))
            case .one: text += "?"
            case .star: text += "*"
            case .globstar: text += "**"
            case .of(let set): text += set.description
            }
        }
        flush()
        return text
    }

    /// What has a meaning in a pattern, but for the backslash itself.
    static let special = Array("*?[".utf8)
}

extension ByteSet: CustomStringConvertible {
    /// The set as patterns have it: `[a-z]`, or `[!a-z]` where that has fewer ranges.
    public var description: String {
        let (inside, outside) = (ranges, inverted.ranges)
        return inside.isEmpty || !outside.isEmpty && outside.count < inside.count
            ? "[!\(Self.text(outside))]" : "[\(Self.text(inside))]"
    }

    /// The set's bytes as ranges.
    private var ranges: [ClosedRange<UInt8>] {
        var result: [ClosedRange<UInt8>] = []
        for byte in UInt8.min...UInt8.max where contains(byte) {
            if let last = result.last, Int(last.upperBound) + 1 == Int(byte) {
                result[result.count - 1] = last.lowerBound...byte
            } else {
                result.append(byte...byte)
            }
        }
        return result
    }

    private static func text(_ ranges: [ClosedRange<UInt8>]) -> String {
        ranges.map { range in
            range.count == 1
                ? text(range.lowerBound) : "\(text(range.lowerBound))-\(text(range.upperBound))"
        }.joined()
    }

    /// Letters and digits are themselves.
    private static func text(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"):
            String(Unicode.Scalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
