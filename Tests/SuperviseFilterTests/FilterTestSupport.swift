import SuperviseFilter
import SupervisePolicy
import Synchronization
import Testing

/// How a filter is compiled in a test.
struct Setup: Hashable, CustomTestStringConvertible {
    var policy = Policy()
    var mode = FilterCompiler.Mode.enforce
    var watching = FilterCompiler.Watching.nothing
    var page: AddressWindow?
    var guarding = FilterCompiler.PageGuard.sealed
    var tracesOwnFilters = false
    var tracesHiding = false
    var tracesNames = false
    var limits = FilterCompiler.Limits.none

    func compile() throws -> Program? {
        try FilterCompiler(
            policy: policy, mode: mode, watching: watching, page: page, guarding: guarding,
            tracesOwnFilters: tracesOwnFilters, tracesHiding: tracesHiding,
            tracesNames: tracesNames, limits: limits
        ).compile()
    }

    /// The filter's answer to a call.
    func answer(
        _ call: JudgedCall, _ architecture: Architecture, _ arguments: [UInt64] = []
    ) throws -> SeccompAction {
        let known = Self.programs.withLock { $0[self] }
        let program = try #require(try known ?? compile())
        if known == nil { Self.programs.withLock { $0[self] = program } }
        let number = try #require(architecture.table.number(of: call))
        return Interpreter.run(
            program,
            on: SeccompData(
                number: number, architecture: architecture.auditValue, arguments: arguments))
    }

    var testDescription: String {
        "network \(policy.network), \(mode), watching \(watching)"
            + (page.map { ", page \($0), \(guarding)" } ?? "")
            + (tracesOwnFilters ? ", own filters traced" : "")
            + (tracesHiding ? ", hiding traced" : "")
            + (limits == .none ? "" : ", limits \(limits)")
    }

    /// Every mode and every wish of a log, for a policy that restricts and one that does not.
    static let all: [Setup] = NetworkSwitch.allCases.flatMap { network in
        FilterCompiler.Mode.allCases.flatMap { mode in
            FilterCompiler.Watching.allCases.map { watching in
                Setup(
                    policy: Policy(network: network, refusal: ErrorNumber(rawValue: 13)),
                    mode: mode, watching: watching)
            }
        }
    }

    /// The programs that tests have asked for: compiling takes far longer than an answer.
    private static let programs = Mutex<[Setup: Program]>([:])

    /// Those that give a filter.
    static let filtering = all.filter { $0.policy.restricts || $0.watching == .everything }
}

extension SeccompAction {
    static let stop = SeccompAction.trace(0x5356)
    static let notPermitted = SeccompAction.errno(1)
    static let invalid = SeccompAction.errno(22)
    static let noFunction = SeccompAction.errno(38)
    static let noFamily = SeccompAction.errno(97)
}
