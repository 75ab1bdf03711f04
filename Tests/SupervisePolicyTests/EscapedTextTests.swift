import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("Escaped text")
struct EscapedTextTests {
    /// The bytes that an escaped text stands for; nil where it is none.
    private func unescape(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard rest.popFirst() == UInt8(ascii: "x"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            rest = rest.dropFirst(2)
            result.append(value)
        }
        return result
    }

    @Test(
        "Leaves what can be shown as it is",
        arguments: [
            "", "/run/user/1000/bus", " ~!\"#$%&'()*+,-./:;<=>?@[]^_`{|}", "тест", "漢字", "🦊",
            "e\u{301}", "عربي",
        ])
    func plain(text: String) {
        #expect(Array(EscapedText.escape(Array(text.utf8)).utf8) == Array(text.utf8))
    }

    @Test(
        "Shows as bytes what a terminal would obey or a reader would not see",
        arguments: [
            ("a\u{0}b", #"a\x00b"#),
            ("\u{1b}[31m", #"\x1b[31m"#),
            ("\t\n\r\u{7f}", #"\x09\x0a\x0d\x7f"#),
            (#"\x00"#, #"\x5cx00"#),
            ("\u{9b}31m", #"\xc2\x9b31m"#),
            ("\u{80}\u{9f}", #"\xc2\x80\xc2\x9f"#),
            ("a\u{a0}b\u{2003}c\u{3000}", #"a\xc2\xa0b\xe2\x80\x83c\xe3\x80\x80"#),
            ("\u{ad}", #"\xc2\xad"#),
            (
                "\u{200b}\u{200d}\u{2060}\u{feff}",
                #"\xe2\x80\x8b\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf"#
            ),
            ("\u{202e}txt.exe", #"\xe2\x80\xaetxt.exe"#),
            ("\u{2066}\u{2069}", #"\xe2\x81\xa6\xe2\x81\xa9"#),
            ("\u{2028}\u{2029}", #"\xe2\x80\xa8\xe2\x80\xa9"#),
            ("\u{fe0f}\u{3164}\u{34f}", #"\xef\xb8\x8f\xe3\x85\xa4\xcd\x8f"#),
            ("\u{e0041}", #"\xf3\xa0\x81\x81"#),
            ("\u{e000}\u{fffe}\u{10ffff}", #"\xee\x80\x80\xef\xbf\xbe\xf4\x8f\xbf\xbf"#),
        ])
    func escaped(text: String, shown: String) {
        #expect(EscapedText.escape(Array(text.utf8)) == shown)
    }

    @Test(
        "Shows as bytes what is no UTF-8",
        arguments: [
            ([0x80], #"\x80"#),
            ([0xff, 0x41], #"\xffA"#),
            // Cut short, by the end and by another character.
            ([0xe2, 0x82], #"\xe2\x82"#),
            ([0xe2, 0x82, 0x41], #"\xe2\x82A"#),
            ([0xe2, 0xc3, 0xa9], #"\xe2é"#),
            ([0xf0, 0x9f, 0xa6], #"\xf0\x9f\xa6"#),
            // Overlong forms of `/` and of NUL.
            ([0xc0, 0xaf], #"\xc0\xaf"#),
            ([0xe0, 0x80, 0xaf], #"\xe0\x80\xaf"#),
            ([0xc0, 0x80], #"\xc0\x80"#),
            ([0xf0, 0x82, 0x82, 0xac], #"\xf0\x82\x82\xac"#),
            // Surrogates, and beyond the last character.
            ([0xed, 0xa0, 0x80], #"\xed\xa0\x80"#),
            ([0xed, 0xbf, 0xbf], #"\xed\xbf\xbf"#),
            ([0xf4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
        ] as [([UInt8], String)])
    func invalid(bytes: [UInt8], shown: String) {
        #expect(EscapedText.escape(bytes) == shown)
    }

    @Test("Shows every single byte as itself or as its number")
    func singleBytes() {
        for byte in UInt8.min...UInt8.max {
            let isPlain = (0x20..<0x7f).contains(byte) && byte != 0x5c
            let digits = String(byte, radix: 16)
            #expect(
                EscapedText.escape([byte])
                    == (isPlain
                        ? String(Unicode.Scalar(byte))
                        : #"\x"# + (digits.count == 1 ? "0" : "") + digits))
        }
    }

    @Test("Stands for the same bytes again, character by character")
    func everyScalar() {
        // Every character of the planes in use, and some of the others.
        let far = stride(from: UInt32(0x3_0000), through: 0x10_ffff, by: 257)
        for number in Array(0..<0x3_0000) + Array(far) {
            guard let scalar = Unicode.Scalar(number) else { continue }
            let bytes = Array(String(scalar).utf8)
            guard unescape(EscapedText.escape(bytes)) == bytes else {
                Issue.record("U+\(String(number, radix: 16)) does not come back")
                return
            }
        }
    }

    @Test("Stands for the same bytes again, whatever they are", arguments: 0..<8)
    func roundTrip(seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<500 {
            // From all bytes, and from those that make sequences and almost-sequences.
            let few: [UInt8] = [0x5c, 0x78, 0x30, 0xe2, 0x80, 0xae, 0xc3, 0xa9, 0xed, 0xf0, 0x9f]
            var bytes = random.bytes(Int.random(in: 0...40, using: &random))
            if Bool.random(using: &random) {
                bytes = bytes.map { few[Int($0) % few.count] }
            }
            let text = EscapedText.escape(bytes)
            #expect(unescape(text) == bytes)
            #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
            #expect(EscapedText.escape(AnySequenceOfBytes(bytes)) == text)
        }
    }
}

/// The same bytes as a collection without contiguous storage.
private struct AnySequenceOfBytes: BidirectionalCollection {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }
    func index(after index: Int) -> Int { index + 1 }
    func index(before index: Int) -> Int { index - 1 }
    subscript(index: Int) -> UInt8 { bytes[index] }
}
