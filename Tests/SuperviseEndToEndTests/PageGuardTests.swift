import SuperviseTestSupport
import Testing

/// The guard of the sealed page on kernels that cannot seal mappings, chosen here on one that may.
@Suite("The filter's guard of the sealed page")
struct PageGuardTests {
    @Test("refuses what touches the window, and nothing beside it", arguments: User.available)
    func window(user: User) async throws {
        try await selftest(["--case", "page-guard/*"], as: user)
    }

    @Test("is named by its option only")
    func option() async throws {
        let outcome = try await supervise(["--page-guard", "other"], ["true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: --page-guard 'other': expected ranges\n", end: .exited(64)))
    }
}
