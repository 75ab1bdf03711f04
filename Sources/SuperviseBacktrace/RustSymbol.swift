/// The readable form of a Rust symbol.
///
/// Both manglings: the legacy one, which looks like C++ with a hash at the end, and v0 (RFC 2603).
/// Names that are no such symbol give nil, and what is longer or deeper than any compiler writes
/// too, so that no name takes long.
func demangledRust(_ symbol: [UInt8]) -> [UInt8]? {
    if let legacy = RustLegacy(symbol) { return legacy.text }
    guard symbol.starts(with: "_R".utf8) else { return nil }
    var reader = RustV0(symbol)
    return reader.demangle()
}

/// `_ZN4core3fmt5write17h0123456789abcdefE`.
private struct RustLegacy {
    private(set) var text: [UInt8] = []

    init?(_ symbol: [UInt8]) {
        guard symbol.starts(with: "_ZN".utf8) else { return nil }
        var rest = symbol.dropFirst(3)
        var parts: [ArraySlice<UInt8>] = []
        while let first = rest.first, first >= UInt8(ascii: "1"), first <= UInt8(ascii: "9") {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard digits.count <= 4 else { return nil }
            let count = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            rest = rest.dropFirst(digits.count)
            guard rest.count >= count else { return nil }
            parts.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        guard rest.first == UInt8(ascii: "E"), let hash = parts.popLast(), hash.count == 17,
            hash.first == UInt8(ascii: "h"), hash.dropFirst().allSatisfy(isHexDigit), !parts.isEmpty
        else { return nil }
        for (index, part) in parts.enumerated() {
            if index > 0 { text += "::".utf8 }
            appendUnescaped(part)
        }
    }

    private static let escapes: [[UInt8]: String] = [
        Array("SP".utf8): "@", Array("BP".utf8): "*", Array("RF".utf8): "&",
        Array("LT".utf8): "<", Array("GT".utf8): ">", Array("LP".utf8): "(",
        Array("RP".utf8): ")", Array("C".utf8): ",",
    ]

    private mutating func appendUnescaped(_ part: ArraySlice<UInt8>) {
        var rest = part
        // Before an escape a name gets an underscore, since it may not begin with a dollar.
        if rest.starts(with: "_$".utf8) { rest = rest.dropFirst() }
        while let byte = rest.first {
            if rest.starts(with: "..".utf8) {
                text += "::".utf8
                rest = rest.dropFirst(2)
            } else if byte == UInt8(ascii: "$"),
                let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "$")),
                let meaning = Self.meaning(of: Array(rest[(rest.startIndex + 1)..<end]))
            {
                text += meaning.utf8
                rest = rest[(end + 1)...]
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
    }

    private static func meaning(of escape: [UInt8]) -> String? {
        if let known = escapes[escape] { return known }
        guard escape.first == UInt8(ascii: "u"), escape.count <= 7,
            let value = UInt32(String(decoding: escape.dropFirst(), as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(value)
        else { return nil }
        return String(Character(scalar))
    }
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
}
