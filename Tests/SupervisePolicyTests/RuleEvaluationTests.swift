import SupervisePolicy
import Testing

extension SocketAddress {
    /// An IPv4 address with a port.
    static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ port: UInt16)
        -> SocketAddress
    {
        .ipv4(IPv4Address(bits: a << 24 | b << 16 | c << 8 | d), port: port)
    }
}

extension Endpoint {
    /// A network and the ports there.
    static func net(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ length: Int,
        _ ports: ClosedRange<UInt16>? = nil
    ) -> Endpoint {
        let address = IPAddress.v4(IPv4Address(bits: a << 24 | b << 16 | c << 8 | d))
        return .internet(
            .prefix(IPPrefix(address, length: length)), ports.map { PortList([$0]) })
    }
}

@Suite("Rules")
struct RuleEvaluationTests {
    private let web = Rule(
        .allow, .outgoing, .tcp, .net(10, 0, 0, 0, 8, 443...443), place: .option("allow", 1))

    @Test("The first that matches decides, and says where it stands")
    func firstDecides() {
        let refusal = Rule(
            .deny(ErrorNumber(rawValue: 13)), .connect, .tcp, .net(10, 1, 0, 0, 16),
            place: .file("policy.toml", 3))
        let policy = Policy(rules: [refusal, web])
        #expect(
            policy.decide(.connect(.tcp, .v4(10, 1, 2, 3, 443)))
                == Decision(
                    .deny(ErrorNumber(rawValue: 13)),
                    Reason(
                        text: "deny(EACCES) connect tcp 10.1.0.0/16", place: "policy.toml rules[3]"),
                    rule: 0))
        #expect(
            policy.decide(.connect(.tcp, .v4(10, 2, 2, 3, 443)))
                == Decision(
                    .allow,
                    Reason(text: "allow outgoing tcp 10.0.0.0/8:443", place: "--allow 1"), rule: 1))
        #expect(
            policy.decide(.connect(.tcp, .v4(10, 2, 2, 3, 80)))
                == Decision(.deny(.notPermitted), Reason(text: "network off", place: "profile")))
        #expect(policy.decide(.create(.tcp)).verdict == .allow)
        #expect(policy.decide(.create(.udp6)).verdict == .deny(.notPermitted))
    }
}
