/// A case of the decision tables: a state, calls made in it, and what they are to give.
///
/// `docs/selftest.md` explains the form in the file.
public struct SemanticsCase: Sendable {
    /// The file's name and the case's: `sockets/other-families`.
    public var name: String
    /// What the case shows, in one sentence.
    public var title: String
    /// `on` or `off`.
    var network = "off"
    /// The profiles that it holds for.
    var profiles: [String]
    /// More options of `supervise`.
    var options: [String] = []
    /// A policy file's text.
    var policy: String?
    /// The sockets that the program inherits, from number 20 on.
    var holding: [String] = []
    /// The ways into the kernel that it is run through.
    var abis: [ABI] = ABI.allCases
    /// The ways of watching and holding that it holds for.
    var ways: [Variant.Way] = Variant.Way.allCases
    /// Whether it is run without `supervise` too.
    var isRunNatively = true
    /// What the machine must have.
    var needs: [Need] = []
    /// Which decisions the log has where `events` are expected.
    var log = "denied"
    /// The events of the log, in order: what is asked of each.
    var events: [Value]?
    /// The calls.
    var steps: [Step] = []

    /// What a case may ask of the machine.
    enum Need: String, CaseIterable, Sendable {
        /// The user root, with its capabilities.
        case root
        /// A user that is not root.
        case user
        /// Root, or a kernel that shows what one thread alone has open (Linux 6.9).
        case connections
        /// Such a kernel, whoever the user is.
        case threads
    }
}

/// How the probe makes its calls.
enum ABI: String, CaseIterable, Sendable {
    case x86_64 = "x86-64"
    case i386
    /// i386, socket calls through socketcall(2).
    case socketcall
}

/// What is wrong with a file of cases: one line, with its place.
public struct CaseError: Error, Equatable, CustomStringConvertible {
    /// The line.
    public var description: String

    /// Makes an error of its line.
    init(_ description: String) {
        self.description = description
    }
}
