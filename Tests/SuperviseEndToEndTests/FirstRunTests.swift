import SuperviseTestSupport
import Testing

@Suite("A command under supervise")
struct FirstRunTests {
    @Test("ends with the command's own status", arguments: [0, 1, 42, 255])
    func status(code: Int32) async throws {
        let outcome = try await supervise([], ["sh", "-c", "exit \(code)"])
        #expect(outcome == Outcome(end: .exited(code)))
    }
}
