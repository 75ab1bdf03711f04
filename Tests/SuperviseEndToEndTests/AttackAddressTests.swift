import SuperviseTestSupport
import Testing

/// Where a call's address leads is what was judged, whatever else the kernel would ask for it.
@Suite("A call to any address")
struct AttackAddressTests {
    /// A way of `Fixtures/attacks/any-address`, the rules that it is to get around, and how many of
    /// its calls get there in one try.
    static let ways: [(words: String, options: [String], reached: Int)] = [
        ("multicast", ["--allow", "bind,outgoing udp multicast"], 3),
        ("source", ["--network", "on", "--deny", "outgoing 127.0.0.2"], 1),
        ("source mapped", ["--network", "on", "--deny", "outgoing 127.0.0.2"], 1),
        ("device", ["--network", "on", "--deny", "outgoing private"], 4),
        ("device mapped", ["--network", "on", "--deny", "outgoing private"], 4),
    ]

    @Test("reaches the one that was judged", arguments: ways.indices, User.available)
    func reached(index: Int, user: User) async throws {
        let way = Self.ways[index]
        for attack in Attack.all(["any-address " + way.words]) where attack.user == user {
            let native = try await attack.run(
                holding: ["udp-bound"], supervised: false, adding: ["5"])
            guard native.error != "unshare: Operation not permitted\n" else {
                print("skipped: \(attack.testDescription): no namespaces for this user")
                return
            }
            #expect(try RaceResult(native).reached == 5 * way.reached)
            let supervised = try RaceResult(
                await attack.run(
                    holding: ["udp-bound"], supervised: true, options: way.options, adding: ["5"]))
            #expect(supervised.tries == 5)
            #expect(supervised.reached == 0)
        }
    }
}
