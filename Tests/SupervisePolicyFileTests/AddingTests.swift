import SupervisePolicy
import SupervisePolicyFile
import SuperviseTestSupport
import Testing

@Suite("Adding to a policy file")
struct AddingTests {
    private func rule(_ text: String) throws -> Rule { try Rule(parsing: text) }

    private func add(
        _ lines: [PolicyFile.AddedLine], to text: String, beginning: String = ""
    ) throws -> String {
        let bytes = try PolicyFile.text(
            adding: lines, to: Array(text.utf8), beginning: beginning, name: "p.toml",
            names: Names())
        return String(decoding: bytes, as: UTF8.self)
    }

    private var lines: [PolicyFile.AddedLine] {
        get throws {
            [
                .comment("/bin/a"), .rule(try rule("allow connect tcp :80"), "a 1x"),
                .disabledRule(try rule("allow trace"), "b 2x"),
            ]
        }
    }

    /// What `lines` become in a list whose last element has its comma.
    private static let added = """
            # /bin/a
            "allow connect tcp :80", # a 1x
            # "allow trace", # b 2x

        """

    @Test("A new file begins as it is told to, and has the rules")
    func new() throws {
        #expect(
            try add(lines, to: "", beginning: "# new\nnetwork = \"off\"\n")
                == "# new\nnetwork = \"off\"\nrules = [\n\(Self.added)]\n")
        #expect(
            try add([], to: "", beginning: "network = \"off\"\n")
                == "network = \"off\"\nrules = [\n]\n")
    }

    @Test(
        "What is there stays, to the byte; the lines come behind its rules",
        arguments: [
            // The list's end on a line of its own.
            (
                "rules = [\n    \"deny trace\", # mine\n]\n",
                "rules = [\n    \"deny trace\", # mine\n+]\n"
            ),
            ("rules = [\n]\n", "rules = [\n+]\n"),
            ("rules = [\n\t\"deny trace\",\n  \t]", "rules = [\n\t\"deny trace\",\n+  \t]"),
            // ... without the last comma.
            (
                "rules = [\n  \"deny trace\" # ]\n]\nnetwork = \"off\" # end\n",
                "rules = [\n  \"deny trace\" # ]\n,]\nnetwork = \"off\" # end\n"
            ),
            // All on one line.
            ("rules = []\n", "rules = [\n+]\n"),
            ("rules = [ \"deny trace\", ]\n", "rules = [ \"deny trace\", \n+]\n"),
            ("rules = [\"deny trace\"]", "rules = [\"deny trace\";]"),
            (
                "rules=[\"deny trace\"] # \"x\" ]\n[sets]\na = [\"::1\"]\n",
                "rules=[\"deny trace\";] # \"x\" ]\n[sets]\na = [\"::1\"]\n"
            ),
            // Keys and strings of every kind.
            ("\"rules\" = ['deny trace',\n]\n", "\"rules\" = ['deny trace',\n+]\n"),
            ("'rules' = [\"\"\"deny trace\"\"\",\n]\n", "'rules' = [\"\"\"deny trace\"\"\",\n+]\n"),
            (
                "rules = ['''deny bind abstract ]\"'''  ,\n# a ] \" '\n]\n",
                "rules = ['''deny bind abstract ]\"'''  ,\n# a ] \" '\n+]\n"
            ),
            (
                "rules = [\"deny bind abstract \\\"]\\\\\\\\\",\n]\r\n",
                "rules = [\"deny bind abstract \\\"]\\\\\\\\\",\n+]\r\n"
            ),
            // No list of rules: before the first table and what is said of it.
            ("", "rules = [\n+]\n"),
            ("# only this", "# only this\nrules = [\n+]\n"),
            ("network = \"off\"\n", "network = \"off\"\nrules = [\n+]\n"),
            ("network = \"off\"", "network = \"off\"\nrules = [\n+]\n"),
            (
                "network = \"off\"\n\n# addresses\n# of ours\n[sets]\nrules = [\"::1\"]\n",
                "network = \"off\"\n\nrules = [\n+]\n# addresses\n# of ours\n[sets]\nrules = [\"::1\"]\n"
            ),
            ("[source]\nipv4 = \"10.0.0.1\"\n", "rules = [\n+]\n[source]\nipv4 = \"10.0.0.1\"\n"),
            ("\u{feff}rules = [\n]\n", "\u{feff}rules = [\n+]\n"),
        ] as [(String, String)])
    func existing(text: String, expected: String) throws {
        let comma = Self.added.replacing("    \"allow", with: "    , \"allow")
        let whole = expected.replacing("+", with: Self.added)
            .replacing("\n,]", with: "\n\(comma)]")
            .replacing(";]", with: ",\n\(Self.added)]")
        #expect(try add(lines, to: text) == whole)
    }

    @Test("A rule that waits for its user's decision is not written twice")
    func twice() throws {
        let once = try add(lines, to: "")
        let twice = try add(
            [.disabledRule(try rule("allow trace"), "c 9x"), .rule(try rule("allow bind"), "")],
            to: once)
        #expect(twice == once.replacing("]\n", with: "    \"allow bind\", # \n]\n"))
        #expect(try add([], to: once) == once)
    }

    @Test("Nothing ends a comment or a string before its time")
    func hostile() throws {
        let name = Array("\"]\n'\\é\u{7f}".utf8)
        let hostile = Rule(.allow, .connect, .abstract, .abstractName(Glob(literal: name)))
        let text = try add(
            [.comment("a\nrules = []\u{7f}\r\u{0}"), .rule(hostile, "\u{1b}[2J\n\"x\",")], to: "")
        let file = try PolicyFile(parsing: Array(text.utf8), name: "p", names: Names())
        #expect(file.rules.map(\.description) == [hostile.description])
        #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a })
    }

    @Test(
        "A text in which there is no place, or which is wrong, is left alone",
        arguments: [
            (
                "rules = 1\n",
                "rules: an integer was found, expected a list of rules: [\"...\", \"...\"]"
            ),
            ("netwrk = \"off\"\n", "netwrk: there is no such key; did you mean 'network'?"),
        ])
    func wrong(text: String, message: String) throws {
        let error = #expect(throws: PolicyFileError.self) { try add(lines, to: text) }
        #expect(error?.description == message)
    }

    @Test(
        "What the library would end the process for is told, wherever it comes",
        arguments: [
            ("[", "line 1, column 2"),
            ("[:1]", "line 1, column 2: a table's name was expected behind the ["),
            ("network = \"off\"\n[ [", "line 2, column 3"),
            ("[[:", "line 1, column 3: a table's name"),
            ("[\n]", "line 1, column 2: a table's name"),
            ("a = \"\"\"\n[:\"\"\"\n", "a: there is no such key"),
            ("rules = [\n]\n[é]\n", "line 3, column 2: a table's name"),
            ("rules = [\n  }", "line 2, column 3: a } was found in a list, expected a value or ]"),
            ("rules = [\"}\", # }\n}\n]", "line 2, column 1: a } was found in a list"),
            ("a = [{b = [{}, }]}]", "line 1, column 16: a } was found in a list"),
        ])
    func tables(text: String, beginning: String) {
        let error = #expect(throws: PolicyFileError.self) { try add([], to: text) }
        #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
    }

    @Test("Whatever is cut out of a file, the rest is kept or it is refused")
    func total() throws {
        let text = """
            # "rules = ["
            network = "off" # ]
            rules = [ # [
                "deny trace", 'deny connect tcp :25',
                \"""deny connect \\
                    udp :25\""" # "
            ]
            errno = "EACCES"
            [sets]
            a = ["::1", "10.0.0.0/8"]
            """
        var random = SeededRandom(5)
        var kept = 0
        for _ in 0..<3_000 {
            var bytes = Array(text.utf8)
            let start = Int.random(in: 0..<bytes.count, using: &random)
            bytes.removeSubrange(
                start..<min(bytes.count, start + Int.random(in: 0...30, using: &random)))
            guard let before = try? PolicyFile(parsing: bytes, name: "p", names: Names()),
                let new = try? PolicyFile.text(
                    adding: lines, to: bytes, beginning: "", name: "p", names: Names())
            else { continue }
            kept += 1
            let after = try PolicyFile(parsing: new, name: "p", names: Names())
            #expect(after.rules.count == before.rules.count + 1)
            // The old bytes are there in their order.
            var rest = bytes[...]
            for byte in new where byte == rest.first { rest = rest.dropFirst() }
            #expect(rest.isEmpty)
        }
        #expect(kept > 300)
    }
}
