import Testing

@testable import SuperviseTracer

@Suite("The threads that stopped last")
struct RecentThreadsTests {
    private enum Step {
        case stops(Int32), ends(Int32)
    }

    @Test(
        "are the last two, the last first, without those that have ended",
        arguments: [
            ([], [0, 0]),
            ([.stops(5)], [5, 0]),
            ([.stops(5), .stops(5)], [5, 0]),
            ([.stops(5), .stops(6)], [6, 5]),
            ([.stops(5), .stops(6), .stops(5)], [5, 6]),
            ([.stops(5), .stops(6), .stops(7)], [7, 6]),
            ([.stops(5), .stops(6), .ends(6)], [5, 0]),
            ([.stops(5), .stops(6), .ends(5)], [6, 0]),
            ([.stops(5), .stops(6), .ends(7)], [6, 5]),
            ([.stops(5), .ends(5)], [0, 0]),
        ] as [([Step], [Int32])])
    private func order(steps: [Step], left: [Int32]) {
        var recent = RecentThreads()
        for step in steps {
            switch step {
            case .stops(let thread): recent.note(thread)
            case .ends(let thread): recent.forget(thread)
            }
        }
        #expect(recent.threads.indices.map { recent.threads[$0] } == left)
    }
}
