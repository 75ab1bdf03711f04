import SupervisePolicy
import Testing

@testable import SuperviseFilter

@Suite("Choosing by a word's value")
struct SelectTests {
    private typealias Run = DecisionGraph.Run

    private func evaluate(
        _ decision: RegisterDecision, in graph: DecisionGraph, _ value: UInt32
    ) -> SeccompAction? {
        switch graph[decision] {
        case .answer(let action): action
        case .ask(.word(_, let condition, _), let then, let otherwise):
            switch condition {
            case .equals(let k): evaluate(value == k ? then : otherwise, in: graph, value)
            case .atLeast(let k): evaluate(value >= k ? then : otherwise, in: graph, value)
            default: nil
            }
        case .ask: nil
        }
    }

    private func depth(_ decision: RegisterDecision, in graph: DecisionGraph) -> Int {
        if case .ask(_, let then, let otherwise) = graph[decision] {
            1 + max(depth(then, in: graph), depth(otherwise, in: graph))
        } else {
            0
        }
    }

    @Test("Every value gets the decision of its run", arguments: 0..<10)
    func everyValue(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var starts: Set<UInt32> = [0]
            for _ in 0..<Int.random(in: 0..<30, using: &random) {
                starts.insert(.random(in: 0..<60, using: &random))
            }
            if Bool.random(using: &random) { starts.insert(.max) }
            var graph = DecisionGraph()
            let runs = starts.sorted().map { start in
                Run(
                    first: start,
                    decision: graph.answer(.errno(.random(in: 1..<4, using: &random))))
            }
            let decision = graph.select(.number, runs)
            for value in Array(0...61) + [UInt32.max - 1, .max] {
                let expected = runs.last { $0.first <= value }.map { graph[$0.decision] }
                #expect(
                    evaluate(decision, in: graph, value).map { .answer($0) } == expected)
            }
        }
    }

    @Test("Single values among others are told apart, up to the greatest")
    func cases() {
        var graph = DecisionGraph()
        let log = graph.answer(.log)
        let decision = graph.select(
            .number,
            values: [
                Run(first: .max, decision: log), Run(first: 0, decision: .trace),
                Run(first: 1, decision: log),
            ], else: .allow)
        let values: [UInt32] = [0, 1, 2, .max - 1, .max]
        #expect(
            values.map { evaluate(decision, in: graph, $0) }
                == [.trace(0x5356), .log, .allow, .allow, .log])
    }

    @Test("Many values are searched by halves")
    func logarithmic() {
        var graph = DecisionGraph()
        let values = (0..<64).map { Run(first: UInt32($0) * 10, decision: .trace) }
        #expect(depth(graph.select(.number, values: values, else: .allow), in: graph) <= 9)
    }

    @Test("One value among equals is one comparison, and equals are none")
    func compact() {
        var graph = DecisionGraph()
        let meaning = Meaning(.constant(.x32))
        let one = graph.select(
            .number, values: [Run(first: 7, decision: .trace, meaning: meaning)], else: .allow)
        #expect(
            graph[one]
                == .ask(
                    .word(.number, .equals(7), note: Note(.x32)), then: .trace, else: .allow))
        let none = graph.select(
            .number, values: [Run(first: 7, decision: .allow)], else: .allow)
        #expect(none == .allow)
    }
}

@Suite("A graph holds each decision once")
struct DecisionGraphTests {
    @Test("The answers that are known by number are what they are called")
    func known() {
        var graph = DecisionGraph()
        #expect(graph[.allow] == .answer(.allow))
        #expect(graph[.trace] == .answer(.stop))
        #expect(graph[.refuse] == .answer(.notPermitted))
        #expect(graph.failure(.notPermitted) == .refuse)
    }

    @Test("What is put in twice is found again, among many others")
    func shared() {
        func fill(_ graph: inout DecisionGraph) -> [RegisterDecision] {
            var decisions: [RegisterDecision] = []
            var last = RegisterDecision.allow
            for value in UInt32(0)..<1000 {
                last = graph.when(.word(.number, .equals(value % 100)), then: .trace, else: last)
                decisions.append(last)
            }
            return decisions
        }
        var graph = DecisionGraph()
        let first = fill(&graph)
        let count = graph.nodes.count
        #expect(count == 3 + 1000)
        #expect(fill(&graph) == first)
        #expect(graph.nodes.count == count)
    }

    @Test("A note makes a question another one, a name does not, and the first name stays")
    func names() {
        var graph = DecisionGraph()
        let question = Question.word(.number, .equals(1))
        let plain = graph.when(question, then: .trace, else: .allow)
        let noted = graph.when(
            .word(.number, .equals(1), note: Note(.x32)), then: .trace, else: .allow)
        #expect(plain != noted)
        #expect(graph.named("one", plain) == graph.named("two", plain))
        #expect(graph.name(of: plain) == "one")
        #expect(graph.when(question, then: plain, else: plain) == plain)
    }
}
