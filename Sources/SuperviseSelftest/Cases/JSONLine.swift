/// Reads one line of an audit log.
///
/// nil for what is no JSON.
func parseJSON(_ line: some StringProtocol) -> Value? {
    var reader = JSONReader(bytes: Array(line.utf8))
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    return value
}

private struct JSONReader {
    let bytes: [UInt8]
    var at = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func skipBlanks() {
        while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
    }

    var isAtEnd: Bool {
        bytes[at...].allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    mutating func value(depth: Int) -> Value? {
        guard depth < 32 else { return nil }
        if take("{") { return members(depth: depth) }
        if take("[") { return elements(depth: depth) }
        if take("\"") { return string().map { .string($0) } }
        let start = at
        while at < bytes.count, !",]} ".utf8.contains(bytes[at]) { at += 1 }
        let word = String(decoding: bytes[start..<at], as: UTF8.self)
        if let number = Int(word) { return .integer(number) }
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .other(word)
        // Inodes go up to 64 bits; what is left are numbers that no case asks for.
        default: return UInt64(word) == nil && Double(word) == nil ? nil : .other(word)
        }
    }

    private mutating func members(depth: Int) -> Value? {
        var members: [String: Value] = [:]
        if take("}") { return .table([:]) }
        repeat {
            guard take("\""), let key = string(), take(":"), let value = value(depth: depth + 1)
            else { return nil }
            members[key] = value
        } while take(",")
        return take("}") ? .table(members) : nil
    }

    private mutating func elements(depth: Int) -> Value? {
        var elements: [Value] = []
        if take("]") { return .array([]) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    /// What follows the opening quote, up to the closing one.
    private mutating func string() -> String? {
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = escape() else { return nil }
                text += escaped
            default:
                text.append(byte)
            }
        }
        return nil
    }

    /// Events escape quotes, backslashes and control characters, never halves of pairs.
    private mutating func escape() -> [UInt8]? {
        guard at < bytes.count else { return nil }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "u"):
            guard at + 4 <= bytes.count,
                let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(code)
            else { return nil }
            at += 4
            return Array(String(scalar).utf8)
        default: return [byte]
        }
    }
}
