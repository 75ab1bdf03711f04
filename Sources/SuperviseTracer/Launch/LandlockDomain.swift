import CSupervise
public import SupervisePolicy
import SystemPackage

/// A Landlock domain for the tree: the kernel's own wall around it, behind the filter.
///
/// What it is entered for is a rule of every domain: a process in one cannot trace a process outside
/// of it, nor open its `/proc/PID/mem`, take its descriptors or write its memory, though both be
/// root's. A domain has to take something away for that, and it must be nothing that the policy
/// allows. So it takes only what the policy refuses anyway, and refuses first, with its own error:
/// the calls are judged in the filter or by the tracer before Landlock hears of them. Where the policy
/// refuses nothing that a domain could take as a whole, the domain takes `bind`, and gives back the ports
/// that the policy may allow, one by one; all of them, if need be.
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

        /// `bind` of TCP sockets (ABI 4, Linux 6.7; and of SCTP's streams, before that was mended).
        public static let binding = Access(rawValue: 1)
        /// `connect` of the same.
        public static let connecting = Access(rawValue: 2)
        /// Abstract AF_UNIX names of processes outside of the domain (ABI 6, Linux 6.12).
        public static let abstractNames = Access(rawValue: 4)
    }

    /// The first ABI that has anything to take which the policy refuses.
    public static let firstABI: Int32 = 4

    /// What is taken away; never empty, which the kernel refuses (ENOMSG).
    public let taken: Access

    /// The ports that may be bound, where binding is all that is taken.
    ///
    /// Each costs a microsecond at the start, and 100 bytes of the kernel's memory.
    public let left: PortList

    /// The domain of a policy that is enforced.
    ///
    /// nil where nothing is refused, or the kernel's Landlock is older than ABI 4.
    ///
    /// - Parameters:
    ///   - policy: What the tree may do.
    ///   - abi: The version of Landlock, 0 for none.
    public init?(policy: Policy, abi: Int32) {
        guard policy.restricts, abi >= Self.firstABI else { return nil }
        let bound = policy.portsThatCouldBeAllowed(.bind)
        var taken: Access = []
        if bound.ranges.isEmpty { taken.insert(.binding) }
        if policy.portsThatCouldBeAllowed([.connect, .send]).ranges.isEmpty {
            taken.insert(.connecting)
        }
        // The scope lets paths, sockets that are connected already, and names of the domain's own
        // pass; only what `connect` and a datagram's destination could name otherwise is refused.
        if abi >= 6, !policy.couldAllow([.connect, .send], .abstract) {
            taken.insert(.abstractNames)
        }
        if taken.isEmpty {
            // Not connecting: Landlock looks at an address before the socket does, at the one of two
            // bytes too by which a connection is waited for.
            self.taken = .binding
            left = bound
        } else {
            self.taken = taken
            left = PortList([])
        }
    }

    /// The version of Landlock that the kernel offers; 0 where it has none.
    public static var kernelABI: Int32 { csupervise_landlock_abi() }

    /// Puts the calling thread, and all that comes of it, into a new domain.
    func enter() throws(Errno) {
        let (network, scoped) = attributes
        let ports = left.ranges.map {
            csupervise_ports(first: $0.lowerBound, last: $0.upperBound)
        }
        try check(
            unsafe csupervise_landlock_enter(network, scoped, ports, ports.count))
    }

    /// What is taken away, as `struct landlock_ruleset_attr` has it.
    var attributes: (network: UInt64, scoped: UInt64) {
        var network = 0
        if taken.contains(.binding) { network |= CSUPERVISE_LANDLOCK_BIND_TCP }
        if taken.contains(.connecting) { network |= CSUPERVISE_LANDLOCK_CONNECT_TCP }
        let names = CSUPERVISE_LANDLOCK_ABSTRACT_NAMES
        return (UInt64(network), taken.contains(.abstractNames) ? UInt64(names) : 0)
    }
}
