import Testing

@testable import SuperviseSelftest

@Suite("Files of cases")
struct SemanticsFileTests {
    @Test("say all that a case can have")
    func all() throws {
        let cases = try SemanticsFile.parse(
            """
            about = "a page"
            [defaults]
            abis = ["i386"]
            [[case]]
            name = "one"
            title = "first"
            network = "on"
            profiles = ["prctl-network"]
            options = ["--audit"]
            rules = ["allow connect tcp :22", "deny(EACCES) send udp"]
            policy = "network = 'on'"
            holding = ["udp"]
            ways = ["plain"]
            needs = ["root"]
            log = "all"
            steps = '''
            connect({socket},{address}) -> EPERM
            in-child(getpid();getuid())
              getuid() -> 7
            close(3)
            '''
            events = [{ call = "connect", program = { path = "*/probe", inode = 7 } }]
            [case.each]
            socket = ["20", "21"]
            address = ["null", "bad"]
            [[case]]
            name = "two"
            title = "second"
            abis = ["x86-64"]
            steps = "getpid()"
            """, name: "file")
        #expect(cases.map(\.name) == ["file/one", "file/two"])
        let one = try #require(cases.first)
        #expect(
            one.options == ["--audit", "--allow", "connect tcp :22", "--deny", "(EACCES) send udp"])
        #expect(one.network == "on" && one.profiles == ["prctl-network"] && one.log == "all")
        #expect(one.policy == "network = 'on'" && one.holding == ["udp"] && one.needs == [.root])
        #expect(one.ways == [.plain] && one.abis == [.i386] && one.isRunNatively)
        #expect(
            one.steps == [
                Step(text: "connect(20,null)", result: "EPERM"),
                Step(text: "connect(20,bad)", result: "EPERM"),
                Step(text: "connect(21,null)", result: "EPERM"),
                Step(text: "connect(21,bad)", result: "EPERM"),
                Step(
                    text: "in-child(getpid();getuid())", result: nil,
                    inner: [Step.Inner(text: "getuid()", result: "7")]),
                Step(text: "close(3)", result: nil),
            ])
        #expect(
            one.events == [
                .table([
                    "call": .string("connect"),
                    "program": .table(["path": .string("*/probe"), "inode": .integer(7)]),
                ])
            ])
        #expect(cases[1].abis == [.x86_64] && cases[1].profiles.count == 3)
    }

    private static let start = "[[case]]\nname = 'n'\ntitle = 't'\n"
    static let mistakes = [
        ("bogus = 1", "there is no key 'bogus'"),
        (start + "steps = 'a()'\nstep = 1", "'n': there is no key 'step'"),
        (start + "steps = 'a()'\nholding = 'udp'", #"'n': holding: found "udp", expected a list"#),
        (start + "steps = 'a()'\nholding = [1]", "'n': holding: found 1, expected texts"),
        (start + "steps = 7", "case[0]: steps: found 7, expected a text"),
        (start, "case[0]: expected name, title and steps"),
        (
            start + "steps = 'a()'\nabis = ['arm']",
            "'n': abis: found 'arm', expected one of x86-64, i386, socketcall"
        ),
        (start + "steps = 'a()'\nnative = 1", "'n': native: found 1, expected true or false"),
        (start + "steps = 'a({x})'", "'n': steps: 'a({x})': each.x is missing"),
        (
            start + "steps = ' a()'",
            "'n': steps: 'a()': an indented line says what a step within the one above it is to "
                + "give; expected '  STEP -> RESULT' below a step"
        ),
        (
            start + "steps = 'a()'\nnative = false",
            "'n': steps: 'a()': expected a result, since nothing is run natively"
        ),
        (
            start + "steps = 'a()'\nrules = ['connect']",
            "'n': rules: 'connect': expected allow or deny first"
        ),
        (
            start + "steps = 'a()'\n" + start + "steps = 'a()'",
            "there are two cases named 'file/n'"
        ),
        ("case = 3", "case: found 3, expected a list"),
        ("case = [3]", "case: found 3, expected [[case]]"),
    ]

    @Test("are read strictly, and the message names the place", arguments: mistakes)
    func mistake(text: String, message: String) {
        #expect(throws: CaseError(message)) { try SemanticsFile.parse(text, name: "file") }
    }

    @Test("that are no TOML are told with line and column")
    func syntax() throws {
        let error = #expect(throws: CaseError.self) {
            try SemanticsFile.parse("a = 1\nb = = 2\n", name: "file")
        }
        #expect(error?.description.hasPrefix("line 2, column 5: ") == true)
    }
}
