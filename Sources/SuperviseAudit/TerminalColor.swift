/// The colours of text for people: SGR sequences that every terminal of today knows.
enum TerminalColor: String {
    case red = "\u{1b}[31m"
    case yellow = "\u{1b}[33m"
    case dim = "\u{1b}[2m"

    /// Ends every colour.
    static let reset = "\u{1b}[0m"

    /// The colour of a result; what was allowed has none.
    init?(_ result: AuditEvent.Outcome) {
        switch result {
        case .allowed, .returned: return nil
        case .denied: self = .red
        case .wouldDeny: self = .yellow
        }
    }
}
