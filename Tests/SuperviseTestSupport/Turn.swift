import Foundation

/// The right to run one more process, of which there are a few for each processor.
///
/// The test runner starts every test at once. A command that it runs is killed after a minute, which
/// is to be a minute of running, not of standing in line.
enum Turn {
    /// Waits for a turn; whoever has waited longest is next.
    static func take() async {
        await withCheckedContinuation { line.enter($0) }
    }

    /// Lets the next one run.
    static func giveBack() { line.leave() }

    private static let line = Line(places: 3 * ProcessInfo.processInfo.activeProcessorCount)
}

private final class Line: @unchecked Sendable {
    private let lock = NSLock()
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter(_ continuation: CheckedContinuation<Void, Never>) {
        let isFree = lock.withLock {
            if places == 0 {
                waiting.append(continuation)
                return false
            }
            places -= 1
            return true
        }
        if isFree { continuation.resume() }
    }

    func leave() {
        let next = lock.withLock { () -> CheckedContinuation<Void, Never>? in
            if waiting.isEmpty {
                places += 1
                return nil
            }
            return waiting.removeFirst()
        }
        next?.resume()
    }
}
