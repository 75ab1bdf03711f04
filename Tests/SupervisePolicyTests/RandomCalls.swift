import SupervisePolicy
import SuperviseTestSupport

extension RandomRules {
    /// A random policy of some rules.
    mutating func policy(_ count: Int) -> Policy {
        var policy = Policy(
            rules: (0..<count).map { rule(place: .option("allow", $0 + 1)) },
            network: chance(4) ? .on : .off, profile: pick(Profile.all))
        if chance(6) {
            policy.profile = .landlockTCP(
                bind: ports().ranges, connect: ports().ranges, disconnect: chance(2))
        }
        if chance(3) { policy.source.ipv4 = IPv4Address(bits: pick([0x0a00_0001, 0x7f00_0001])) }
        if chance(4) { policy.source.ipv6 = IPv6Address(high: 0x2001_0db8 << 32, low: 1) }
        return policy
    }

    mutating func kind() -> SocketKind {
        let family: AddressFamily = pick([.ipv4, .ipv6])
        return pick([
            SocketKind(family: family, type: .stream, protocolNumber: pick([0, 6, 262])),
            SocketKind(family: family, type: .datagram, protocolNumber: pick([0, 17, 1, 136])),
            SocketKind(family: family, type: pick([.raw, .stream]), protocolNumber: 132),
            SocketKind(family: .unix, type: pick([.stream, .datagram, .sequentialPacket])),
            SocketKind(
                family: AddressFamily(rawValue: pick([16, 17, 40, 43, 99])), type: .datagram),
        ])
    }

    mutating func name() -> [UInt8] {
        (0..<Int.random(in: 0...5, using: &random)).map { _ in pick(Array("ab//".utf8)) }
    }

    mutating func socketAddress() -> SocketAddress {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return .unspecified
        case 1:
            let bits: UInt32 = pick([0, 0x7f00_0001, 0x0a00_0001])
            return .unspecifiedIPv4(IPv4Address(bits: bits), port: port())
        case 2: return .unix(.path(Array("/".utf8) + name()))
        case 3: return .unix(.abstract(name()))
        case 4: return .unix(.unnamed)
        case 5: return .other(pick([.netlink, .ipv4, .unix]))
        default: break
        }
        switch address() {
        case .v4(let address) where chance(8):
            let low = 0xffff_0000_0000 | UInt64(address.bits)
            return .ipv6(IPv6Address(high: 0, low: low), port: port(), scope: 0)
        case .v4(let address): return .ipv4(address, port: port())
        case .v6(let address): return .ipv6(address, port: port(), scope: 0)
        }
    }

    mutating func socket() -> SocketState {
        if chance(8) { return .unknown }
        return .known(
            kind(), isListening: chance(6),
            local: pick([.unknown, .unbound, .bound(socketAddress())]))
    }

    mutating func request() -> Request {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .create(kind())
        case 1: .bind(socket(), socketAddress())
        case 2: .listen(socket())
        case 3, 4, 5: .connect(socket(), socketAddress())
        case 6, 7: .send(socket(), socketAddress())
        case 8: .accept(socket(), socketAddress())
        default: .trace(pick([.itself, .inTree, .outside]))
        }
    }

    /// Someone of whom some things are known.
    mutating func subject() -> Subject {
        if chance(3) { return .unknown }
        func program(_ rules: inout RandomRules) -> Subject.Program {
            Subject.Program(
                file: FileIdentity(major: 8, minor: 1, inode: 1),
                names: [Array("/".utf8) + rules.name()])
        }
        let names = ["", "name=systemd"].map { Array($0.utf8) }
        return Subject(
            program: chance(3) ? nil : program(&self),
            ancestors: chance(3) ? nil : [program(&self), program(&self)],
            cgroups: chance(3)
                ? nil : [.init(hierarchy: pick(names), path: Array("/".utf8) + name())],
            user: chance(3) ? nil : pick([0, 33, 65534]),
            groups: chance(3) ? nil : pick([[], [27], [0, 27]]))
    }
}
