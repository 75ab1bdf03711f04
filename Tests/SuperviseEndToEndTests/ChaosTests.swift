import Foundation
import SuperviseTestSupport
import Testing

/// Thousands of processes that are killed while they make judged calls.
@Suite("Chaos", .serialized)
struct ChaosTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Set `SUPERVISE_SEED` to run the choices of an earlier run again.
    private static let seed =
        environment["SUPERVISE_SEED"] ?? String(UInt64.random(in: 1...1_000_000))
    /// How long, all runs together, one after the other; nil: until enough processes were killed.
    private static let seconds = environment["SUPERVISE_SECONDS"].flatMap { Int($0) }
    private static let options = [
        ["--quiet"], ["--log", "/dev/null"], ["--audit", "--log", "/dev/null"],
    ]

    @Test(
        "leaves no process, no descriptor and no memory behind, and lets nothing through",
        arguments: options, User.available)
    func kills(options: [String], user: User) async throws {
        print("seed \(Self.seed)")
        let runs = Self.options.count * User.available.count
        let length = Self.seconds.map { ["seconds", "\(max($0 / runs, 4))"] } ?? ["1500"]
        let environment = options.contains("--audit") ? [:] : ["REFUSED": "1"]
        let outcome = try await run(
            [Programs.path("holding"), "udp", "tcp", "--", Programs.path("supervise")] + options
                + ["--", Programs.path("chaos"), Self.seed] + length,
            as: user, environment: environment, seconds: 100 + (Self.seconds ?? 0))
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
