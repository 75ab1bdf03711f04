import CSupervise
import SuperviseFilter
import SupervisePolicy
import SystemPackage

extension Judge {
    /// Sees to it that a socket hears nothing from peers that the rules on `accept` refuse.
    ///
    /// Before the socket gets a port, a filter is attached to it that the program cannot take off.
    /// One that was attached for another program, for which the rules differ, makes the socket
    /// useless for this one.
    ///
    /// - Returns: The error that the call fails with, nil where it goes on.
    func refusePeers(of descriptor: Int32, _ kind: SocketKind?, _ caller: Caller) -> ErrorNumber? {
        guard refusesPeers, !recorder.isAuditing, let kind,
            kind.family == .ipv4 || kind.family == .ipv6
        else { return nil }
        let missing = subjectNeeds.subtracting(inquiry.asked)
        if !missing.isEmpty {
            subjects.read(missing, into: &inquiry.subject, of: caller)
            inquiry.asked.formUnion(missing)
        }
        guard let filter = PeerFilter(policy: policy, kind: kind, subject: inquiry.subject) else {
            return nil
        }
        // MPTCP and SCTP receive by sockets of their own behind this one.
        let isPlain = kind.protocolName == "tcp" || kind.type == .datagram || kind.type == .raw
        guard isPlain, filter.instructions.count <= PeerFilter.limit,
            let copy = sockets.copyOrShown(of: descriptor, slot: caller.slot)
        else { return policy.refusal }
        defer { copy.close() }
        let instructions = filter.instructions
        let error = unsafe instructions.withUnsafeBytes {
            // Instruction has the layout of struct sock_filter.
            unsafe csupervise_filter_packets(copy.rawValue, $0.baseAddress, instructions.count)
        }
        return error == 0 ? nil : policy.refusal
    }
}
