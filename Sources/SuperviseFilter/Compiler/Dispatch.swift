import SupervisePolicy

/// Finds a call's decision by its architecture and number.
///
/// A call that is not judged gets ALLOW from these two alone, so that the kernel finds at
/// installation that it always will (`seccomp_is_const_allow`) and does not run the filter for it.
enum Dispatch {
    /// The decision for every call, of the judged calls' decisions.
    static func decision(
        of judged: (JudgedCall, Architecture) -> RegisterDecision
    ) -> RegisterDecision {
        func numbers(_ architecture: Architecture) -> RegisterDecision {
            let cases = architecture.table.entries.map { entry in
                let decision = judged(entry.call, architecture)
                return (
                    value: entry.number, decision: decision,
                    note: decision == .allow ? nil : entry.call.name
                )
            }
            return .select(.number, cases, else: .allow)
        }
        let noFunction = RegisterDecision.failure(.noFunction)
        return .when(
            .word(.architecture, .equals(Architecture.i386.auditValue)),
            then: numbers(.i386).named(Architecture.i386.name),
            else: .when(
                .word(.architecture, .equals(Architecture.x86_64.auditValue)),
                then: .when(
                    .word(.number, .anySet(Architecture.x32Bit), note: "x32"),
                    then: noFunction, else: numbers(.x86_64)
                ).named(Architecture.x86_64.name),
                else: noFunction))
    }
}
