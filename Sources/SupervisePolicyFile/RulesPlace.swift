/// Where rules can be added to a policy file, so that every byte of it stays what it is.
///
/// For TOML documents that have been parsed: this finds a place and checks nothing.
struct RulesPlace {
    /// Where the text goes.
    var offset = 0
    /// Whether the list of rules is there; else the text has to be all of it.
    var hasList = false
    /// Whether the list's last element has no comma behind it.
    var needsComma = false
    /// Whether the list's end stands on a line of its own, before which the text goes.
    var endsOnOwnLine = false

    /// Looks for the list of a document's key `rules`, else for the place for one.
    init(in text: [UInt8]) {
        var scanner = TOMLScanner(bytes: text)
        while true {
            scanner.skipBlank()
            guard let byte = scanner.next else { break }
            // From the first table's name on, no key is the document's own.
            if byte == UInt8(ascii: "[") { break }
            guard let key = scanner.key() else { break }
            guard key == Array("rules".utf8), scanner.next == UInt8(ascii: "[") else {
                scanner.skipValue()
                continue
            }
            let list = scanner.list()
            hasList = true
            needsComma = list.needsComma
            let line = text[..<list.end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            endsOnOwnLine = text[line..<list.end].allSatisfy { $0 == 0x20 || $0 == 0x09 }
            offset = endsOnOwnLine ? line : list.end
            return
        }
        offset = Self.aboveComments(text, scanner.offset)
    }

    /// The start of the line, or of the first of the comments that stand directly above it.
    private static func aboveComments(_ text: [UInt8], _ offset: Int) -> Int {
        guard offset < text.count else { return text.count }
        var start = text[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        while start > 0 {
            let above = text[..<(start - 1)].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard
                text[above..<start].first(where: { $0 != 0x20 && $0 != 0x09 })
                    == UInt8(ascii: "#")
            else { break }
            start = above
        }
        return start
    }
}

/// Goes through a TOML document, up to where it is none any more.
struct TOMLScanner {
    let bytes: [UInt8]
    private(set) var offset = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
    }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func begins(_ text: String) -> Bool { bytes[offset...].starts(with: text.utf8) }

    /// Goes on behind white space, ends of lines and comments.
    mutating func skipBlank() {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0d: offset += 1
            case UInt8(ascii: "#"): skipLine()
            default: return
            }
        }
    }

    mutating func skipLine() {
        while let byte = next, byte != 0x0a { offset += 1 }
    }

    mutating func skipSpaces() {
        while next == 0x20 || next == 0x09 { offset += 1 }
    }

    /// Where a document has what the library (toml++ 3) ends the process for, and what is wrong
    /// there; nil where there is no such place before the first that is wrong otherwise.
    static func fatalPlace(in text: [UInt8]) -> (offset: Int, problem: String)? {
        var scanner = TOMLScanner(bytes: text)
        while true {
            scanner.skipBlank()
            guard scanner.next == UInt8(ascii: "[") else {
                guard scanner.next != nil, scanner.key() != nil else { return nil }
                if let offset = scanner.skipValue() {
                    return (offset, "a } was found in a list, expected a value or ]")
                }
                continue
            }
            scanner.offset += 1
            scanner.skipSpaces()
            if scanner.next == UInt8(ascii: "[") {
                scanner.offset += 1
                scanner.skipSpaces()
            }
            guard let first = scanner.next else { return nil }
            switch first {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                scanner.skipLine()
            default: return (scanner.offset, "a table's name was expected behind the [")
            }
        }
    }

    /// A key's name, behind whose `=` the value begins; nil at the document's end.
    ///
    /// A dotted key is given as it stands: none of those is `rules`.
    mutating func key() -> [UInt8]? {
        var key: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "="):
                offset += 1
                skipSpaces()
                return key
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let start = offset
                skipString(byte)
                key += bytes[min(start + 1, offset)..<max(start + 1, offset - 1)]
            case 0x20, 0x09: offset += 1
            default:
                key.append(byte)
                offset += 1
            }
        }
        return nil
    }

    /// Goes on behind a value.
    ///
    /// - Returns: Where a list in it has a closing brace that opens nowhere in it; then that is
    ///   where it stands.
    @discardableResult
    mutating func skipValue() -> Int? {
        var opening: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(byte)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                opening.append(byte)
                offset += 1
            case UInt8(ascii: "}") where opening.last == UInt8(ascii: "["): return offset
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                _ = opening.popLast()
                offset += 1
            case UInt8(ascii: "#"): skipLine()
            case 0x0a where opening.isEmpty: return nil
            default: offset += 1
            }
        }
        return nil
    }

    /// Where a list ends that begins here, and whether an element stands last in it.
    mutating func list() -> (end: Int, needsComma: Bool) {
        var depth = 0
        var isElementLast = false
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                skipString(byte)
                isElementLast = true
                continue
            case UInt8(ascii: "#"):
                skipLine()
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                isElementLast = false
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return (offset, isElementLast) }
                isElementLast = true
            case UInt8(ascii: ","): isElementLast = false
            case 0x20, 0x09, 0x0a, 0x0d: break
            default: isElementLast = true
            }
            offset += 1
        }
        return (bytes.count, isElementLast)
    }

    /// Goes on behind a string of one or of several lines.
    private mutating func skipString(_ quote: UInt8) {
        let mark = String(Unicode.Scalar(quote))
        let isLong = begins(mark + mark + mark)
        let end = isLong ? mark + mark + mark : mark
        offset += end.utf8.count
        while let byte = next {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                offset = min(offset + 2, bytes.count)
            } else if begins(end) {
                offset += end.utf8.count
                // A long string may end with up to two more of its marks.
                while isLong, next == quote { offset += 1 }
                return
            } else {
                offset += 1
            }
        }
    }
}
