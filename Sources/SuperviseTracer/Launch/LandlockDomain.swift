import CSupervise
public import SupervisePolicy
import SystemPackage

/// A Landlock domain for the tree: the kernel's own wall around it, behind the filter.
///
/// What it is entered for is a rule of every domain: a process in one cannot trace a process outside
/// of it, nor open its `/proc/PID/mem`, take its descriptors or write its memory, though both be
/// root's. A domain has to take something away for that, and it must be nothing that the policy
/// allows. So it takes only what the policy refuses anyway, and refuses first, with its own error:
/// the calls are judged in the filter or by the tracer before Landlock hears of them.
///
/// No access to files is taken, since that would forbid `mount(2)` (and did so in every domain
/// before Linux 6.7, whose ABI 4 is the first that can be used here), and no signals, which programs
/// would notice.
public struct LandlockDomain: Hashable, Sendable {
    /// What is taken away.
    public struct Access: OptionSet, Hashable, Sendable {
        /// One bit for each.
        public let rawValue: UInt8

        /// Makes a set of its bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// `bind` and `connect` of TCP sockets (ABI 4, Linux 6.7).
        public static let tcpPorts = Access(rawValue: 1)
        /// Abstract AF_UNIX names of processes outside of the domain (ABI 6, Linux 6.12).
        public static let abstractNames = Access(rawValue: 2)
    }

    /// The first ABI that has anything to take which the policy refuses.
    public static let firstABI: Int32 = 4

    /// What is taken away; never empty, which the kernel refuses (ENOMSG).
    public let taken: Access

    /// The domain of a policy that is enforced.
    ///
    /// nil where there is nothing to take that the policy refuses: some TCP call and some abstract
    /// name could be allowed, or the kernel's Landlock is older than ABI 4.
    ///
    /// - Parameters:
    ///   - policy: What the tree may do.
    ///   - abi: The version of Landlock, 0 for none.
    public init?(policy: Policy, abi: Int32) {
        guard policy.restricts, abi >= Self.firstABI else { return nil }
        var taken: Access = []
        if !policy.couldAllow([.bind, .connect, .send], .tcp) { taken.insert(.tcpPorts) }
        // The scope lets paths, sockets that are connected already, and names of the domain's own
        // pass; only what `connect` and a datagram's destination could name otherwise is refused.
        if abi >= 6, !policy.couldAllow([.connect, .send], .abstract) {
            taken.insert(.abstractNames)
        }
        if taken.isEmpty { return nil }
        self.taken = taken
    }

    /// The version of Landlock that the kernel offers; 0 where it has none.
    public static var kernelABI: Int32 { csupervise_landlock_abi() }

    /// Puts the calling thread, and all that comes of it, into a new domain.
    func enter() throws(Errno) {
        let (network, scoped) = attributes
        try check(csupervise_landlock_enter(network, scoped))
    }

    /// What is taken away, as `struct landlock_ruleset_attr` has it.
    var attributes: (network: UInt64, scoped: UInt64) {
        let ports = CSUPERVISE_LANDLOCK_BIND_TCP | CSUPERVISE_LANDLOCK_CONNECT_TCP
        let names = CSUPERVISE_LANDLOCK_ABSTRACT_NAMES
        return (
            taken.contains(.tcpPorts) ? UInt64(ports) : 0,
            taken.contains(.abstractNames) ? UInt64(names) : 0
        )
    }
}
