import Foundation
import SupervisePolicy
import SuperviseTestSupport
import Testing

/// Random calls under random policies, in the manner of Trinity.
///
/// `SUPERVISE_SECONDS` is how long, and `SUPERVISE_SEED` the first seed, each run of a second has the
/// next one: what is printed of a failure can be run again.
@Suite("Random network calls from several threads, in every ABI, under random policies")
struct CallFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["SUPERVISE_SECONDS"].flatMap { Double($0) } ?? 8
    private static let seed =
        environment["SUPERVISE_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...1_000_000)

    @Test(
        "have the policy's verdict or the kernel's own result, and what is refused reaches nobody")
    func fuzz() async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds)
        var (seed, calls, refused) = (Self.seed, 0, 0)
        print("seed \(seed)")
        // Under some policies nothing is refused, and a busy machine has time for few.
        while clock.now < end || refused == 0 && seed < Self.seed + 50 {
            let run = try await Self.run(seed)
            calls += run.calls
            refused += run.refused
            if !run.faults.isEmpty {
                Issue.record("seed \(seed): \(run.faults.prefix(8).joined(separator: "\n"))")
            }
            seed += 1
        }
        print("\(seed - Self.seed) policies, \(calls) calls, \(refused) refused")
        #expect(calls > 0 && refused > 0)
    }

    /// One policy for a second.
    private static func run(_ seed: UInt64) async throws -> FuzzedRun {
        var random = SeededRandom(seed)
        let user = User.available.randomElement(using: &random) ?? .current
        let folder = temporaryFolder("supervise-fuzz")
        var port = UInt16.random(in: 10_000..<30_000, using: &random)
        var policies = RandomFuzzPolicy(random: random, port: port, folder: folder)
        var (policy, options) = policies.policy()
        let log = folder + "/log.jsonl"
        let watching =
            [
                ["--quiet"], ["--log", log], ["--log", log, "--log-level", "all"],
                ["--log", log, "--audit"],
            ].randomElement(using: &random) ?? []
        while true {
            let command =
                [
                    Programs.path("call-fuzzer"), "\(seed)", "800", "\(port)", folder,
                    Programs.path("supervise"),
                ] + options + watching + ["--"]
            let outcome = try await SuperviseTestSupport.run(command, as: user)
            if outcome.end == .exited(75) {
                // The port is somebody else's.
                port += 11
                try FileManager.default.removeItem(atPath: folder)
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o777])
                policies = RandomFuzzPolicy(random: random, port: port, folder: folder)
                (policy, options) = policies.policy()
                continue
            }
            var run = FuzzedRun(
                output: outcome.output, policy: policy, refusals: [54, 55],
                isAudit: watching.contains("--audit"))
            if outcome.end != .exited(0) { run.fail("\(outcome.end): \(outcome.error)") }
            if !run.faults.isEmpty {
                run.fail("as \(user): supervise \((options + watching).joined(separator: " "))")
            }
            try FileManager.default.removeItem(atPath: folder)
            return run
        }
    }
}
