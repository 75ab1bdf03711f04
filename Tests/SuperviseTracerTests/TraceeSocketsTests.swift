import CSupervise
import Glibc
import SupervisePolicy
import Testing

@testable import SuperviseTracer

@Suite("A tracee's descriptor")
struct TraceeSocketsTests {
    private let specimen: Specimen
    private let tree: ProcessTree
    private let sockets: TraceeSockets
    private let slot: Int

    init() throws {
        specimen = try Specimen()
        tree = try #require(ProcessTree())
        slot = tree.addRoot(specimen.thread)
        sockets = TraceeSockets(tree: tree)
    }

    private static func kind(
        _ family: AddressFamily, _ type: SocketType, _ number: Int32
    ) -> SocketKind {
        SocketKind(family: family, type: type, protocolNumber: number)
    }

    @Test(
        "Is closed without waiting for a socket that lingers in its queue", .timeLimit(.minutes(1)))
    func lingering() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try withUnsafeMutablePointer(to: &name) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(listener, $0, size) == 0 && listen(listener, 1) == 0)
                try #require(getsockname(listener, $0, &size) == 0)
                try #require(connect(client, $0, size) == 0)
            }
        }
        let peer = accept(listener, nil, nil)
        defer { [listener, peer].forEach { close($0) } }
        var forAnHour = Glibc.linger(l_onoff: 1, l_linger: 3600)
        setsockopt(
            client, SOL_SOCKET, SO_LINGER, &forAnHour,
            socklen_t(MemoryLayout.size(ofValue: forAnHour)))
        let bytes = [UInt8](repeating: 0, count: 1 << 20)
        while send(client, bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
        let holder = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(csupervise_queue_descriptor(holder, client) == 0)
        close(client)
        // The first is refused, as the page would be: it is not new.
        #expect(csupervise_queue_descriptor(holder, peer) == EPROTOTYPE)
        Descriptor(rawValue: holder).closeCopy()
        // Only now what it waits for.
        var read = [UInt8](repeating: 0, count: 1 << 20)
        while recv(peer, &read, read.count, 0) > 0 {}
    }

    @Test(
        "Is known for the socket it is",
        arguments: [
            ("tcp", kind(.ipv4, .stream, 6), false), ("udp", kind(.ipv4, .datagram, 17), false),
            ("tcp6", kind(.ipv6, .stream, 6), false), ("udp6", kind(.ipv6, .datagram, 17), false),
            ("mptcp", kind(.ipv4, .stream, 262), false),
            ("tcp-listening", kind(.ipv4, .stream, 6), true),
            ("unix-stream", kind(.unix, .stream, 0), false),
            ("unix-datagram", kind(.unix, .datagram, 0), false),
            ("unix-packet", kind(.unix, .sequentialPacket, 0), false),
            ("unix-listening", kind(.unix, .stream, 0), true),
            // The kernel makes a datagram socket of it.
            ("unix-raw", kind(.unix, .datagram, 0), false),
            ("netlink", kind(.netlink, .raw, 0), false),
        ] as [(String, SocketKind, Bool)])
    func kinds(name: String, kind: SocketKind, isListening: Bool) throws {
        guard specimen.facts[name] != nil else {
            print("skipped: the kernel has no \(name) sockets")
            return
        }
        #expect(
            sockets.look(at: try specimen.descriptor(name), of: slot)
                == .socket(.known(kind, isListening: isListening)))
    }

    @Test("Has the kernel's error where it is none, or no socket")
    func errors() throws {
        for name in ["closed", "path"] {
            #expect(
                sockets.look(at: try specimen.descriptor(name), of: slot)
                    == .error(.badFileDescriptor), "\(name)")
        }
        for number in [-1, .min, .max, 1_000_000] as [Int32] {
            #expect(sockets.look(at: number, of: slot) == .error(.badFileDescriptor), "\(number)")
        }
        #expect(
            sockets.look(at: try specimen.descriptor("file"), of: slot) == .error(.notSocket))
    }

    @Test(
        "Of a thread is in that thread's own table, or not known for what it is",
        arguments: [true, false])
    func ownTable(usesThreadPidfds: Bool) throws {
        tree.usesThreadPidfds = usesThreadPidfds
        let (tcp, udp) = (try specimen.descriptor("tcp"), try specimen.descriptor("udp"))
        let tcpKind = SocketLookup.socket(.known(Self.kind(.ipv4, .stream, 6)))
        let udpKind = SocketLookup.socket(.known(Self.kind(.ipv4, .datagram, 17)))
        let shared = tree.adopt(try specimen.id("thread"))
        #expect([tcp, udp].map { sockets.look(at: $0, of: shared) } == [tcpKind, udpKind])
        let own = tree.adopt(try specimen.id("own-table"))
        let looked = [tcp, udp].map { sockets.look(at: $0, of: own) }
        if tree.tracees[own]?.pidfdIsOfLeader == true {
            // Before Linux 6.9 nobody can look into it: then nothing is taken for granted.
            #expect(looked == [.socket(.unknown), .socket(.unknown)])
        } else {
            #expect(looked == [udpKind, .error(.badFileDescriptor)])
        }
        #expect([tcp, udp].map { sockets.look(at: $0, of: slot) } == [tcpKind, udpKind])
    }

    @Test("Leaves no copy open in the tracer")
    func copies() throws {
        let tcp = try specimen.descriptor("tcp")
        _ = sockets.look(at: tcp, of: slot)
        // A copy shares the socket: when the process is dead, its port would still be taken.
        var inodes: Set<String> = []
        for number in 0..<256 {
            var target = [CChar](repeating: 0, count: 64)
            if readlink("/proc/self/fd/\(number)", &target, 63) > 0 {
                inodes.insert(String(decoding: target.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        var theirs = [CChar](repeating: 0, count: 64)
        #expect(readlink("/proc/\(specimen.thread.rawValue)/fd/\(tcp)", &theirs, 63) > 0)
        let name = String(decoding: theirs.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(!inodes.contains(name))
    }

    @Test("Of who is dead or unknown is not taken for anything")
    func dead() throws {
        let tcp = try specimen.descriptor("tcp")
        #expect(sockets.look(at: tcp, of: 99) == .socket(.unknown))
        let gone = tree.adopt(ThreadID(rawValue: 4_194_303))
        #expect(sockets.look(at: tcp, of: gone) == .socket(.unknown))
        specimen.end()
        #expect(sockets.look(at: tcp, of: slot) == .socket(.unknown))
    }
}
