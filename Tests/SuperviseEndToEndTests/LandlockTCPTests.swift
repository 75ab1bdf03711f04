import SuperviseTestSupport
import Testing

/// The profile with Landlock's rules for TCP, against the kernel.
///
/// One case at a time: some take ports of given numbers.
@Suite("The profile landlock-tcp", .serialized)
struct LandlockTCPTests {
    @Test(
        "judges TCP by its ports and nothing else, in every ABI",
        arguments: Row.table("landlock-tcp", "every row"), Way.all)
    func rows(row: Row, way: Way) async throws {
        try await compare(
            row, way,
            options: [
                "--profile", "landlock-tcp", "--allow", "bind tcp :8080,18089", "--allow",
                "connect tcp :443",
            ])
    }
}
