import SuperviseTestSupport
import Testing

/// What a supervisor would change that has a thread go on in code of its own behind a call.
@Suite("The instruction that makes a judged call")
struct PlaceTests {
    @Test(
        "is the program's own, for whoever looks",
        arguments: [
            ["filter", "wrong 0"], ["handlers", "wrong 0, elsewhere 0"],
            ["sister", "connected, in place"], ["dispatch", "connected, given 0"],
        ], User.available)
    func place(line: [String], user: User) async throws {
        let expected = Outcome(output: "\(line.joined(separator: ": "))\n")
        let words = [Programs.path("place"), line[0]]
        let native = try await run(words, as: user, directory: temporaryFolder("supervise-place"))
        #expect(native == expected)
        #expect(
            try await supervise(
                ["--quiet"], words, as: user, directory: temporaryFolder("supervise-place"))
                == expected)
    }
}

/// What a supervisor would leave behind, or would show, that has a program receive something on its stack.
@Suite("The memory below the stack pointer")
struct BelowTests {
    @Test(
        "is as it was behind a judged call, and untouched where the program made the stack",
        arguments: [["kernel", "changed 0"], ["own", "changed 0, seen 0"]], User.available)
    func below(line: [String], user: User) async throws {
        let expected = Outcome(output: "\(line.joined(separator: ": "))\n")
        let words = [Programs.path("below"), line[0]]
        let native = try await run(words, as: user, directory: temporaryFolder("supervise-below"))
        #expect(native == expected)
        #expect(
            try await supervise(
                ["--quiet"], words, as: user, directory: temporaryFolder("supervise-below"))
                == expected)
    }
}
