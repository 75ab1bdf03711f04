import SuperviseTestSupport
import Testing

/// A filter from before the supervisor, whose listener is asked before any tracer.
@Suite("A filter from before that hands calls to somebody else", .serialized)
struct AttackInterceptionTests {
    static let program = Programs.path("wave-through")

    static let refusal =
        "supervise: a seccomp filter from before hands network calls to another program "
        + "(USER_NOTIF), past the supervisor; is this a container whose manager does that?\n"

    static let refused = Outcome(error: refusal, end: .exited(125))

    /// Whose calls are taken, the options, and what becomes of a connection that rules refuse.
    static let cases: [(taken: String, options: [String], outcome: Outcome)] = [
        // It would be made, and no line would tell of it.
        ("connect", ["--deny", "connect udp"], refused),
        ("connect", ["--deny", "connect udp", "--audit"], refused),
        ("silent", ["--deny", "connect udp"], refused),
        // Whoever gives the network up would have it still.
        ("connect", [], refused),
        // What is no way to the network may be anybody's.
        ("mknod", ["--deny", "connect udp"], Outcome(output: "connect: EPERM\n")),
    ]

    @Test(
        "lets no command run whose calls would not be judged", arguments: cases, User.available)
    func judged(
        way: (taken: String, options: [String], outcome: Outcome), user: User
    ) async throws {
        let reach = [Self.program, "reach"]
        if way.taken != "silent" {
            let native = try await run([Self.program, way.taken] + reach, as: user)
            #expect(native == Outcome(output: "connect: done\n"))
        }
        let supervise = [Programs.path("supervise"), "-q", "--network", "on"]
        #expect(
            try await run(
                [Self.program, way.taken] + supervise + way.options + ["--"] + reach,
                as: user, seconds: 20) == way.outcome)
    }

    @Test("is told of by doctor", arguments: User.available)
    func doctor(user: User) async throws {
        let doctor = [Programs.path("supervise"), "doctor", "--color", "never"]
        let name = "filters from before with a listener (USER_NOTIF)"
        func line(_ prefix: [String]) async throws -> String? {
            try await run(prefix + doctor, as: user).output.split(separator: "\n")
                .first { $0.contains(name) }?.split(separator: " ").first.map { "\($0)" }
        }
        #expect(try await line([]) == "held")
        #expect(try await line([Self.program, "connect"]) == "open")
        #expect(try await line([Self.program, "mknod"]) == "held")
    }
}
