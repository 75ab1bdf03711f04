import Glibc
import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("An IP address")
struct IPAddressTests {
    /// What `inet_ntop(3)` makes of an address's bytes.
    private func libraryText(_ family: Int32, _ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(family, bytes, &text, 64) != nil else { return "" }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What `inet_pton(3)` makes of a text.
    private func libraryBytes(_ family: Int32, _ text: String, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : []
    }

    private func bytes(_ address: IPv6Address) -> [UInt8] {
        [address.high, address.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
        }
    }

    /// The C library writes `::1.2.3.4` for the form that RFC 4291 has given up; RFC 5952 does not.
    private func isCompatible(_ address: IPv6Address) -> Bool {
        address.high == 0 && address.low >> 32 == 0 && address.low > 0xffff
    }

    private func compare(_ address: IPv6Address) {
        let bytes = bytes(address)
        #expect(libraryBytes(AF_INET6, address.description, 16) == bytes)
        if !isCompatible(address) {
            #expect(address.description == libraryText(AF_INET6, bytes))
        }
    }

    @Test("Of version 4 is written as inet_ntop does")
    func version4() {
        var random = SeededRandom(4)
        let numbers: [UInt32] =
            [0, 1, 0x7f00_0001, 0x0102_0304, 0xc0a8_0001, .max, 0x0a00_0000]
            + (0..<1000).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        for number in numbers {
            let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            #expect(IPv4Address(bits: number).description == libraryText(AF_INET, bytes))
        }
    }

    @Test(
        "Of version 6 is written as RFC 5952 asks for",
        arguments: [
            (0, 0, "::"),
            (0, 1, "::1"),
            (0x2001_0db8_0000_0000, 1, "2001:db8::1"),
            (0x2001_0db8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
            (0x2001_0db8_0000_0000, 0x0001_0000_0000_0001, "2001:db8::1:0:0:1"),
            (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "2001:0:0:1::1"),
            (0xfe80_0000_0000_0000, 0x0000_0000_0000_0000, "fe80::"),
            (0x0001_0002_0003_0004, 0x0005_0006_0007_0000, "1:2:3:4:5:6:7:0"),
            (0x0000_0002_0003_0004, 0x0005_0006_0007_0008, "0:2:3:4:5:6:7:8"),
            (0x0000_0000_0003_0004, 0x0005_0006_0000_0000, "::3:4:5:6:0:0"),
            (
                0xabcd_ef01_2345_6789, 0xabcd_ef01_2345_6789,
                "abcd:ef01:2345:6789:abcd:ef01:2345:6789"
            ),
            (0, 0xffff_0a00_0001, "::ffff:10.0.0.1"),
            (0, 0x0000_0000_0102_0304, "::102:304"),
        ] as [(UInt64, UInt64, String)])
    func version6(high: UInt64, low: UInt64, text: String) {
        let address = IPv6Address(high: high, low: low)
        #expect(address.description == text)
        compare(address)
    }

    @Test("Of version 6 is written as inet_ntop does, wherever its zeros are")
    func zeros() {
        var random = SeededRandom(6)
        for pattern in 0..<256 {
            for _ in 0..<4 {
                var halves: [UInt64] = [0, 0]
                for group in 0..<8 where pattern >> group & 1 == 1 {
                    halves[group / 4] |= (random.next() & 0xffff) << (48 - 16 * (group % 4))
                }
                compare(IPv6Address(high: halves[0], low: halves[1]))
            }
        }
    }

    @Test(
        "Of version 6 may stand for one of version 4",
        arguments: [
            (0, 0xffff_7f00_0001, 0x7f00_0001), (0, 0xffff_0000_0000, 0),
            (0, 0x7f00_0001, nil), (0, 0x1_ffff_7f00_0001, nil), (1, 0xffff_7f00_0001, nil),
            (0, 0xfffe_7f00_0001, nil),
        ] as [(UInt64, UInt64, UInt32?)])
    func mapped(high: UInt64, low: UInt64, bits: UInt32?) {
        #expect(IPv6Address(high: high, low: low).mappedIPv4 == bits.map(IPv4Address.init))
    }
}

@Suite("A set of networks")
struct NetworkSetTests {
    @Test("Has the addresses of its networks, and no others", arguments: 0..<20)
    func contains(seed: UInt64) {
        var random = RandomRules(seed)
        let prefixes = (0..<Int(seed)).map { _ in
            IPPrefix(random.address(), length: Int.random(in: 0...128, using: &random.random))
        }
        let set = NetworkSet(prefixes)
        for _ in 0..<200 {
            let address = random.address()
            #expect(set.contains(address) == prefixes.contains { $0.contains(address) })
            let inner = IPPrefix(address, length: Int.random(in: 0...128, using: &random.random))
            #expect(set.covers(inner) || !prefixes.contains { $0.covers(inner) })
        }
    }

    @Test("Has no address between two of its networks, were it the only one")
    func gaps() throws {
        let set = NetworkSet(
            try ["10.0.0.0", "10.0.0.2", "2001:db8::1", "2001:db8::3"].flatMap {
                try Names.prefixes(parsing: $0)
            })
        for (text, isIn) in [
            ("10.0.0.0", true), ("10.0.0.1", false), ("10.0.0.2", true), ("10.0.0.3", false),
            ("2001:db8::1", true), ("2001:db8::2", false), ("2001:db8::3", true),
        ] {
            for prefix in try Names.prefixes(parsing: text) {
                #expect(set.covers(prefix) == isIn, "\(text)")
            }
        }
    }

    @Test("Covers what its networks cover only together")
    func halves() throws {
        let halves = NetworkSet(
            try ["10.128.0.0/9", "10.0.0.0/9", "::/1", "8000::/1"].flatMap {
                try Names.prefixes(parsing: $0)
            })
        for (text, isCovered) in [
            ("10.0.0.0/8", true), ("10.0.0.0/7", false), ("11.0.0.0/8", false), ("::/0", true),
            ("10.255.255.255", true), ("9.255.255.255", false),
        ] {
            for prefix in try Names.prefixes(parsing: text) {
                #expect(halves.covers(prefix) == isCovered, "\(text)")
            }
        }
    }
}
