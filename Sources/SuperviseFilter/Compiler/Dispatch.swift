import SupervisePolicy

/// Finds a call's decision by its architecture and number.
///
/// A call that is not judged gets ALLOW from these two alone, so that the kernel finds at
/// installation that it always will (`seccomp_is_const_allow`) and does not run the filter for it.
struct Dispatch {
    /// The judged calls' decisions.
    var evaluation: PartialEvaluation

    /// The decision for every call.
    mutating func decision() -> RegisterDecision {
        let i386 = numbers(.i386)
        let x86_64 = numbers(.x86_64)
        // Where nothing is judged, they pass as all else does.
        let noFunction =
            evaluation.judges ? evaluation.graph.failure(.noFunction) : RegisterDecision.allow
        let native = evaluation.graph.when(
            .word(.number, .anySet(Architecture.x32Bit), note: Note(.x32)),
            then: noFunction, else: x86_64)
        let others = evaluation.graph.when(
            .word(.architecture, .equals(Architecture.x86_64.auditValue)),
            then: evaluation.graph.named(Architecture.x86_64.name, native), else: noFunction)
        let all = evaluation.graph.when(
            .word(.architecture, .equals(Architecture.i386.auditValue)),
            then: evaluation.graph.named(Architecture.i386.name, i386), else: others)
        return evaluation.graph.named("start", all)
    }

    /// The decision by a call's number.
    private mutating func numbers(_ architecture: Architecture) -> RegisterDecision {
        var runs: [DecisionGraph.Run] = []
        for entry in architecture.table.entries {
            let decision = evaluation.decision(for: entry.call, in: architecture)
            runs.append(
                DecisionGraph.Run(
                    first: entry.number, decision: decision, meaning: Meaning(.call(entry.call))))
        }
        return evaluation.graph.select(.number, values: runs, else: .allow)
    }
}
