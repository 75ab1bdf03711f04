import Testing

@testable import SuperviseTracer

/// How often the tracer looks instead of sleeping, told by looks (`found`, `vain`) and sleeps.
@Suite("Spinning")
struct SpinningTests {
    /// What it does at each of so many stops that come as the closure says.
    private func looks(_ spinning: inout Spinning, stops: Int, comesInTime: Bool, sleep: Int64)
        -> Int
    {
        var count = 0
        for _ in 0..<stops {
            if spinning.mayBegin() {
                count += 1
                spinning.ended(found: comesInTime)
                if comesInTime { continue }
            }
            spinning.waited(sleep)
        }
        return count
    }

    @Test("begins after the first close stop, and goes on while they are found")
    func close() {
        var spinning = Spinning()
        #expect(looks(&spinning, stops: 100, comesInTime: true, sleep: 10_000) == 99)
    }

    @Test("does not begin where there is one core for tracer and tracees")
    func oneCore() {
        var spinning = Spinning(isOfUse: false)
        #expect(looks(&spinning, stops: 100, comesInTime: false, sleep: 10) == 0)
    }

    @Test("does not begin where stops are far apart")
    func distant() {
        var spinning = Spinning()
        #expect(looks(&spinning, stops: 100, comesInTime: false, sleep: Spinning.longest) == 0)
    }

    @Test("is left off for longer and longer where it is in vain, though stops are close")
    func vain() {
        var spinning = Spinning()
        // 1, 2, 4, ... 1,024 stops without a look between two looks.
        #expect(looks(&spinning, stops: 2 + 1 + 2 + 4 + 8 + 4, comesInTime: false, sleep: 9) == 5)
        #expect(looks(&spinning, stops: 100_000, comesInTime: false, sleep: 9) < 110)
    }

    @Test("is in vain once where stops cease to be close")
    func ceasing() {
        var spinning = Spinning()
        _ = looks(&spinning, stops: 10, comesInTime: true, sleep: 9)
        #expect(looks(&spinning, stops: 1000, comesInTime: false, sleep: 1_000_000) == 1)
        #expect(looks(&spinning, stops: 10, comesInTime: true, sleep: 9) > 7)
    }
}
