import Foundation
import SuperviseTestSupport
import Testing

/// Threads that make calls for the supervisor are disturbed, or their calls answered by a filter of the
/// program's own.
@Suite("A thread on the supervisor's errand", .serialized)
struct AttackErrandTests {
    @Test(
        "that has accepted who is refused tells nobody, whatever it is made to run",
        arguments: Attack.all(["keep-connection jump", "keep-connection filter"]))
    func connection(attack: Attack) async throws {
        // Inherited, so that no filter keeps the refused peer away before.
        let native = try RaceResult(
            await attack.run(holding: ["tcp-listener"], supervised: false, adding: ["20"]))
        // The jump may come before the call.
        #expect(native.tries == 20 && native.reached > 5)
        let supervised = try RaceResult(
            await attack.run(
                holding: ["tcp-listener"], supervised: true,
                options: ["--network", "on", "--deny", "accept tcp 127.1.0.0/16"],
                adding: ["300"], seconds: 120))
        #expect(supervised.tries == 300 && supervised.reached == 0)
    }
}
