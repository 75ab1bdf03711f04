/// A pattern for names that are bytes: paths, abstract names, control groups.
///
/// `*` is any bytes but `/`, `**` any bytes, `?` a byte but `/`, `[a-z]` and `[!a-z]` a byte of a
/// set but `/`; everything else is itself. The whole name has to match. The time that takes grows
/// with the name and the pattern only, never with the ways they could fit.
public struct Glob: Hashable, Sendable {
    /// One step of a pattern.
    public enum Token: Hashable, Sendable {
        /// This byte.
        case byte(UInt8)
        /// `?`.
        case one
        /// `[...]`.
        case of(ByteSet)
        /// `*`.
        case star
        /// `**`.
        case globstar
    }

    /// The pattern's steps.
    public let tokens: [Token]
    /// The name, where the pattern fits only one.
    public let literal: [UInt8]?
    /// The bytes that every name begins with.
    private let beginning: [UInt8]

    /// Makes a pattern of its steps.
    public init(tokens: [Token]) {
        var simple: [Token] = []
        // Two stars in a row are as good as the stronger one.
        for token in tokens {
            switch (simple.last, token) {
            case (.globstar?, .star), (.globstar?, .globstar), (.star?, .star): break
            case (.star?, .globstar): simple[simple.count - 1] = .globstar
            default: simple.append(token)
            }
        }
        self.tokens = simple
        beginning = simple.prefix { if case .byte = $0 { true } else { false } }
            .compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
        literal = beginning.count == simple.count ? beginning : nil
    }

    /// The pattern that fits this name only.
    public init(literal: some Sequence<UInt8>) {
        self.init(tokens: literal.map { .byte($0) })
    }

    /// Whether the pattern fits the name.
    public func matches(_ name: some Collection<UInt8>) -> Bool {
        guard name.starts(with: beginning) else { return false }
        if literal != nil { return name.count == beginning.count }
        // All steps at which the pattern could be, after each byte.
        let first = beginning.count
        var states = [Bool](repeating: false, count: tokens.count + 1)
        states[first] = true
        skipStars(from: first, &states)
        for byte in name.dropFirst(first) {
            var next = [Bool](repeating: false, count: tokens.count + 1)
            var isAlive = false
            for state in first..<tokens.count where states[state] {
                switch tokens[state] {
                case .byte(let wanted) where wanted == byte: next[state + 1] = true
                case .one where byte != UInt8(ascii: "/"): next[state + 1] = true
                case .of(let set) where byte != UInt8(ascii: "/") && set.contains(byte):
                    next[state + 1] = true
                case .star where byte != UInt8(ascii: "/"): next[state] = true
                case .globstar: next[state] = true
                default: continue
                }
                isAlive = true
            }
            guard isAlive else { return false }
            skipStars(from: first, &next)
            states = next
        }
        return states[tokens.count]
    }

    /// A star may be nothing.
    private func skipStars(from first: Int, _ states: inout [Bool]) {
        for state in first..<tokens.count where states[state] {
            switch tokens[state] {
            case .star, .globstar: states[state + 1] = true
            default: break
            }
        }
    }
}

/// A set of bytes.
public struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The set of no bytes.
    public init() {}

    /// Whether the set has the byte.
    public func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    /// Adds a byte.
    public mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// The bytes that are not in the set.
    public var inverted: ByteSet {
        var result = ByteSet()
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    /// Whether two sets have the same bytes.
    public static func == (left: ByteSet, right: ByteSet) -> Bool {
        left.words == right.words
    }

    /// Feeds the set to a hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
