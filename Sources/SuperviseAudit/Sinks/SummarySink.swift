import SupervisePolicy

/// Counts what happened, for the lines at the end of a run.
///
/// Its memory is bounded whatever the traced programs do: at most `rowLimit` different rows of
/// each kind of result are kept, later ones are counted together.
public final class SummarySink: AuditSink {
    /// What of a run is told at its end.
    public enum Scope: Hashable, Sendable {
        /// What was refused, or would have been.
        case refusals
        /// What was allowed, too.
        case everything
    }

    let scope: Scope
    private let rowLimit: Int
    /// What was refused.
    private(set) var denied = SummaryTally()
    /// What would have been refused, had the policy not only watched.
    private(set) var wouldDeny = SummaryTally()
    /// What was allowed, counted where everything is told.
    private(set) var allowed = SummaryTally()
    /// Whether an X client was told EPERM for the abstract name that it tries first.
    private(set) var refusedDisplay = false
    /// The sockets that were reached of who can use the network for others, in that order.
    private(set) var helpers: [HelperUse] = []
    /// When the run began; the moment of the first event where nobody said.
    private(set) var start: Timestamp?

    /// Makes a summary of nothing yet that keeps at most so many different rows of a kind.
    public init(
        _ scope: Scope = .refusals, start: Timestamp? = nil, rowLimit: Int = 1_000
    ) {
        self.scope = scope
        self.start = start
        self.rowLimit = rowLimit
    }

    /// How many calls were refused, or would have been.
    public var count: UInt64 { denied.total + wouldDeny.total }

    /// How many different rows are kept.
    public var rowCount: Int { denied.rows.count + wouldDeny.rows.count + allowed.rows.count }

    /// Counts the event; never throws.
    public func record(_ event: AuditEvent) {
        if start == nil { start = event.time }
        switch event.result {
        case .allowed:
            guard scope == .everything, event.request?.isPlainCreation != true else { return }
            allowed.count(event, rowLimit: rowLimit)
        case .returned:
            if let error = event.errno, error != .inProgress {
                allowed.fail(event)
            } else {
                noteHelper(event)
            }
        case .denied:
            denied.count(event, rowLimit: rowLimit)
            // libxcb goes on to the path socket after ENOENT and ECONNREFUSED only.
            if event.operation == .connect, event.errno == .notPermitted,
                event.remote?.utf8.starts(with: "@/tmp/.X11-unix/".utf8) == true
            {
                refusedDisplay = true
            }
        case .wouldDeny:
            wouldDeny.count(event, rowLimit: rowLimit)
        }
    }

    /// A socket of a helper, and who reached it first.
    struct HelperUse: Hashable {
        var helper: NetworkHelper
        var endpoint: String
        var caller: [UInt8]?
    }

    private func noteHelper(_ event: AuditEvent) {
        let address: SocketAddress
        switch event.request {
        case .connect(_, let peer)?, .send(_, let peer)?: address = peer
        default: return
        }
        guard helpers.count < 16, let helper = NetworkHelper(at: address),
            !helpers.contains(where: { $0.endpoint == address.endpoint })
        else { return }
        helpers.append(
            HelperUse(helper: helper, endpoint: address.endpoint, caller: event.caller))
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

        init(_ event: AuditEvent) {
            caller = event.caller
            operation = event.operation
            protocolName = event.protocolName
            endpoint = event.endpoint
            errno = event.errno
            rule = event.rule
        }
    }

    /// What is known of the events of a row.
    struct Value {
        var count: UInt64 = 0
        /// Its place among the first appearances.
        var order: Int
        var first: Timestamp
        var last: Timestamp
        /// The name that its address was got for.
        var name: [UInt8]?
        var request: Request?
        /// Who made the first call, where that was asked for.
        var stack: CallStack?
        /// How many failed in the kernel, and how the last of them did.
        var failures: UInt64 = 0
        var failure: ErrorNumber?

        /// Whether it was a look for a helper that is not there: programs ask for name servers'
        /// caches and the like wherever they are.
        var isAbsent: Bool {
            guard failures == count, failure == .noSuchFile,
                case .connect(_, let address)? = request
            else { return false }
            return NetworkHelper(at: address) != nil
        }
    }

    private(set) var total: UInt64 = 0
    private(set) var rows: [Row: Value] = [:]
    /// The events that there was no room for.
    private(set) var others: UInt64 = 0
    /// The rules that decided; two stand for any number of them.
    private(set) var rules: Set<Reason?> = []

    mutating func count(_ event: AuditEvent, rowLimit: Int) {
        total += 1
        if rules.count < 2 { rules.insert(event.rule) }
        let row = Row(event)
        guard rows[row] != nil || rows.count < rowLimit else {
            others += 1
            return
        }
        let new = Value(
            order: rows.count, first: event.time, last: event.time, request: event.request,
            stack: event.stack)
        update(&rows[row, default: new], event)
    }

    private func update(_ value: inout Value, _ event: AuditEvent) {
        value.count += 1
        value.last = event.time
        value.name = event.name ?? value.name
    }

    /// Counts the failure of a call that was let go on.
    mutating func fail(_ event: AuditEvent) {
        var row = Row(event)
        row.errno = nil
        guard rows[row] != nil else { return }
        rows[row]?.failures += 1
        rows[row]?.failure = event.errno
    }
}

extension ErrorNumber {
    /// ENOENT.
    static let noSuchFile = ErrorNumber(rawValue: 2)
    /// EINPROGRESS: a connection that does not wait has been begun.
    static let inProgress = ErrorNumber(rawValue: 115)
}
