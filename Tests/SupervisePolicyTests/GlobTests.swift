import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("A pattern")
struct GlobTests {
    /// A pattern by its text in a rule.
    private func glob(_ text: String) throws -> Glob {
        let rule = try Rule(parsing: "deny connect abstract @\(text)")
        guard case .abstractName(let glob)? = rule.endpoint else { return Glob(tokens: []) }
        return glob
    }

    @Test(
        "Fits whole names",
        arguments: [
            ("a", ["a"], ["", "b", "aa"]),
            ("*", ["", "a", "ab"], ["/", "a/b"]),
            ("**", ["", "a", "a/b", "//"], []),
            (
                "/run/*.sock", ["/run/.sock", "/run/a.sock"],
                ["/run/a/b.sock", "/run/a.sock1", "run/a.sock"]
            ),
            ("/a/**/z", ["/a/b/z", "/a//z", "/a/b/c/z"], ["/a/z", "/a/b"]),
            ("a?c", ["abc", "a*c"], ["ac", "a/c", "abbc"]),
            ("[a-c]x[!0-9]", ["axz", "cxa"], ["dxz", "ax0", "ax/", "ax"]),
            ("a**b*c", ["abc", "a/b/bc", "abxc", "abbbcc"], ["ab/c", "ac"]),
            (#"\*\[\x41"#, ["*[A"], ["xxA"]),
            ("*a*a*a*b", ["aaab", "xaxaxab"], ["aab", "aaa"]),
        ] as [(String, [String], [String])])
    func fits(text: String, names: [String], others: [String]) throws {
        let glob = try glob(text)
        #expect(names.filter { !glob.matches(Array($0.utf8)) } == [])
        #expect(others.filter { glob.matches(Array($0.utf8)) } == [])
    }

    @Test("Takes time by its length only, however many ways there are to fit")
    func time() throws {
        let glob = try glob(String(repeating: "*a**", count: 12) + "b")
        // By trying one way after another this would not end.
        #expect(!glob.matches([UInt8](repeating: UInt8(ascii: "a"), count: 4096)))
    }

    @Test("Fits what trying every way fits")
    func reference() {
        func fits(_ tokens: ArraySlice<Glob.Token>, _ name: ArraySlice<UInt8>) -> Bool {
            guard let token = tokens.first else { return name.isEmpty }
            let slash = UInt8(ascii: "/")
            let first = name.first
            switch token {
            case .star:
                return fits(tokens.dropFirst(), name)
                    || first != nil && first != slash && fits(tokens, name.dropFirst())
            case .globstar:
                return fits(tokens.dropFirst(), name)
                    || first != nil && fits(tokens, name.dropFirst())
            case .byte(let byte): guard first == byte else { return false }
            case .one: guard let first, first != slash else { return false }
            case .of(let set):
                guard let first, first != slash, set.contains(first) else { return false }
            }
            return fits(tokens.dropFirst(), name.dropFirst())
        }
        var random = RandomRules(7)
        for _ in 0..<5_000 {
            let (glob, name) = (random.glob(), random.name())
            #expect(glob.matches(name) == fits(glob.tokens[...], name[...]))
        }
    }
}
