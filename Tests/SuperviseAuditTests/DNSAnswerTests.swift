import SuperviseAudit
import SupervisePolicy
import SuperviseTestSupport
import Testing

/// A DNS message in the making.
struct DNSMessage {
    var flags: UInt16 = 0x8180
    var counts: [UInt16] = [1, 1, 0, 0]
    var question: [UInt8] = label("example") + label("org") + [0]
    var records: [[UInt8]] = [a(1, 2, 3, 4)]

    var bytes: [UInt8] {
        [0x12, 0x34] + Self.word(flags) + counts.flatMap(Self.word) + question + [0, 1, 0, 1]
            + records.joined()
    }

    static func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

    static func label(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    static func record(
        _ type: UInt16, _ data: [UInt8], name: [UInt8] = [0xc0, 12], network: UInt16 = 1,
        length: Int? = nil
    ) -> [UInt8] {
        name + word(type) + word(network) + [0, 0, 1, 0]
            + word(UInt16(length ?? data.count)) + data
    }

    static func a(_ bytes: UInt8...) -> [UInt8] { record(1, bytes) }

    func with(_ change: (inout DNSMessage) -> Void) -> DNSMessage {
        var copy = self
        change(&copy)
        return copy
    }
}

@Suite("A DNS answer")
struct DNSAnswerTests {
    private typealias M = DNSMessage
    private static let six = [UInt8](1...16)
    private static let good = DNSMessage()

    private func text(_ message: [UInt8]) -> String? {
        DNSAnswer(message).map { answer in
            String(decoding: answer.name, as: UTF8.self) + " "
                + answer.addresses.map(\.description).joined(separator: " ")
        }
    }

    @Test(
        "gives the addresses for the name that was asked for",
        arguments: [
            (good, "example.org 1.2.3.4"),
            (
                good.with {
                    $0.counts[1] = 4
                    $0.records = [
                        // An alias, whose target has the addresses.
                        M.record(5, M.label("cdn") + [0xc0, 12]),
                        M.record(1, [10, 0, 0, 1], name: M.label("cdn") + [0xc0, 12]),
                        M.record(28, six), M.a(10, 0, 0, 2),
                    ]
                }, "example.org 10.0.0.1 [102:304:506:708:90a:b0c:d0e:f10] 10.0.0.2"
            ),
            // IPv4 in IPv6 is IPv4.
            (
                good.with {
                    $0.records = [
                        M.record(28, [UInt8](repeating: 0, count: 10) + [255, 255, 9, 8, 7, 6])
                    ]
                }, "example.org 9.8.7.6"
            ),
            // Of other records, classes and lengths none is an address.
            (
                good.with {
                    $0.counts[1] = 6
                    $0.records = [
                        M.record(16, [3, 1, 2, 3]), M.record(1, [1, 2, 3, 4], network: 3),
                        M.record(1, [1, 2, 3]), M.record(28, [1, 2, 3, 4]), M.record(1, []),
                        M.a(1, 1, 1, 1),
                    ]
                }, "example.org 1.1.1.1"
            ),
            // More is announced than there is, or less.
            (good.with { $0.counts[1] = 0xffff }, "example.org 1.2.3.4"),
            (good.with { $0.records.append(M.a(5, 6, 7, 8)) }, "example.org 1.2.3.4"),
            // Cut off within the second record.
            (
                good.with {
                    $0.counts[1] = 2
                    $0.records.append(M.record(1, [5, 6, 7], length: 4))
                }, "example.org 1.2.3.4"
            ),
        ] as [(DNSMessage, String)])
    func answers(message: DNSMessage, expected: String) {
        #expect(text(message.bytes) == expected)
    }

    @Test(
        "is nothing where the message is broken, hostile, or something else",
        arguments: [
            good.with { $0.flags = 0x0100 }, good.with { $0.flags = 0x8183 },
            good.with { $0.flags = 0x8980 }, good.with { $0.counts[0] = 0 },
            good.with { $0.counts[0] = 2 }, good.with { $0.counts[1] = 0 },
            good.with { $0.question = [0] },
            // A question's name that refers to itself, or elsewhere.
            good.with { $0.question = [0xc0, 12] },
            good.with { $0.question = M.label("a") + [0xc0, 0] },
            good.with { $0.question = [0x40] + M.label("a") + [0] },
            good.with { $0.question = [0x80, 0] },
            // Bytes that would do something to a terminal, or pass for another name.
            good.with { $0.question = M.label("a\u{1b}[2J") + [0] },
            good.with { $0.question = M.label("a.b") + [0] },
            good.with { $0.question = M.label("a\\b") + [0] },
            good.with { $0.question = M.label("a b") + [0] },
            good.with { $0.question = [2, 0xc3, 0xa9, 0] },
            good.with { $0.question = [3, 97, 0, 98, 0] },
            // Longer than names are, or than the message.
            good.with {
                $0.question =
                    Array([[UInt8]](repeating: M.label("abcdefgh"), count: 40).joined()) + [0]
            },
            good.with { $0.question = [63, 97, 98] },
            // A record that begins with a name that leads nowhere, or has a length beyond the end.
            good.with { $0.records = [M.record(1, [1, 2, 3, 4], name: [0xc0])] },
            good.with { $0.records = [M.record(1, [1, 2, 3, 4], name: [0x80])] },
            good.with { $0.records = [M.record(16, [1], length: 0xffff), M.a(1, 2, 3, 4)] },
            good.with { $0.records = [M.record(1, [1, 2, 3], length: 4)] },
            good.with { $0.records = [] },
        ] as [DNSMessage])
    func nothing(message: DNSMessage) {
        #expect(text(message.bytes) == nil)
    }

    @Test("is bounded, and decoded whatever is cut off or changed")
    func total() {
        let many = Self.good.with {
            $0.counts[1] = 0xffff
            $0.records = [[UInt8]](repeating: M.a(1, 2, 3, 4), count: 4_000)
        }
        #expect(DNSAnswer(many.bytes)?.addresses.count == DNSAnswer.mostAddresses)
        let bytes = Self.good.with { $0.records += [M.record(28, Self.six)] }.bytes
        for count in 0..<bytes.count { _ = DNSAnswer(Array(bytes.prefix(count))) }
        var random = SeededRandom(11)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                changed[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            guard let answer = DNSAnswer(changed) else { continue }
            #expect((1...253).contains(answer.name.count))
            #expect(answer.name.allSatisfy { $0 > 0x20 && $0 < 0x7f })
        }
    }

    @Test("is remembered for so many addresses, the last name for each")
    func table() throws {
        var names = ResolvedNames(capacity: 3)
        func answer(_ name: String, _ last: UInt8...) throws -> DNSAnswer {
            let message = Self.good.with {
                $0.question = M.label(name) + [0]
                $0.counts[1] = UInt16(last.count)
                $0.records = last.map { M.a(10, 0, 0, $0) }
            }
            return try #require(DNSAnswer(message.bytes))
        }
        func shown() -> [String?] {
            (1...5).map { last in
                names.name(of: .v4(IPv4Address(bits: 0x0a00_0000 + UInt32(last))))
                    .map { String(decoding: $0, as: UTF8.self) }
            }
        }
        names.note(try answer("a", 1, 2))
        names.note(try answer("b", 2, 3))
        #expect(shown() == ["a", "b", "b", nil, nil])
        names.note(try answer("c", 4))
        #expect(shown() == [nil, "b", "b", "c", nil])
        names.note(try answer("d", 1, 5))
        #expect(shown() == ["d", nil, nil, "c", "d"] && names.count == 3)
    }
}
