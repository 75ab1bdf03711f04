import SupervisePolicy

/// Counts what was refused, for the few lines at the end of a run.
///
/// Its memory is bounded whatever the traced programs do: at most `rowLimit` different rows are
/// kept, later ones are counted together.
public final class SummarySink: AuditSink {
    private let rowLimit: Int
    /// What was refused.
    private(set) var denied = SummaryTally()
    /// What would have been refused, had the policy not only watched.
    private(set) var wouldDeny = SummaryTally()
    /// Whether an X client was told EPERM for the abstract name that it tries first.
    private(set) var refusedDisplay = false

    /// Makes a summary of nothing yet that keeps at most so many different rows.
    public init(rowLimit: Int = 1_000) {
        self.rowLimit = rowLimit
    }

    /// How many calls were refused, or would have been.
    public var count: UInt64 { denied.total + wouldDeny.total }

    /// How many different rows are kept.
    public var rowCount: Int { denied.rows.count + wouldDeny.rows.count }

    /// Counts the event where it is a refusal; never throws.
    public func record(_ event: AuditEvent) {
        let hasRoom = rowCount < rowLimit
        switch event.result {
        case .allowed, .returned:
            return
        case .denied:
            denied.count(event, hasRoom: hasRoom)
            // libxcb goes on to the path socket after ENOENT and ECONNREFUSED only.
            if event.operation == .connect, event.errno == .notPermitted,
                event.remote?.utf8.starts(with: "@/tmp/.X11-unix/".utf8) == true
            {
                refusedDisplay = true
            }
        case .wouldDeny:
            wouldDeny.count(event, hasRoom: hasRoom)
        }
    }
}

/// The count of one kind of result.
struct SummaryTally {
    /// Events that share a line of the summary.
    struct Row: Hashable {
        var caller: [UInt8]?
        var operation: SupervisePolicy.Operation
        var protocolName: String?
        var endpoint: String?
        var errno: ErrorNumber?
        var rule: Reason?
    }

    private(set) var total: UInt64 = 0
    /// The rows, and for each its count and its place among the first appearances.
    private(set) var rows: [Row: (count: UInt64, order: Int)] = [:]
    /// Who made the first call of a row, where that was asked for.
    private(set) var stacks: [Row: CallStack] = [:]
    /// The events that there was no room for.
    private(set) var others: UInt64 = 0
    /// The rules that decided; two stand for any number of them.
    private(set) var rules: Set<Reason?> = []

    mutating func count(_ event: AuditEvent, hasRoom: Bool) {
        total += 1
        if rules.count < 2 { rules.insert(event.rule) }
        let row = Row(
            caller: event.caller, operation: event.operation, protocolName: event.protocolName,
            endpoint: event.endpoint, errno: event.errno, rule: event.rule)
        if let counted = rows[row] {
            rows[row] = (count: counted.count + 1, order: counted.order)
        } else if hasRoom {
            rows[row] = (count: 1, order: rows.count)
            stacks[row] = event.stack
        } else {
            others += 1
        }
    }
}
