/// A reader of Rust's v0 mangling.
///
/// Constants and lifetimes are shown in short, the crate's hash not at all.
struct RustV0 {
    private let symbol: [UInt8]
    private var position = 2
    private var text: [UInt8] = []
    private var depth = 0
    /// What may still be read, back-references counted: they could repeat for ever.
    private var stepsLeft = 4096
    private var failed = false

    init(_ symbol: [UInt8]) {
        self.symbol = symbol
    }

    /// The whole symbol's readable form.
    mutating func demangle() -> [UInt8]? {
        path(isValue: true)
        return failed || text.isEmpty ? nil : text
    }

    private var next: UInt8? { symbol.indices.contains(position) ? symbol[position] : nil }

    private mutating func take() -> UInt8 {
        guard !failed, stepsLeft > 0, text.count < 4096, let byte = next else {
            failed = true
            return 0
        }
        stepsLeft -= 1
        position += 1
        return byte
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard !failed, next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func show(_ words: String) {
        text += words.utf8
    }

    /// `_` is 0, digits in base 62 and `_` are one more than their value.
    private mutating func base62() -> UInt64 {
        if take("_") { return 0 }
        var value: UInt64 = 0
        while !failed, !take("_") {
            let digit: UInt64
            switch take() {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"):
                digit = UInt64(byte - UInt8(ascii: "0"))
            case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"):
                digit = UInt64(byte - UInt8(ascii: "a")) + 10
            case let byte where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"):
                digit = UInt64(byte - UInt8(ascii: "A")) + 36
            default:
                failed = true
                return 0
            }
            value = value &* 62 &+ digit
        }
        return value &+ 1
    }

    /// The number that tells equal names apart; 0 where there is none.
    private mutating func disambiguator() -> UInt64 {
        take("s") ? base62() &+ 1 : 0
    }

    private mutating func identifier() -> [UInt8] {
        let isPunycode = take("u")
        var count = 0
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), count < 4096 {
            _ = take()
            guard !failed else { return [] }
            count = count * 10 + Int(byte - UInt8(ascii: "0"))
            if count == 0 { break }
        }
        _ = take("_")
        guard !failed, symbol.count - position >= count else {
            failed = true
            return []
        }
        let name = Array(symbol[position..<(position + count)])
        position += count
        return isPunycode ? Array("punycode{".utf8) + name + [UInt8(ascii: "}")] : name
    }

    /// Reads at an earlier place what `read` reads, and comes back.
    private mutating func reference(_ read: (inout RustV0) -> Void) {
        let start = position - 1
        let target = base62()
        guard !failed, start >= 2, target < UInt64(start - 2) else {
            failed = true
            return
        }
        let after = position
        position = Int(target) + 2
        read(&self)
        position = after
    }

    private mutating func deeper(_ read: (inout RustV0) -> Void) {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else {
            failed = true
            return
        }
        read(&self)
    }

    private mutating func path(isValue: Bool) {
        deeper { reader in reader.readPath(isValue: isValue) }
    }

    private mutating func readPath(isValue: Bool) {
        switch take() {
        case UInt8(ascii: "C"):
            _ = disambiguator()
            text += identifier()
        case UInt8(ascii: "M"):
            _ = disambiguator()
            hidden { $0.path(isValue: false) }
            show("<")
            type()
            show(">")
        case UInt8(ascii: "X"):
            _ = disambiguator()
            hidden { $0.path(isValue: false) }
            fallthrough
        case UInt8(ascii: "Y"):
            show("<")
            type()
            show(" as ")
            path(isValue: false)
            show(">")
        case UInt8(ascii: "N"):
            let space = take()
            path(isValue: isValue)
            let number = disambiguator()
            let name = identifier()
            if space >= UInt8(ascii: "A"), space <= UInt8(ascii: "Z") {
                show("::{")
                show(
                    space == UInt8(ascii: "C")
                        ? "closure" : space == UInt8(ascii: "S") ? "shim" : "?")
                if !name.isEmpty { text += [UInt8(ascii: ":")] + name }
                show("#\(number)}")
            } else if !name.isEmpty {
                text += Array("::".utf8) + name
            }
        case UInt8(ascii: "I"):
            path(isValue: isValue)
            show(isValue ? "::<" : "<")
            list(until: "E") { $0.genericArgument() }
            show(">")
        case UInt8(ascii: "B"):
            reference { $0.path(isValue: isValue) }
        default:
            failed = true
        }
    }

    /// Reads without showing: where an implementation stands does not matter.
    private mutating func hidden(_ read: (inout RustV0) -> Void) {
        let count = text.count
        read(&self)
        text.removeLast(max(0, text.count - count))
    }

    private mutating func list(until end: Unicode.Scalar, _ read: (inout RustV0) -> Void) {
        var isFirst = true
        while !failed, !take(end) {
            if !isFirst { show(", ") }
            isFirst = false
            read(&self)
        }
    }

    private mutating func genericArgument() {
        if take("L") {
            _ = base62()
            show("'_")
        } else if take("K") {
            constant()
        } else {
            type()
        }
    }

    private static let basic: [UInt8: String] = [
        UInt8(ascii: "a"): "i8", UInt8(ascii: "b"): "bool", UInt8(ascii: "c"): "char",
        UInt8(ascii: "d"): "f64", UInt8(ascii: "e"): "str", UInt8(ascii: "f"): "f32",
        UInt8(ascii: "h"): "u8", UInt8(ascii: "i"): "isize", UInt8(ascii: "j"): "usize",
        UInt8(ascii: "l"): "i32", UInt8(ascii: "m"): "u32", UInt8(ascii: "n"): "i128",
        UInt8(ascii: "o"): "u128", UInt8(ascii: "p"): "_", UInt8(ascii: "s"): "i16",
        UInt8(ascii: "t"): "u16", UInt8(ascii: "u"): "()", UInt8(ascii: "v"): "...",
        UInt8(ascii: "x"): "i64", UInt8(ascii: "y"): "u64", UInt8(ascii: "z"): "!",
    ]

    private mutating func type() {
        deeper { reader in reader.readType() }
    }

    private mutating func readType() {
        let byte = take()
        if let name = Self.basic[byte] { return show(name) }
        switch byte {
        case UInt8(ascii: "R"), UInt8(ascii: "Q"):
            if take("L") { _ = base62() }
            show(byte == UInt8(ascii: "R") ? "&" : "&mut ")
            type()
        case UInt8(ascii: "P"), UInt8(ascii: "O"):
            show(byte == UInt8(ascii: "P") ? "*const " : "*mut ")
            type()
        case UInt8(ascii: "A"), UInt8(ascii: "S"):
            show("[")
            type()
            if byte == UInt8(ascii: "A") {
                show("; ")
                constant()
            }
            show("]")
        case UInt8(ascii: "T"):
            show("(")
            list(until: "E") { $0.type() }
            show(")")
        case UInt8(ascii: "F"):
            function()
        case UInt8(ascii: "D"):
            if take("G") { _ = base62() }
            show("dyn ")
            var isFirst = true
            while !failed, !take("E") {
                if !isFirst { show(" + ") }
                isFirst = false
                path(isValue: false)
                while !failed, take("p") {
                    hidden { reader in
                        _ = reader.identifier()
                        reader.type()
                    }
                }
            }
            if take("L") { _ = base62() }
        case UInt8(ascii: "B"):
            reference { $0.type() }
        default:
            position -= 1
            path(isValue: false)
        }
    }

    private mutating func function() {
        if take("G") { _ = base62() }
        if take("U") { show("unsafe ") }
        if take("K") {
            show("extern ")
            if take("C") { show("\"C\" ") } else { text += identifier() + [UInt8(ascii: " ")] }
        }
        show("fn(")
        list(until: "E") { $0.type() }
        show(")")
        if !take("u") {
            show(" -> ")
            type()
        }
    }

    private mutating func constant() {
        if take("B") { return reference { $0.constant() } }
        if take("p") { return show("_") }
        let kind = take()
        if take("n") { show("-") }
        var digits: [UInt8] = []
        while !failed, !take("_") { digits.append(take()) }
        let value = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
        if kind == UInt8(ascii: "b") {
            show(value == 0 ? "false" : "true")
        } else {
            show(value.map(String.init) ?? "0x" + String(decoding: digits, as: UTF8.self))
        }
    }
}
