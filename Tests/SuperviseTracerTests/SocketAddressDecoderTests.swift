import Glibc
import SupervisePolicy
import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

@Suite("A decoded socket address")
struct SocketAddressDecoderTests {
    private func decode(_ bytes: [UInt8]) -> SocketAddress {
        SocketAddressDecoder.decode(AddressBytes(bytes))
    }

    private static func unix(_ name: String) -> [UInt8] { [1, 0] + Array(name.utf8) }

    private static let ipv4: [UInt8] =
        [2, 0, 0x1f, 0x90, 127, 0, 0, 1] + [UInt8](repeating: 0xee, count: 8)
    private static let ipv6: [UInt8] =
        [10, 0, 0, 53, 0xaa, 0xbb, 0xcc, 0xdd, 0xfe, 0x80] + [UInt8](repeating: 0, count: 13)
        + [1, 2, 0, 0, 0]

    @Test(
        "Is what the kernel reads",
        arguments: [
            ([], .unspecified), ([1], .unspecified), ([2], .unspecified),
            ([0, 0], .unspecified), ([0, 0] + ipv4.dropFirst(2).dropLast(), .unspecified),
            // What an AF_INET socket takes for AF_INET.
            (
                [0, 0] + ipv4.dropFirst(2),
                .unspecifiedIPv4(IPv4Address(bits: 0x7f00_0001), port: 8080)
            ),
            (ipv4, .ipv4(IPv4Address(bits: 0x7f00_0001), port: 8080)),
            (ipv4 + [9, 9], .ipv4(IPv4Address(bits: 0x7f00_0001), port: 8080)),
            (Array(ipv4.dropLast()), .other(.ipv4)), ([2, 0], .other(.ipv4)),
            (ipv6, .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 53, scope: 2)),
            (ipv6 + [9], .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 53, scope: 2)),
            // RFC 2133: without a scope. A part of one is none.
            (
                Array(ipv6.prefix(24)),
                .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 53, scope: 0)
            ),
            (
                Array(ipv6.prefix(27)),
                .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 53, scope: 0)
            ),
            (Array(ipv6.prefix(23)), .other(.ipv6)),
            ([1, 0], .unix(.unnamed)),
            ([1, 0, 0], .unix(.abstract([]))),
            ([1, 0, 0, 0], .unix(.abstract([0]))),
            (unix("\0a\0b"), .unix(.abstract([0x61, 0, 0x62]))),
            (unix("/x"), .unix(.path([0x2f, 0x78]))),
            (unix("/x\0garbage"), .unix(.path([0x2f, 0x78]))),
            (
                unix(String(repeating: "p", count: 108)),
                .unix(.path([UInt8](repeating: 0x70, count: 108)))
            ),
            (unix(String(repeating: "p", count: 109)), .other(.unix)),
            (unix("\0" + String(repeating: "p", count: 108)), .other(.unix)),
            ([1, 1, 0x2f], .other(AddressFamily(rawValue: 257))),
            ([16, 0, 0, 0], .other(.netlink)),
            ([0xff, 0xff], .other(AddressFamily(rawValue: 65535))),
        ] as [([UInt8], SocketAddress)])
    func table(bytes: [UInt8], address: SocketAddress) {
        #expect(decode(bytes) == address)
    }

    @Test("Is that of the C library's structures")
    func structures() {
        var random = SeededRandom(1)
        for _ in 0..<200 {
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            let port = UInt16(truncatingIfNeeded: random.next())
            let bits = UInt32(truncatingIfNeeded: random.next())
            four.sin_port = port.bigEndian
            four.sin_addr.s_addr = bits.bigEndian
            #expect(
                decode(withUnsafeBytes(of: four) { Array($0) })
                    == .ipv4(IPv4Address(bits: bits), port: port))
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            let (high, low) = (random.next(), random.next())
            six.sin6_port = port.bigEndian
            six.sin6_scope_id = bits
            six.sin6_flowinfo = .max
            withUnsafeMutableBytes(of: &six.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            #expect(
                decode(withUnsafeBytes(of: six) { Array($0) })
                    == .ipv6(IPv6Address(high: high, low: low), port: port, scope: bits))
        }
    }

    @Test("Exists for all bytes of every length, and has their family", arguments: 0...4)
    func total(seed: UInt64) {
        var random = SeededRandom(seed)
        for length in 0...AddressBytes.capacity {
            for family: UInt8? in [0, 1, 2, 10, 16, 17, nil] {
                var bytes = random.bytes(length)
                if let family, length >= 2 { bytes.replaceSubrange(0..<2, with: [family, 0]) }
                let number = length >= 2 ? UInt16(bytes[0]) | UInt16(bytes[1]) << 8 : 0
                #expect(decode(bytes).family == AddressFamily(rawValue: number))
                // What stands behind the address's end has no say.
                var longer = AddressBytes(bytes + random.bytes(128 - length))
                longer.count = length
                #expect(SocketAddressDecoder.decode(longer) == decode(bytes))
            }
        }
    }

    @Test("Has no more bytes than any call takes")
    func capacity() {
        #expect(AddressBytes([UInt8](repeating: 1, count: 200)).count == 128)
        #expect(AddressBytes([]).count == 0)
    }

    /// Binds a socket to an address; the name that the kernel then tells, or the error.
    private func bound(_ bytes: [UInt8]) -> Result<[UInt8], KernelError> {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        let result = bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        guard result == 0 else {
            return .failure(KernelError(number: ErrorNumber(rawValue: errno)))
        }
        var name = [UInt8](repeating: 0, count: 256)
        var length = socklen_t(256)
        name.withUnsafeMutableBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                _ = getsockname(descriptor, $0.baseAddress, &length)
            }
        }
        return .success(Array(name.prefix(Int(length))))
    }

    @Test("Has the AF_UNIX name that the kernel gives a socket bound to it")
    func kernelsNames() throws {
        let folder = temporaryFolder()
        let unique = "\0supervise-\(getpid())-"
        let longest = folder + "/" + String(repeating: "l", count: 107 - folder.utf8.count)
        for name in [
            folder + "/a", folder + "/b\0c", folder + "/d\0", folder + "/\u{e9} \n", longest,
            unique, unique + "a\0", unique + "a\0\0b",
            unique + String(repeating: "x", count: 108 - unique.utf8.count),
        ] {
            let given = Self.unix(name)
            let told = try bound(given).get()
            switch decode(given) {
            case .unix(.path(let path)): #expect(told == [1, 0] + path + [0])
            case .unix(.abstract(let bytes)): #expect(told == [1, 0, 0] + bytes)
            case let other: Issue.record("\(other)")
            }
        }
        // Autobind: the kernel chooses.
        #expect(decode([1, 0]) == .unix(.unnamed))
        guard case .unix(.abstract) = decode(try bound([1, 0]).get()) else {
            Issue.record("autobind gave no abstract name")
            return
        }
        for refused in [[], [1], Self.unix(unique + String(repeating: "x", count: 109))] {
            guard case .failure(let error) = bound(refused) else {
                Issue.record("the kernel takes \(refused)")
                continue
            }
            #expect(error.number == .invalidArgument)
            if case .unix = decode(refused) { Issue.record("a name in what the kernel refuses") }
        }
    }

    private static let long = String(repeating: "p", count: 107)

    @Test(
        "Is given to AF_UNIX sockets in a form that others make nothing of",
        arguments: [
            // As it is: another family's, a folder in it and no zero before byte 8.
            (ipv4, ipv4), ([1, 0], [1, 0]), (unix("/tmp/x"), unix("/tmp/x")),
            (unix("/tmp/x\0\0"), unix("/tmp/x\0\0")), (unix("abcdef/g"), unix("abcdef/g")),
            (unix("\0abcde"), unix("\0abcde")), (unix("\0ab"), unix("\0ab")),
            // Too short for others.
            (unix("/x\0\0\0\0\0\0\0\0"), unix("/x")), (unix("lo\0\0\0\0"), unix("lo")),
            (unix("abcdefghijklm\0\0\0"), unix("abcdefghijklm")),
            // No interface's name.
            (unix("abcdefghijklmn"), unix("./abcdefghijklmn")),
            (unix("abcdefghijklm/n"), unix("./abcdefghijklm/n")),
            // None.
            (unix(long), nil), (unix("\0ab\0\0\0\0\0"), nil), (unix("\0\0\0\0abcd"), nil),
            // Too long for AF_UNIX sockets, whatever it says.
            (unix("a" + long + "bc"), [1, 0] + [UInt8](repeating: 0x2f, count: 110)),
        ] as [([UInt8], [UInt8]?)])
    func forUnixAlone(bytes: [UInt8], given: [UInt8]?) {
        let result = AddressBytes(bytes).forUnixAlone
        #expect(result.map { bytes in (0..<bytes.count).map { bytes.storage[$0] } } == given)
    }

    @Test("Ends an AF_UNIX path at its first NUL, wherever that is, and keeps nothing behind it")
    func ends() {
        // 1 is what the search for zeros could take for one, behind a zero.
        for filler in [1, 0x2f, 0x80, 0xff] as [UInt8] {
            for count in 2...AddressBytes.capacity {
                let plain = [1, 0] + [UInt8](repeating: filler, count: count - 2)
                #expect(AddressBytes(plain).pathEnd == count)
                for zero in 2..<count {
                    var bytes = plain
                    bytes[zero] = 0
                    let address = AddressBytes(bytes)
                    #expect(address.pathEnd == zero)
                    if zero > 2 {
                        bytes.replaceSubrange(
                            zero..., with: [UInt8](repeating: 0, count: count - zero))
                    }
                    #expect(all(of: address.withoutTail) == bytes + unused(count))
                }
                #expect(all(of: AddressBytes(plain).withoutTail) == plain + unused(count))
            }
        }
    }

    /// What stands behind an address of `count` bytes.
    private func unused(_ count: Int) -> [UInt8] {
        Array(repeating: 0, count: AddressBytes.capacity - count)
    }

    private func all(of address: AddressBytes) -> [UInt8] {
        address.storage.indices.map { address.storage[$0] }
    }
}
