import SuperviseTestSupport
import Testing

/// The guard of the sealed page on kernels that cannot seal mappings, chosen here on one that may.
@Suite("The filter's guard of the sealed page")
struct PageGuardTests {
    @Test("refuses what touches the window, and nothing beside it", arguments: rows, Way.wide)
    func window(row: Row, way: Way) async throws {
        try await compare(row, way, options: ["--page-guard", "ranges"])
    }

    @Test("is named by its option only")
    func option() async throws {
        let outcome = try await supervise(["--page-guard", "other"], ["true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: --page-guard 'other': expected ranges\n", end: .exited(64)))
    }

    static let rows = Row.table("page-guard", "the sealed page's window")
}
