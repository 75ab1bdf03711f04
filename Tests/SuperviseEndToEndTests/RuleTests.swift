import SuperviseTestSupport
import Testing

/// What rules allow and refuse, against the kernel.
@Suite("Rules: every row of the table, in every ABI")
struct RuleTests {
    @Test("addresses", arguments: Row.table("rules", "addresses"), Way.all)
    func addresses(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("other names", arguments: Row.table("rules", "other names"), Way.all)
    func names(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("peers", arguments: Row.table("rules", "peers"), Way.all)
    func peers(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("as root", arguments: Row.table("rules", "as root"), ABI.allCases)
    func asRoot(row: Row, abi: ABI) async throws {
        guard isRoot else { return print("skipped: needs root, natively too") }
        try await compare(row, Way(abi: abi, user: .current))
    }

    @Test(
        "A refused peer is in the log, and the program hears of nobody", arguments: User.available)
    func refusedPeer(user: User) async throws {
        let outcome = try await run(
            [
                Programs.path("holding"), "tcp-waiting", "--", Programs.path("supervise"), "--log",
                "-", "--network", "on", "--deny", "(EACCES) accept tcp localhost", "--",
                Programs.path("probe"), "fcntl(20,4,SOCK_NONBLOCK)", "accept4(20,SOCK_CLOEXEC)",
            ], as: user)
        let words = outcome.error.split(separator: "\n").map {
            $0.split(separator: " ").dropFirst(2).filter { !$0.hasPrefix("127.0.0.1:") }
                .joined(separator: " ")
        }
        #expect(
            words == [
                "probe accept4 tcp denied EACCES deny(EACCES) accept tcp localhost @ --deny 1"
            ])
        #expect(outcome.output.hasSuffix("\naccept4(20,SOCK_CLOEXEC) = EAGAIN\n"))
    }

    @Test(
        "Before Linux 6.9 refused peers are kept away by the packet filter, or nobody listens",
        arguments: User.available)
    func filteredPeers(user: User) async throws {
        let option = ["--pidfds", "processes"]
        if try await mayFilterPackets(user) {
            // A listener that was there before can be given no filter: there it needs the other level.
            for name in ["programs/accept", "programs/accept-datagram"] {
                try await selftest(["--case", name, "--with=--pidfds=processes"], as: user)
            }
            return
        }
        let outcome = try await supervise(
            ["--log", "-", "--network", "on", "--deny", "accept tcp 127.0.0.2"] + option,
            [Programs.path("probe"), "l=socket(AF_INET,SOCK_STREAM)", "listen($l)"], as: user)
        #expect(outcome.output == "l=socket(AF_INET,SOCK_STREAM) = 3\nlisten($l) = EPERM\n")
        #expect(outcome.error.hasSuffix(" peers that cannot be kept away @ profile\n"))
    }

    @Test("paths", arguments: Row.table("rules", "paths"), Way.all)
    func paths(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("The order of --allow and --deny is kept across both", arguments: User.available)
    func order(user: User) async throws {
        let step = "connect($s,in:127.0.0.1:9)"
        let command = [Programs.path("probe"), "s=socket(AF_INET,SOCK_STREAM)", step]
        for (options, result) in [
            (["--allow", "connect tcp :9", "--deny", "connect tcp"], "ECONNREFUSED"),
            (["--deny", "connect tcp", "--allow", "*  tcp :9", "--allow=create tcp"], "EPERM"),
            (["--network=on", "--deny=connect tcp :9", "--allow=connect tcp"], "EPERM"),
        ] {
            let outcome = try await supervise(["--quiet"] + options, command, as: user)
            #expect(
                outcome
                    == Outcome(output: "s=socket(AF_INET,SOCK_STREAM) = 3\n\(step) = \(result)\n"))
        }
    }

    @Test("A log has the rule that decided, its place, and both ends of what was refused")
    func log() async throws {
        let outcome = try await supervise(
            [
                "--log", "-", "--log-format", "json", "--log-level", "all", "--network", "on",
                "--allow", "send udp :7", "--deny", "(EACCES) send  udp 127.0.0.0/8:5-9,11",
            ],
            [
                Programs.path("probe"), "s=socket(AF_INET,SOCK_DGRAM)",
                "sendto($s,hi,0,in:127.0.0.1:7)", "sendto($s,hi,0,in:0.0.0.0:8)",
                "sendto($s,hi,0,in:127.0.0.1:10)",
            ])
        func values(_ key: String, _ line: Substring) -> String {
            guard let start = line.firstRange(of: "\"\(key)\":\"") else { return "-" }
            return String(line[start.upperBound...].prefix { $0 != "\"" })
        }
        let decisions = outcome.error.split(separator: "\n").filter { $0.contains(#""seq""#) }
        let lines = decisions.map { line in
            ["operation", "protocol", "remote", "result", "errno", "text", "place"]
                .map { values($0, line) }.joined(separator: " | ")
        }
        #expect(
            lines == [
                "create | udp | - | allowed | - | allow send udp :7 | --allow 1",
                "send | udp | 127.0.0.1:7 | allowed | - | allow send udp :7 | --allow 1",
                "send | udp | 127.0.0.1:7 | returned | - | allow send udp :7 | --allow 1",
                "send | udp | 0.0.0.0:8 | denied | EACCES | "
                    + "deny(EACCES) send udp 127.0.0.0/8:5-9,11 | --deny 1",
                "send | udp | 127.0.0.1:10 | allowed | - | network on | profile",
                "send | udp | 127.0.0.1:10 | returned | - | network on | profile",
            ])
    }

    @Test("supervise filter shows the program of rules")
    func filter() async throws {
        let outcome = try await run([
            Programs.path("supervise"), "filter", "--network", "on", "--deny", "connect tcp :25",
        ])
        #expect(outcome.end == .exited(0))
        #expect(outcome.output.contains("MSG_FASTOPEN"))
        // What refuses nothing has the filter of those who may give the network up.
        let none = try await run([
            Programs.path("supervise"), "filter", "--network", "on", "--allow", "connect tcp :25",
        ])
        #expect(none == (try await run([Programs.path("supervise"), "filter", "--network", "on"])))
        #expect(none.end == .exited(0) && !none.output.contains("MSG_FASTOPEN"))
    }

    @Test("A rule that cannot be read is an error with its column, and nothing runs")
    func badRule() async throws {
        let outcome = try await supervise(
            ["--allow", "connect tcp :80", "--deny", "connect tpc :80"], ["/bin/true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: --deny 'connect tpc :80': column 9: 'tpc' is no protocol; "
                        + "did you mean 'tcp'?\n", end: .exited(64)))
    }
}
