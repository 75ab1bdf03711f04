public import SupervisePolicy

/// Compiles the rules on `accept` to a filter for a socket's own packets.
///
/// Attached to a listening socket it drops the packets that would open a connection, to a datagram
/// socket those that it would receive, by the peer's address and the local port: the program never
/// hears of them, and no packet costs a stop.
public struct PeerFilter: Hashable, Sendable {
    /// The program, in the form of ``Instruction`` but with loads of packet data.
    public let instructions: [Instruction]

    /// The most instructions that the kernel takes (`BPF_MAXINSNS`).
    public static let limit = 4096

    /// The filter for sockets of a kind that somebody uses.
    ///
    /// nil where no packet would be dropped.
    public init?(policy: Policy, kind: SocketKind, subject: Subject) {
        let steps = policy.allRules.compactMap { Step($0, kind, subject) }
        guard steps.contains(where: { !$0.passes }) else { return nil }
        let short = steps.flatMap { $0.blocks(isIPv4: true) } + [Self.result(passes: true)]
        let long = steps.flatMap { $0.blocks(isIPv4: false) } + [Self.result(passes: true)]
        instructions =
            [
                Instruction(code: 0x30, k: Self.network),
                Instruction(.shiftRight, 4),
                // The network header's version; a jump reaches farther than a branch.
                Instruction(.jumpIfEqual, 6, jt: 0, jf: 1),
                Instruction(.jump, UInt32(short.count)),
            ] + short + long
    }

    /// Whether a socket of this kind needs a filter from its first moment, whoever uses it.
    ///
    /// A raw socket hears of everybody then, and a datagram socket gets a port by calls that are not
    /// judged. A stream socket hears of nobody before `listen(2)`.
    public static func guardsNew(_ kind: SocketKind, under policy: Policy) -> Bool {
        guard kind.family == .ipv4 || kind.family == .ipv6,
            kind.type == .datagram || kind.type == .raw
        else { return false }
        return policy.allRules.contains {
            $0.action != .allow && Step($0, kind, .unknown) != nil
        }
    }

    /// `SKF_NET_OFF`: the packet's network header.
    fileprivate static let network: UInt32 = 0xfff0_0000

    fileprivate static func result(passes: Bool) -> Instruction {
        Instruction(.returnConstant, passes ? .max : 0)
    }
}

/// A rule on `accept`, as far as a packet is concerned.
private struct Step {
    let passes: Bool
    let prefixes: [IPPrefix]
    /// nil: every port.
    let ports: [ClosedRange<UInt16>]?

    /// nil where the rule says nothing about the packets of such a socket.
    init?(_ rule: Rule, _ kind: SocketKind, _ subject: Subject) {
        guard rule.operations.contains(.accept),
            rule.protocol.map({ $0.isSpoken(by: kind) }) ?? true
        else { return nil }
        passes = rule.action == .allow
        // What cannot be told of the process counts as what would be refused.
        let holds = rule.qualifiers.map { $0.holds(of: subject) }
        guard holds.allSatisfy({ $0 ?? !(rule.action == .allow) }) else { return nil }
        switch rule.endpoint {
        case nil:
            (prefixes, ports) = (Host.any.prefixes, nil)
        case .internet(let host, let list)?:
            prefixes = host.prefixes
            let hasPorts = kind.type == .stream || kind.protocolName == "udp"
            if list != nil, !hasPorts { return nil }
            ports = list?.ranges
        default:
            return nil
        }
    }

    /// For each prefix and each range of ports a comparison that ends the filter where it holds.
    func blocks(isIPv4: Bool) -> [Instruction] {
        prefixes.flatMap { prefix -> [Instruction] in
            var words: [(offset: UInt32, mask: UInt32, value: UInt32)] = []
            switch (prefix.address, isIPv4) {
            case (.v4(let address), true):
                words = [(12, Self.mask(prefix.length), address.bits)]
            case (.v6(let address), false):
                let values = [address.high >> 32, address.high, address.low >> 32, address.low]
                for (index, value) in values.enumerated() {
                    words.append(
                        (
                            UInt32(8 + 4 * index), Self.mask(prefix.length - 32 * index),
                            UInt32(truncatingIfNeeded: value)
                        ))
                }
            default: return []
            }
            return (ports.map { $0.map { $0 } } ?? [nil]).flatMap { block(words, $0) }
        }
    }

    private func block(
        _ words: [(offset: UInt32, mask: UInt32, value: UInt32)], _ ports: ClosedRange<UInt16>?
    ) -> [Instruction] {
        var rest = [PeerFilter.result(passes: passes)]
        // Built from its end: a comparison that fails goes on behind the block.
        func skip(_ opcode: Opcode, _ value: UInt32, ifHolds: Bool = false) {
            let count = UInt8(truncatingIfNeeded: rest.count)
            rest.insert(
                Instruction(opcode, value, jt: ifHolds ? count : 0, jf: ifHolds ? 0 : count), at: 0)
        }
        if let ports {
            skip(.jumpIfAbove, UInt32(ports.upperBound), ifHolds: true)
            skip(.jumpIfAtLeast, UInt32(ports.lowerBound))
            // The destination port, where the transport header begins.
            rest.insert(Instruction(code: 0x28, k: 2), at: 0)
        }
        for word in words.reversed() where word.mask != 0 {
            skip(.jumpIfEqual, word.value)
            if word.mask != .max { rest.insert(Instruction(.and, word.mask), at: 0) }
            rest.insert(Instruction(code: 0x20, k: PeerFilter.network + word.offset), at: 0)
        }
        return rest
    }

    /// So many leading bits of a word.
    private static func mask(_ length: Int) -> UInt32 {
        length <= 0 ? 0 : length >= 32 ? .max : ~(.max >> UInt32(length))
    }
}
