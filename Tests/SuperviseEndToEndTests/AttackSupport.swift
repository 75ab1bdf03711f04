import SuperviseTestSupport
import Testing

/// An attack by a fixture, and as whom it is made.
struct Attack: Sendable, CustomTestStringConvertible {
    let words: [String]
    let user: User

    var testDescription: String { "\(words.joined(separator: " ")) as \(user)" }

    /// Each list of words as every user there is.
    static func all(_ lines: [String]) -> [Attack] {
        User.available.flatMap { user in
            lines.map { Attack(words: $0.split(separator: " ").map(String.init), user: user) }
        }
    }

    /// Runs it with sockets that it inherits, natively or under `supervise`, to its end.
    ///
    /// Without the Landlock domain, which would refuse abstract names even where the tracer does
    /// not: an attack must fail by what it attacks.
    func run(
        holding: [String] = ["abstract-datagram"], supervised: Bool, options: [String] = [],
        adding more: [String] = [], seconds: Int = 60
    ) async throws -> Outcome {
        let supervise =
            if !supervised {
                [String]()
            } else {
                [Programs.path("supervise"), "--quiet", "--landlock-abi", "0"] + options + ["--"]
            }
        return try await SuperviseTestSupport.run(
            [Programs.path("holding")] + holding + ["--"] + supervise
                + [Programs.path(words[0])] + words.dropFirst() + more,
            as: user, directory: temporaryFolder("supervise-attack"), seconds: seconds)
    }
}

/// What a race printed: `tries N reached N`.
struct RaceResult {
    let tries: Int
    let reached: Int

    /// Reads it from all that the program printed; anything else there is a failure.
    init(
        _ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let words = outcome.output.split { $0 == " " || $0 == "\n" }
        try #require(
            words.count == 4 && outcome.end == .exited(0) && outcome.error.isEmpty,
            "\(outcome)", sourceLocation: sourceLocation)
        tries = try #require(Int(words[1]), sourceLocation: sourceLocation)
        reached = try #require(Int(words[3]), sourceLocation: sourceLocation)
    }
}
