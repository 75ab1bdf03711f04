import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("The text of an address in rules")
struct AddressTextTests {
    @Test("Is what it is printed as, for every address and length")
    func roundTrip() throws {
        var random = SeededRandom(6)
        for index in 0..<5_000 {
            // Many zero groups, as real addresses have them.
            let mask = random.next() & random.next()
            let address: IPAddress =
                index % 2 == 0
                ? .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: random.next() & mask)))
                : IPAddress(IPv6Address(high: random.next() & mask, low: random.next() & mask))
            let prefix = IPPrefix(address, length: Int.random(in: 0...128, using: &random))
            #expect(try Names.prefixes(parsing: prefix.description) == [prefix])
        }
    }

    @Test(
        "Of a set's element is an address, a network or a host's name",
        arguments: [
            ("151.101.0.0/16", "151.101.0.0/16"), ("2a04:4e42::/32", "[2a04:4e42::/32]"),
            ("::1", "[::1]"), ("[::1]", "[::1]"), ("10.0.0.1", "10.0.0.1"),
            ("1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]"), ("::", "[::]"), ("1::", "[1::]"),
            ("64:ff9b::192.0.2.1", "[64:ff9b::c000:201]"),
            ("link-local", "169.254.0.0/16 [fe80::/10]"),
        ])
    func elements(text: String, prefixes: String) throws {
        let parsed = try Names.prefixes(parsing: text).map(\.description)
        #expect(parsed.joined(separator: " ") == prefixes)
    }

    @Test(
        "That is none is refused",
        arguments: [
            "", ":", ":::", "1:2", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::",
            "1:2:3:4:5:6:7:",
            "::1.2.3", "1.2.3.4::", "1.2.3", "1.2.3.4.5", "1..2.3", "+1.2.3.4", "1.2.3.4/",
            "1.2.3.4/+8",
            "1.2.3.4/0008", "::/129", "10.0.0.0/8:80", "::1/64",
        ])
    func wrong(text: String) {
        #expect(throws: RuleError.self) { try Names.prefixes(parsing: text) }
    }

    @Test("The name of a set is made of letters, digits and a few signs")
    func setNames() {
        #expect(["a", "my-set_2.x"].allSatisfy { Names.isSetName($0) })
        #expect(["", "a b", "ä", "a:b", "@a", "a/b"].allSatisfy { !Names.isSetName($0) })
    }

    @Test("The system's tables are read as the C library reads them")
    func tables() {
        var names = Names(services: [:], users: [:], groups: [:])
        names.addServices(
            Array(
                "# x\nssh 22/tcp secsh # y\ndomain\t53/udp\nssh 23/tcp\nx 1/ddp\nbad\n y 99999/tcp"
                    .utf8))
        names.addUsers(Array("root:x:0:0:r:/root:/bin/sh\nbad\nn:x:q\nroot:x:9:9".utf8))
        names.addGroups(Array("sudo:x:27:a,b\n+::\n".utf8))
        #expect(
            names
                == Names(
                    services: ["ssh": [.tcp: 22], "secsh": [.tcp: 22], "domain": [.udp: 53]],
                    users: ["root": 0], groups: ["sudo": 27]))
    }
}
