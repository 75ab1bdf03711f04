import Glibc
import SupervisePolicy
import Testing

@Suite("Names in rules and logs")
struct NamesTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "An address is shown as an endpoint",
        arguments: [
            (.unspecified, "unspec"),
            (.localhost, "127.0.0.1:80"),
            (.ipv4(IPv4Address(bits: 0), port: 0), "0.0.0.0:0"),
            (.ipv4(IPv4Address(bits: .max), port: 65535), "255.255.255.255:65535"),
            (.localhost6, "[::1]:80"),
            (.ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 53, scope: 2), "[fe80::1%2]:53"),
            (
                .ipv6(IPv6Address(high: 0, low: 0xffff_7f00_0001), port: 1, scope: 0),
                "[::ffff:127.0.0.1]:1"
            ),
            (.unix(.path(bytes("/run/x"))), "/run/x"),
            (.unix(.path(bytes("/tmp/a b\n"))), #"/tmp/a b\x0a"#),
            (.unix(.path([0x2f, 0xff])), #"/\xff"#),
            (.unix(.abstract(bytes("/tmp/.X11-unix/X0"))), "@/tmp/.X11-unix/X0"),
            (.unix(.abstract([0, 0x61, 0])), #"@\x00a\x00"#),
            (.unix(.abstract([])), "@"),
            (.unix(.unnamed), "autobind"),
            (.other(.netlink), "netlink"),
            (.other(.unix), "unix"),
            (.other(AddressFamily(rawValue: 999)), "family-999"),
        ] as [(SocketAddress, String)])
    func endpoints(address: SocketAddress, text: String) {
        #expect(address.endpoint == text)
    }

    @Test(
        "A relative path passes for nothing else",
        arguments: [
            ("x", "./x"), ("@x", "./@x"), ("autobind", "./autobind"), ("unspec", "./unspec"),
            ("127.0.0.1:80", "./127.0.0.1:80"), (".hidden", "./.hidden"), ("./x", "./x"),
            ("../x", "../x"), ("..x", "./..x"), (".", "./."),
        ])
    func relativePaths(path: String, text: String) {
        #expect(SocketAddress.unix(.path(Self.bytes(path))).endpoint == text)
    }

    @Test(
        "An address has its family",
        arguments: [
            (.unspecified, .unspecified), (.localhost, .ipv4), (.localhost6, .ipv6),
            (.path, .unix), (.abstract, .unix), (.autobind, .unix), (.other(.vsock), .vsock),
        ] as [(SocketAddress, AddressFamily)])
    func families(address: SocketAddress, family: AddressFamily) {
        #expect(address.family == family)
    }

    @Test("Every family has a name of its own, known or by number")
    func familyNames() {
        let names = (UInt16.min...UInt16.max).map { AddressFamily(rawValue: $0).name }
        #expect(Set(names).count == names.count)
        let known = """
            unspec unix ipv4 ax25 ipx appletalk netrom family-7 family-8 x25 ipv6 rose family-12 \
            family-13 family-14 key netlink packet family-18 family-19 atmsvc rds family-22 \
            family-23 pppox family-25 llc ib mpls can tipc bluetooth family-32 rxrpc family-34 \
            phonet ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp
            """
        let limit = Int(AddressFamily.limit)
        #expect(names.prefix(limit).joined(separator: " ") == known)
        #expect(names.dropFirst(limit).allSatisfy { $0.hasPrefix("family-") })
    }

    @Test(
        "A family's number is that of the system's headers",
        arguments: [
            (.unspecified, AF_UNSPEC), (.unix, AF_UNIX), (.ipv4, AF_INET), (.ipv6, AF_INET6),
            (.netlink, AF_NETLINK), (.packet, AF_PACKET), (.vsock, AF_VSOCK),
        ] as [(AddressFamily, Int32)])
    func familyNumbers(family: AddressFamily, number: Int32) {
        #expect(Int32(family.rawValue) == number)
    }

    @Test(
        "A socket has its protocol's name",
        arguments: [
            (.ipv4, .stream, 0, "tcp"), (.ipv6, .stream, 6, "tcp"), (.ipv4, .stream, 262, "mptcp"),
            (.ipv4, .datagram, 0, "udp"), (.ipv6, .datagram, 17, "udp"),
            (.ipv4, .datagram, 1, "icmp"), (.ipv6, .datagram, 58, "icmp"),
            (.ipv4, .datagram, 136, "protocol-136"), (.ipv4, .stream, 132, "sctp"),
            (.ipv6, .sequentialPacket, 132, "sctp"), (.ipv4, .sequentialPacket, 0, "sctp"),
            (.ipv4, .raw, 1, "raw"), (.ipv4, .raw, 132, "raw"), (.ipv6, .raw, 255, "raw"),
            (.ipv4, SocketType(rawValue: 10), 768, "protocol-768"),
            (.ipv4, .stream, -1, "protocol--1"),
            (.unix, .stream, 0, "unix"), (.netlink, .raw, 0, "netlink"),
            (.packet, .datagram, 8, "packet"), (.vsock, .stream, 0, "vsock"),
            (.unspecified, .stream, 0, "unspec"),
        ] as [(AddressFamily, SocketType, Int32, String)])
    func protocols(family: AddressFamily, type: SocketType, number: Int32, name: String) {
        #expect(
            SocketKind(family: family, type: type, protocolNumber: number).protocolName == name)
    }

    @Test("A profile is found by its name, and by nothing else")
    func profiles() {
        #expect(
            Profile.all.map(\.name)
                == [
                    "rlimit-network", "prctl-network", "prctl-network-lsm", "landlock-tcp",
                    "source-address",
                ])
        for profile in Profile.all { #expect(Profile.named(profile.name) == profile) }
        for name in ["", "rlimit", "RLIMIT-NETWORK", "prctl-network ", "landlock"] {
            #expect(Profile.named(name) == nil, "\(name)")
        }
        #expect(Set(Profile.all).count == Profile.all.count)
    }
}
