import Foundation
import SuperviseTestSupport
import Testing

/// Thousands of processes that are killed while they make judged calls.
@Suite("Chaos")
struct ChaosTests {
    /// Set `SUPERVISE_SEED` to run the choices of an earlier run again.
    static let seed =
        ProcessInfo.processInfo.environment["SUPERVISE_SEED"]
        ?? String(UInt64.random(in: 1...1_000_000))

    @Test(
        "leaves no process, no descriptor and no memory behind",
        arguments: [["--quiet"], ["--log", "/dev/null"], ["--audit", "--log", "/dev/null"]],
        User.available)
    func kills(options: [String], user: User) async throws {
        let outcome = try await supervise(
            options, [Programs.path("chaos"), Self.seed, "1500"], as: user, seconds: 100)
        #expect(
            outcome.output == """
                seed \(Self.seed)
                all killed
                no process is left
                tracer: no descriptor is left, no memory is lost

                """, "\(outcome.error)")
        #expect(outcome.end == .exited(0))
    }
}
