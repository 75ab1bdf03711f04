/// New sockets, as far as a policy tells them apart.
public struct SocketClasses: Sendable {
    /// Where protocol numbers of IP sockets begin to mean something else than those before them:
    /// in rising order from 0, as the unsigned numbers of the same bits.
    private let bounds: [UInt32]
    private let families: [AddressFamily]
    /// A family that is not told apart from others.
    private let other: AddressFamily

    /// Finds the classes of a policy.
    public init(of policy: Policy) {
        let rules = policy.allRules
        var numbers = rules.isEmpty ? [] : SocketKind.namedProtocols
        var families: [AddressFamily] = [.unix, .ipv4, .ipv6, .smc]
        for rule in rules {
            switch rule.protocol {
            case .number(let number)?: numbers.append(number)
            case .family(let family)? where !families.contains(family): families.append(family)
            default: break
            }
        }
        var bounds: [UInt32] = [0]
        for number in numbers {
            bounds.append(UInt32(bitPattern: number))
            bounds.append(UInt32(bitPattern: number) &+ 1)
        }
        bounds.sort()
        self.bounds = bounds.indices.lazy.filter { $0 == 0 || bounds[$0] != bounds[$0 - 1] }
            .map { bounds[$0] }
        self.families = families
        other =
            (0...UInt16.max).lazy.map(AddressFamily.init(rawValue:))
            .first { !families.contains($0) } ?? .unspecified
    }

    /// The first protocol number of each class that a family's sockets fall into, from 0 on, as
    /// the unsigned numbers of the same bits.
    public func protocols(of family: AddressFamily) -> [UInt32] {
        family == .ipv4 || family == .ipv6 ? bounds : [0]
    }

    /// The kind of socket that stands for this one and all others that the policy does not tell
    /// apart from it when they are made.
    public func representative(of kind: SocketKind) -> SocketKind {
        guard kind.family == .ipv4 || kind.family == .ipv6 else {
            // Types and protocols of other families are not told apart, nor most families.
            let family = families.contains(kind.family) ? kind.family : other
            return SocketKind(family: family, type: .stream)
        }
        let number = UInt32(bitPattern: kind.protocolNumber)
        var result = kind
        result.protocolNumber = Int32(bitPattern: bounds.last { $0 <= number } ?? 0)
        return result
    }
}

extension AddressFamily {
    /// `AF_SMC`, whose sockets carry TCP's traffic.
    static let smc = AddressFamily(rawValue: 43)
}

extension SocketKind {
    /// The protocols of IP sockets that rules have names for: ICMP, TCP, UDP, ICMPv6, SCTP, SMC,
    /// MPTCP.
    static let namedProtocols: [Int32] = [0, 1, 6, 17, 58, 132, 256, 262]

    /// The socket that `socket(2)` makes of its arguments, the type without its flags.
    ///
    /// `__sock_create` takes AF_INET with SOCK_PACKET for AF_PACKET before anybody is asked.
    public init(asked family: AddressFamily, _ type: SocketType, _ protocolNumber: Int32) {
        let isPacket = family == .ipv4 && type == SocketType(rawValue: 10)
        self.init(
            family: isPacket ? .packet : family, type: type, protocolNumber: protocolNumber)
    }
}
