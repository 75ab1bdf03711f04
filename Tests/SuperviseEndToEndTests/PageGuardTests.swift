import SuperviseTestSupport
import Testing

/// The guard of the sealed page on kernels that cannot seal mappings, chosen here on one that may.
@Suite("The filter's guard of the sealed page")
struct PageGuardTests {
    @Test("refuses what touches the window, and nothing beside it", arguments: User.available)
    func window(user: User) async throws {
        try await selftest(["--case", "page-guard/*"], as: user)
    }

    /// Sends to two ports, of which one is allowed, and does what is none of the guard's business.
    private func reserves(_ options: [String], _ words: [String], first: String, as user: User)
        async throws
    {
        let outcome = try await supervise(
            options + ["-q", "--allow", "send udp localhost:9"],
            [Programs.path("reservation")] + words, as: user)
        let expected = """
            9: sent
            10: EPERM
            9: sent
            10: EPERM
            read: EFAULT
            map: ENOMEM

            """
        #expect(outcome == Outcome(output: first + expected))
    }

    @Test(
        "has no say in where a program may reserve all the memory that the page could be in",
        arguments: User.available, [[], ["--page-guard", "ranges"]])
    func reservation(user: User, options: [String]) async throws {
        try await reserves(options, [], first: "", as: user)
    }

    @Test(
        "has no say in that either when the thread is gone by whose call its mappings were found",
        arguments: User.available, ["thread", "orphan"])
    func reservationAfterThread(user: User, way: String) async throws {
        try await reserves([], [way], first: "10: EPERM\n", as: user)
    }

    @Test(
        "is chosen by its option, as is what else older kernels lack, and only by its name",
        arguments: [("--page-guard", "ranges"), ("--pidfds", "processes")])
    func option(name: String, expected: String) async throws {
        let outcome = try await supervise([name, "other"], ["true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: \(name) 'other': expected \(expected)\n", end: .exited(64)))
    }
}
