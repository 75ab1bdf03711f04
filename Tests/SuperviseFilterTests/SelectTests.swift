import Testing

@testable import SuperviseFilter

@Suite("Choosing by a word's value")
struct SelectTests {
    private func evaluate(_ decision: RegisterDecision, _ value: UInt32) -> SeccompAction? {
        switch decision {
        case .answer(let action): action
        case .named(_, let inner): evaluate(inner, value)
        case .ask(.word(_, let condition, _), let then, let otherwise):
            switch condition {
            case .equals(let k): evaluate(value == k ? then : otherwise, value)
            case .atLeast(let k): evaluate(value >= k ? then : otherwise, value)
            default: nil
            }
        case .ask: nil
        }
    }

    private func depth(_ decision: RegisterDecision) -> Int {
        if case .ask(_, let then, let otherwise) = decision {
            1 + max(depth(then), depth(otherwise))
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
            let runs = starts.sorted().map { start in
                RegisterDecision.Run(
                    first: start, decision: .answer(.errno(.random(in: 1..<4, using: &random))))
            }
            let decision = RegisterDecision.select(.number, runs)
            for value in Array(0...61) + [UInt32.max - 1, .max] {
                let expected = runs.last { $0.first <= value }?.decision
                #expect(evaluate(decision, value).map { .answer($0) } == expected)
            }
        }
    }

    @Test("Single values among others are told apart, up to the greatest")
    func cases() {
        let decision = RegisterDecision.select(
            .number, [(.max, .answer(.log), nil), (0, .trace, nil), (1, .answer(.log), nil)],
            else: .allow)
        let values: [UInt32] = [0, 1, 2, .max - 1, .max]
        #expect(
            values.map { evaluate(decision, $0) }
                == [.trace(0x5356), .log, .allow, .allow, .log])
    }

    @Test("Many values are searched by halves")
    func logarithmic() {
        let cases = (0..<64).map { (UInt32($0) * 10, RegisterDecision.trace, String?.none) }
        #expect(depth(.select(.number, cases, else: .allow)) <= 9)
    }

    @Test("One value among equals is one comparison, and equals are none")
    func compact() {
        #expect(
            RegisterDecision.select(.number, [(7, .trace, "seven")], else: .allow)
                == .ask(
                    .word(.number, .equals(7), note: "seven"), then: .trace, else: .allow))
        #expect(RegisterDecision.select(.number, [(7, .allow, nil)], else: .allow) == .allow)
    }
}
