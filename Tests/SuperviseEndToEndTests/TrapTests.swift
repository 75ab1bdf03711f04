import SuperviseTestSupport
import Testing

/// The tracer has a thread make calls in single steps, each of which ends with a SIGTRAP.
@Suite("A program that uses SIGTRAP itself")
struct TrapTests {
    @Test(
        "keeps it while the tracer has it make calls",
        arguments: [
            "ignored", "ignored-i386-rt", "ignored-i386", "ignored-i386-signal", "ignored-before",
            "waiting", "stepping", "ended", "sent",
        ])
    func signal(mode: String) async throws {
        let native = try await run([Programs.path("traps"), mode])
        #expect(native.end == .exited(0))
        #expect(try await supervise([], [Programs.path("traps"), mode]) == native)
    }
}
