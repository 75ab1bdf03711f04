/// What is wrong with an address, and at which index of its bytes.
struct AddressError: Error, Hashable {
    var offset: Int
    var message: String
}

extension IPPrefix {
    /// Parses an address or a network: `10.0.0.0/8`, `::1`, `[2001:db8::]/32`, `[2001:db8::/32]`.
    init(parsing word: ArraySlice<UInt8>) throws(AddressError) {
        let slash = UInt8(ascii: "/")
        var inside = word
        var length: ArraySlice<UInt8>?
        if word.first == UInt8(ascii: "["), let end = word.firstIndex(of: UInt8(ascii: "]")) {
            inside = word[(word.startIndex + 1)..<end]
            if end + 1 < word.endIndex, word[end + 1] == slash { length = word[(end + 2)...] }
        }
        if length == nil, let index = inside.firstIndex(of: slash) {
            length = inside[(index + 1)...]
            inside = inside[..<index]
        }
        guard let (address, width) = Self.address(inside) else {
            throw AddressError(offset: word.startIndex, message: Self.complaint(inside))
        }
        guard let length else {
            self.init(address, length: width)
            return
        }
        guard !length.isEmpty, length.count <= 3, length.allSatisfy(RuleWords.isDigit),
            let bits = Int(String(decoding: length, as: UTF8.self)), bits <= width
        else {
            throw AddressError(
                offset: length.startIndex,
                message: "\(quoted(length)) is no length of a network: from 0 to \(width)")
        }
        self.init(address, length: bits)
        guard Self(address, length: width).address == self.address else {
            throw AddressError(
                offset: word.startIndex,
                message: "\(quoted(word)) has bits beyond its length; did you mean '\(self)'?")
        }
    }

    /// An address, and how many bits those of its kind have.
    private static func address(_ text: ArraySlice<UInt8>) -> (IPAddress, width: Int)? {
        if let short = IPv4Address(parsing: text) { return (.v4(short), 32) }
        return IPv6Address(parsing: text).map { (.v6($0), 128) }
    }

    private static func complaint(_ text: ArraySlice<UInt8>) -> String {
        if text.contains(UInt8(ascii: "%")) {
            return "\(quoted(text)) is no address in rules: leave out the zone"
        }
        let ending = Suggestion.ending(for: text, among: Host.named.map(\.name))
        if !ending.isEmpty { return "\(quoted(text)) is no host\(ending)" }
        let isName = text.contains { $0 >= UInt8(ascii: "g") && $0 <= UInt8(ascii: "z") }
        return isName
            ? "\(quoted(text)) is no address: rules have addresses, not the names of hosts"
            : "\(quoted(text)) is no address"
    }
}

extension IPv4Address {
    /// Parses four decimal numbers with dots; nil where it is anything else.
    init?(parsing text: ArraySlice<UInt8>) {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            // A leading zero would be octal to some readers.
            guard !part.isEmpty, part.count <= 3, part.allSatisfy(RuleWords.isDigit),
                part.count == 1 || part.first != UInt8(ascii: "0"),
                let number = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            bits = bits << 8 | UInt32(number)
        }
        self.init(bits: bits)
    }
}

extension IPv6Address {
    /// Parses the forms of RFC 4291; nil where it is anything else.
    init?(parsing text: ArraySlice<UInt8>) {
        let colon = UInt8(ascii: ":")
        var groups: [UInt16] = []
        var gap: Int?
        var rest = text
        if rest.starts(with: "::".utf8) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != colon }
            if group.contains(UInt8(ascii: ".")) {
                guard group.endIndex == rest.endIndex, let short = IPv4Address(parsing: group)
                else { return nil }
                groups += [UInt16(short.bits >> 16), UInt16(truncatingIfNeeded: short.bits)]
                rest = []
                break
            }
            guard !group.isEmpty, group.count <= 4, group.allSatisfy(Self.isHexadecimal),
                let number = UInt16(String(decoding: group, as: UTF8.self), radix: 16)
            else { return nil }
            groups.append(number)
            rest = rest[group.endIndex...]
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        func half(_ range: Range<Int>) -> UInt64 {
            groups[range].reduce(0) { $0 << 16 | UInt64($1) }
        }
        self.init(high: half(0..<4), low: half(4..<8))
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        RuleWords.isDigit(byte)
            || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f")
    }
}

extension Names {
    /// Whether a set may have that name: ASCII letters, digits, `-`, `_` and `.`.
    public static func isSetName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                RuleWords.isDigit(byte) || "-_.".utf8.contains(byte)
                    || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            }
    }

    /// Parses an element of a set: an address, a network, or a host by its name in rules.
    public static func prefixes(parsing text: some StringProtocol) throws(RuleError) -> [IPPrefix] {
        let bytes = Array(text.utf8)
        if let named = Host.named.first(where: { $0.name == text }) { return named.host.prefixes }
        do throws(AddressError) {
            return [try IPPrefix(parsing: bytes[...])]
        } catch {
            throw RuleError(at: error.offset, of: bytes, error.message)
        }
    }
}
