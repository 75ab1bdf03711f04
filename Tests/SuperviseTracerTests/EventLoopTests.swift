import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

/// What an event loop did, in order.
private final class Journal {
    var lines: [String] = []
}

/// State changes by script: each inner list is there when the one before has been served.
private struct ScriptedStops: StopSource {
    var rounds: [[(Int32, WaitStatus)]]
    let journal: Journal
    private var isAtStart = true

    init(_ rounds: [[(Int32, WaitStatus)]], _ journal: Journal) {
        (self.rounds, self.journal) = (rounds, journal)
    }

    mutating func next(waiting: Bool) -> StateChange {
        if waiting {
            journal.lines.append("wait")
            if !isAtStart, rounds.first?.isEmpty == true { rounds.removeFirst() }
            isAtStart = false
        }
        guard let round = rounds.first else { return .finished }
        guard let (thread, status) = round.first else { return .none }
        rounds[0].removeFirst()
        return .changed(ThreadID(rawValue: thread), status)
    }
}

private final class RecordingHandler: StopHandler {
    let journal: Journal
    /// Finished when the journal has this line.
    let last: String?
    /// How many stops may be served between two looks.
    let turns: Int

    init(_ journal: Journal, finishedBy last: String?, turns: Int) {
        (self.journal, self.last, self.turns) = (journal, last, turns)
    }

    func handle(_ stop: consuming Stop, of thread: ThreadID) {
        let name: String
        let id: ThreadID
        switch consume stop {
        case .seccomp(let stopped): (name, id) = ("seccomp", stopped.id)
        case .syscallExit(let stopped): (name, id) = ("syscall exit", stopped.id)
        case .newTracee(let stopped): (name, id) = ("new tracee", stopped.id)
        case .exec(let stopped): (name, id) = ("exec", stopped.id)
        case .exit(let stopped): (name, id) = ("exit", stopped.id)
        case .groupStop(let stopped): (name, id) = ("group-stop", stopped.id)
        case .trap(let stopped): (name, id) = ("trap", stopped.id)
        case .signal(let stopped, let number): (name, id) = ("signal \(number)", stopped.id)
        }
        #expect(id == thread)
        journal.lines.append("\(thread.rawValue) \(name)")
    }

    func ended(_ thread: ThreadID, _ status: WaitStatus) {
        journal.lines.append("\(thread.rawValue) \(status)")
    }

    func turns(of thread: ThreadID) -> Int { turns }
    var isFinished: Bool { last.map(journal.lines.contains) ?? false }
}

@Suite("The event loop")
struct EventLoopTests {
    private func journal(
        of rounds: [[(Int32, WaitStatus)]], finishedBy last: String? = nil, turns: Int = 0
    ) -> [String] {
        let journal = Journal()
        var loop = EventLoop(
            source: ScriptedStops(rounds, journal),
            handler: RecordingHandler(journal, finishedBy: last, turns: turns))
        loop.run()
        return journal.lines
    }

    @Test("Ends when no tracee is left")
    func noTracee() {
        #expect(journal(of: []) == ["wait"])
    }

    @Test(
        "Hands each kind of stop on as what it is",
        arguments: [
            (.seccomp, "seccomp"), (.syscallExit, "syscall exit"), (.newTracee, "new tracee"),
            (.exec, "exec"), (.exit, "exit"), (.groupStop, "group-stop"), (.trap, "trap"),
            (.signal(10), "signal 10"),
        ] as [(StopReason, String)])
    func kinds(reason: StopReason, name: String) {
        #expect(journal(of: [[(7, .stopped(reason))]]) == ["wait", "7 \(name)", "wait"])
    }

    @Test("Takes everything that is there before it serves anything, then serves in that order")
    func rounds() {
        let lines = journal(of: [
            [(3, .stopped(.seccomp)), (1, .stopped(.trap)), (2, .stopped(.seccomp))],
            [(2, .stopped(.syscallExit)), (3, .stopped(.seccomp))],
        ])
        #expect(
            lines == [
                "wait", "3 seccomp", "1 trap", "2 seccomp", "wait", "2 syscall exit", "3 seccomp",
                "wait",
            ])
    }

    @Test("Serves some stops of a large tree before it takes everything that is there")
    func turns() {
        let lines = journal(
            of: [
                [
                    (3, .stopped(.seccomp)), (1, .stopped(.trap)), (2, .stopped(.seccomp)),
                    (4, .stopped(.exec)),
                ],
                [(5, .exited(0)), (2, .stopped(.syscallExit)), (3, .stopped(.seccomp))],
            ], turns: 2)
        #expect(
            lines == [
                "wait", "3 seccomp", "wait", "1 trap", "wait", "2 seccomp", "4 exec", "wait",
                "5 exited(0)", "2 syscall exit", "wait", "3 seccomp", "wait",
            ])
    }

    @Test("Tells deaths at once, before what was pending earlier is served")
    func deaths() {
        let lines = journal(of: [
            [
                (1, .stopped(.seccomp)), (2, .exited(3)), (3, .stopped(.trap)),
                (4, .killed(signal: 9)),
            ]
        ])
        #expect(
            lines == [
                "wait", "2 exited(3)", "4 killed(signal: 9)", "1 seccomp", "3 trap", "wait",
            ])
    }

    @Test("Does not serve a stop of a thread that has died since")
    func diedWhilePending() {
        let lines = journal(of: [
            [(1, .stopped(.seccomp)), (2, .stopped(.seccomp)), (1, .killed(signal: 9))]
        ])
        #expect(lines == ["wait", "1 killed(signal: 9)", "2 seccomp", "wait"])
    }

    @Test("Serves only the newest stop of a number that another thread has taken over")
    func replaced() {
        let lines = journal(of: [
            [(1, .stopped(.seccomp)), (2, .stopped(.seccomp)), (1, .stopped(.exec))]
        ])
        #expect(lines == ["wait", "2 seccomp", "1 exec", "wait"])
    }

    @Test("Serves a new thread under the number of a dead one")
    func reused() {
        let lines = journal(of: [
            [(1, .stopped(.seccomp)), (1, .exited(0)), (1, .stopped(.trap))],
            [(1, .exited(1))],
        ])
        #expect(lines == ["wait", "1 exited(0)", "1 trap", "wait", "1 exited(1)", "wait"])
    }

    @Test("Serves nobody any more when its handler has finished, not even who waits already")
    func finished() {
        let rounds: [[(Int32, WaitStatus)]] = [
            [(1, .stopped(.seccomp)), (2, .stopped(.seccomp)), (3, .stopped(.seccomp))],
            [(4, .stopped(.seccomp))],
        ]
        #expect(
            journal(of: rounds, finishedBy: "2 seccomp")
                == ["wait", "1 seccomp", "2 seccomp"])
        #expect(
            journal(
                of: [[(1, .stopped(.seccomp)), (9, .exited(0))]], finishedBy: "9 exited(0)")
                == ["wait", "9 exited(0)"])
    }

    @Test("Serves nobody twice while another waits, whatever happens", arguments: 0..<20)
    func fair(seed: UInt64) {
        var random = SeededRandom(seed)
        let rounds: [[(Int32, WaitStatus)]] = (0..<30).map { _ in
            (0..<Int.random(in: 1...12, using: &random)).map { _ in
                let thread = Int32.random(in: 1...6, using: &random)
                return Int.random(in: 0..<8, using: &random) == 0
                    ? (thread, .exited(0)) : (thread, .stopped(.seccomp))
            }
        }
        // The same by the rule itself: of each thread the last change of the round counts.
        var expected = ["wait"]
        for round in rounds {
            for case (let thread, .exited(let code)) in round {
                expected.append("\(thread) exited(\(code))")
            }
            for (index, change) in round.enumerated() {
                guard case (let thread, .stopped) = change,
                    !round[(index + 1)...].contains(where: { $0.0 == thread })
                else { continue }
                expected.append("\(thread) seccomp")
            }
            expected.append("wait")
        }
        #expect(journal(of: rounds) == expected)
    }
}
