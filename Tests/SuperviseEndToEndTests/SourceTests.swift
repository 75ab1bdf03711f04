import Foundation
import SuperviseTestSupport
import Testing

/// Steps of the probe with all their results, on a machine that has the addresses 10.1.2.3,
/// 10.1.2.4 and 192.0.2.1, 2001:db8::1 and 2001:db8::2.
private struct SourceCase: Sendable, CustomTestStringConvertible {
    let title: String
    let options: [String]
    var holding: [String] = []
    /// `STEP = RESULT`, as the probe prints it.
    let lines: String

    var testDescription: String { title }

    /// The steps; those of other steps stand in front of them, indented.
    var steps: [String] {
        lines.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map { line in
            String(line.ranges(of: " = ").last.map { line[..<$0.lowerBound] } ?? line)
        }
    }
}

private let on = ["--network", "on", "--source", "10.1.2.3"]

private let cases: [SourceCase] = [
    SourceCase(
        title: "bind: any address is replaced, the address and loopback pass, others are refused",
        options: on,
        lines: """
            s=socket(AF_INET,SOCK_STREAM) = 3
            bind($s,in:127.0.0.1:8000) = 0
            t=socket(AF_INET,SOCK_STREAM) = 4
            bind($t,in:0.0.0.0:8001) = 0
            getsockname($t) = in:10.1.2.3:8001
            bind($t,in:0.0.0.0:8001) = EINVAL
            u=socket(AF_INET,SOCK_DGRAM) = 5
            bind($u,in:10.1.2.4:8002) = EPERM
            bind($u,in:192.0.2.1:0) = EPERM
            getsockname($u) = in:0.0.0.0:0
            bind($u,in:10.1.2.3:8002) = 0
            v=socket(AF_INET,SOCK_DGRAM) = 6
            bind($v,unspec:0.0.0.0:8003) = 0
            getsockname($v) = in:10.1.2.3:8003
            w=socket(AF_INET6,SOCK_DGRAM) = 7
            bind($w,in6:::ffff:10.1.2.4:8004) = EPERM
            bind($w,in6:::ffff:0.0.0.0:8004) = 0
            getsockname($w) = in6:::ffff:10.1.2.3:8004
            bind(99,in:10.1.2.4:8005) = EBADF
            bind($u,noaccess) = EFAULT
            x=socket(AF_UNIX,SOCK_DGRAM) = 8
            bind($x,in:0.0.0.0:8005) = EINVAL
            bind($x,autobind) = 0

            """),
    SourceCase(
        title: "connect: a socket without an address is bound first, and what is bound stays so",
        options: on,
        lines: """
            s=socket(AF_INET,SOCK_DGRAM) = 3
            connect($s,in:192.0.2.1:9) = 0
            p=port($s) = $p
            getsockname($s) = in:10.1.2.3:$p
            connect($s,unspec) = 0
            getsockname($s) = in:10.1.2.3:0
            connect($s,in:192.0.2.1:10) = 0
            t=socket(AF_INET,SOCK_STREAM) = 4
            bind($t,in:127.0.0.1:8000) = 0
            connect($t,in:127.0.0.1:9) = ECONNREFUSED
            getsockname($t) = in:127.0.0.1:8000
            l=socket(AF_INET,SOCK_STREAM) = 5
            bind($l,in:127.0.0.1:8001) = 0
            listen($l) = 0
            c=socket(AF_INET,SOCK_STREAM) = 6
            connect($c,in:127.0.0.1:8001) = 0
            q=port($c) = $q
            getsockname($c) = in:10.1.2.3:$q
            d=accept($l) = 7
            getpeername($d) = in:10.1.2.3:$q
            getsockopt($c,0,24) = 0 [0]
            n=socket(AF_INET,SOCK_STREAM|SOCK_NONBLOCK) = 8
            connect($n,in:127.0.0.1:8001) = EINPROGRESS
            u=socket(AF_INET6,SOCK_DGRAM) = 9
            connect($u,in:192.0.2.1:9) = 0
            r=port($u) = $r
            getsockname($u) = in6:::ffff:10.1.2.3:$r
            connect(99,in:192.0.2.1:9) = EBADF
            connect($s,bad) = EFAULT
            x=socket(AF_UNIX,SOCK_DGRAM) = 10
            connect($x,in:192.0.2.1:9) = EINVAL

            """),
    SourceCase(
        title: "connect: a socket that is bound elsewhere already is refused",
        options: on + ["--allow", "bind udp 10.1.2.4"], holding: ["udp-bound", "udp"],
        lines: """
            connect(20,in:127.0.0.1:9) = 0
            s=socket(AF_INET,SOCK_DGRAM) = 3
            bind($s,in:10.1.2.4:8000) = 0
            connect($s,in:192.0.2.1:9) = 0
            getsockname($s) = in:10.1.2.4:8000
            send(21,hi) = EDESTADDRREQ
            connect(21,in:192.0.2.1:9) = EPERM
            sendto(21,hi,0,in:192.0.2.1:9) = EPERM

            """),
    SourceCase(
        title: "messages: a socket without an address is bound first",
        options: on,
        lines: """
            r=socket(AF_INET,SOCK_DGRAM) = 3
            bind($r,in:0.0.0.0:9000) = 0
            s=socket(AF_INET,SOCK_DGRAM) = 4
            sendto($s,hi,0,in:10.1.2.3:9000) = 2
            p=port($s) = $p
            recvfrom($r) = 2 "hi" from in:10.1.2.3:$p
            sendto($s,hi,0,in:10.1.2.3:9000) = 2
            recvfrom($r) = 2 "hi" from in:10.1.2.3:$p
            t=socket(AF_INET6,SOCK_DGRAM) = 5
            sendmsg($t,in6:::ffff:10.1.2.3:9000) = 5
            q=port($t) = $q
            recvfrom($r) = 5 "hello" from in:10.1.2.3:$q
            u=socket(AF_INET,SOCK_DGRAM) = 6
            sendmmsg($u,[in:10.1.2.3:9000;unspec:10.1.2.3:9000]) = 2 [5 5]
            o=port($u) = $o
            recvfrom($r) = 5 "hello" from in:10.1.2.3:$o
            recvfrom($r) = 5 "hello" from in:10.1.2.3:$o
            l=socket(AF_INET,SOCK_STREAM) = 7
            bind($l,in:0.0.0.0:9001) = 0
            setsockopt($l,IPPROTO_TCP,TCP_FASTOPEN,5) = 0
            listen($l) = 0
            f=socket(AF_INET,SOCK_STREAM) = 8
            sendto($f,hi,MSG_FASTOPEN,in:10.1.2.3:9001) = 2
            y=port($f) = $y
            getsockname($f) = in:10.1.2.3:$y
            sendto($f,hi,0,in:192.0.2.1:9) = 2

            """),
    SourceCase(
        title: "listen: a socket without an address is bound first",
        options: on + ["--source", "2001:db8::1"],
        lines: """
            s=socket(AF_INET,SOCK_STREAM) = 3
            listen($s) = 0
            p=port($s) = $p
            getsockname($s) = in:10.1.2.3:$p
            listen($s) = 0
            t=socket(AF_INET6,SOCK_STREAM) = 4
            listen($t) = 0
            q=port($t) = $q
            getsockname($t) = in6:2001:db8::1:$q
            c=socket(AF_INET6,SOCK_STREAM) = 5
            connect($c,in6:2001:db8::1:$q) = 0
            listen(99) = EBADF
            u=socket(AF_INET,SOCK_DGRAM) = 6
            listen($u) = EOPNOTSUPP
            getsockname($u) = in:0.0.0.0:0

            """),
    SourceCase(
        title: "IPv6: as IPv4",
        options: ["--network", "on", "--source", "2001:db8::1"],
        lines: """
            s=socket(AF_INET6,SOCK_STREAM) = 3
            bind($s,in6:2001:db8::2:8000) = EPERM
            bind($s,in6::::8000) = 0
            getsockname($s) = in6:2001:db8::1:8000
            t=socket(AF_INET6,SOCK_STREAM) = 4
            bind($t,in6:::1:8000) = 0
            u=socket(AF_INET6,SOCK_DGRAM) = 5
            connect($u,in6:2001:db8::2:9) = 0
            p=port($u) = $p
            getsockname($u) = in6:2001:db8::1:$p
            setsockopt($u,41,50,data:zero:20) = EPERM
            v=socket(AF_INET,SOCK_DGRAM) = 6
            bind($v,in:10.1.2.4:8000) = 0

            """),
    SourceCase(
        title: "IPv4 alone: a socket for both versions at any address is for IPv6 alone",
        options: on,
        lines: """
            s=socket(AF_INET6,SOCK_STREAM) = 3
            bind($s,in6::::8000) = 0
            getsockname($s) = in6::::8000
            getsockopt($s,41,26) = 0 [1]
            listen($s) = 0
            t=socket(AF_INET6,SOCK_STREAM) = 4
            connect($t,in6:::ffff:127.0.0.1:8000) = ECONNREFUSED
            u=socket(AF_INET6,SOCK_STREAM) = 5
            connect($u,in6:::1:8000) = 0
            v=socket(AF_INET6,SOCK_STREAM) = 6
            listen($v) = 0
            getsockopt($v,41,26) = 0 [1]
            w=socket(AF_INET6,SOCK_STREAM) = 7
            bind($w,in6:2001:db8::2:8001) = 0

            """),
    SourceCase(
        title: "an address that the machine does not have: the bind fails, and so does the call",
        options: ["--network", "on", "--source", "10.9.9.9"],
        lines: """
            s=socket(AF_INET,SOCK_STREAM) = 3
            connect($s,in:127.0.0.1:9) = EADDRNOTAVAIL
            bind($s,in:0.0.0.0:8000) = EADDRNOTAVAIL
            listen($s) = EADDRNOTAVAIL
            u=socket(AF_INET,SOCK_DGRAM) = 4
            sendto($u,hi,0,in:127.0.0.1:9) = EADDRNOTAVAIL
            bind($u,in:127.0.0.1:8000) = 0
            getsockname($s) = in:0.0.0.0:0

            """),
    SourceCase(
        title: "children and programs have the same address",
        options: ["--profile", "source-address", "--source", "10.1.2.3"],
        lines: """
              s=socket(AF_INET,SOCK_DGRAM) = 3
              connect($s,in:192.0.2.1:9) = 0
              p=port($s) = $p
              getsockname($s) = in:10.1.2.3:$p
            in-child(s=socket(AF_INET,SOCK_DGRAM);connect($s,in:192.0.2.1:9);p=port($s);\
            getsockname($s)) = exited 0
            exec() = 0
            s=socket(AF_INET,SOCK_DGRAM) = 3
            bind($s,in:10.1.2.4:8000) = EPERM
            bind($s,in:0.0.0.0:8000) = 0
            getsockname($s) = in:10.1.2.3:8000

            """),
    SourceCase(
        title: "where the network is off, rules say whether, and the address whence",
        options: ["--allow", "outgoing tcp 192.0.2.1:9", "--source", "10.1.2.3"],
        lines: """
            s=socket(AF_INET,SOCK_STREAM) = 3
            connect($s,in:192.0.2.1:9) = ECONNREFUSED
            p=port($s) = $p
            getsockname($s) = in:10.1.2.3:$p
            connect($s,in:192.0.2.1:10) = EPERM
            t=socket(AF_INET,SOCK_STREAM) = 4
            bind($t,in:10.1.2.3:8000) = EPERM

            """),
    SourceCase(
        title: "an audit changes nothing",
        options: ["--audit"] + on,
        lines: """
            s=socket(AF_INET,SOCK_DGRAM) = 3
            bind($s,in:10.1.2.4:8000) = 0
            t=socket(AF_INET,SOCK_DGRAM) = 4
            bind($t,in:0.0.0.0:8001) = 0
            getsockname($t) = in:0.0.0.0:8001
            u=socket(AF_INET,SOCK_DGRAM) = 5
            connect($u,in:192.0.2.1:9) = 0
            p=port($u) = $p
            getsockname($u) = in:192.0.2.1:$p

            """),
]

@Suite("Source addresses, in a network of the test's own")
struct SourceTests {
    private static let setup =
        "ip link set lo up; for a in 10.1.2.3/32 10.1.2.4/32 192.0.2.1/32; do "
        + "ip addr add $a dev lo; done; for a in 2001:db8::1 2001:db8::2; do "
        + "ip addr add $a/128 dev lo nodad; done; exec \"$@\""

    /// Runs a command on such a machine.
    private func run(_ command: [String], as user: User) async throws -> Outcome? {
        let unshare =
            ["unshare", "--net"] + (isRoot ? [] : ["--user", "--map-root-user"])
        guard try await SuperviseTestSupport.run(unshare + ["ip", "link"]).end == .exited(0) else {
            print("skipped: cannot make a network of its own, or there is no ip(8)")
            return nil
        }
        let become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        return try await SuperviseTestSupport.run(
            unshare + ["sh", "-c", Self.setup, "sh"] + (user == .nobody ? become : []) + command,
            seconds: 20)
    }

    @Test("every row of the table, in every ABI", arguments: cases, Way.all)
    private func table(row: SourceCase, way: Way) async throws {
        let command =
            [Programs.path("holding")] + row.holding
            + ["--", Programs.path("supervise"), "--quiet"] + row.options
            + ["--", Programs.path("probe"), "--abi", way.abi.rawValue] + row.steps
        guard let outcome = try await run(command, as: way.user) else { return }
        #expect(outcome == Outcome(output: row.lines))
    }

    @Test("Sockets of root's own: raw ones, and MPTCP")
    func raw() async throws {
        guard isRoot else { return print("skipped: needs root") }
        let row = SourceCase(
            title: "raw", options: on,
            lines: """
                s=socket(AF_INET,SOCK_RAW,255) = 3
                getsockname($s) = in:0.0.0.0:255
                bind($s,in:10.1.2.4:0) = EPERM
                connect($s,in:192.0.2.1:0) = 0
                getsockname($s) = in:10.1.2.3:255
                m=socket(AF_INET,SOCK_STREAM,IPPROTO_MPTCP) = 4
                connect($m,in:192.0.2.1:9) = ECONNREFUSED
                p=port($m) = $p
                getsockname($m) = in:10.1.2.3:$p

                """)
        try await table(row: row, way: Way(abi: .x86_64, user: .current))
    }

    @Test("A file and options set one address of each version, once")
    func once() async throws {
        let file = temporaryFolder() + "/policy.toml"
        try "[source]\nipv4 = \"10.1.2.3\"\n".write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try await supervise(
            ["-p", file, "--source", "10.1.2.4"], ["true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: --source '10.1.2.4': the address for IPv4 is 10.1.2.3 "
                        + "already, and cannot be changed\n", end: .exited(64)))
        let explained = try await SuperviseTestSupport.run([
            Programs.path("supervise"), "explain", "-p", file, "--source", "2001:db8::1",
            "--network", "on", "connect", "tcp", "[2001:db8::9]:80",
        ])
        #expect(
            explained
                == Outcome(
                    output: "allowed\n  by       network on (profile)\n"
                        + "  source   bound to 2001:db8::1 first\n"))
    }
}
