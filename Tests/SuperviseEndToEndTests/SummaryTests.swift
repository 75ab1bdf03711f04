import Foundation
import SuperviseTestSupport
import Testing

@Suite("What a summary says would allow it")
struct HintTests {
    /// The options of the line `to allow: ...`, as they stand there.
    private func hint(_ error: String) -> String? {
        error.split(separator: "\n").first { $0.hasPrefix("  to allow: --allow") }.map {
            String($0.dropFirst("  to allow: ".count).prefix { $0 != ";" })
        }
    }

    @Test(
        "allows it: with every hint taken, nothing is refused any more",
        arguments: [
            (["s=socket(AF_INET,SOCK_STREAM)", "connect($s,in:127.0.0.1:9)"], 2),
            (["s=socket(AF_INET,SOCK_DGRAM)", "sendto($s,hi,0,in:127.0.0.1:9)"], 2),
            (
                [
                    "s=socket(AF_INET,SOCK_STREAM)", "bind($s,in:127.0.0.1:0)", "listen($s,1)",
                ], 3
            ),
            (["s=socket(AF_INET,SOCK_STREAM)", "listen($s,1)"], 2),
            (["s=socket(AF_INET6,SOCK_DGRAM)", "connect($s,in6:::1:9)"], 2),
            (["s=socket(AF_UNIX,SOCK_DGRAM)", "bind($s,abstract:it's %2a a%0aname)"], 1),
            (["s=socket(AF_NETLINK,SOCK_RAW)"], 1),
            (
                [
                    "s=socket(AF_INET,SOCK_DGRAM)", "connect($s,in:0.0.0.0:9)",
                    "connect($s,in:127.0.0.1:10)",
                ], 2
            ),
        ] as [([String], Int)])
    func hints(steps: [String], rounds: Int) async throws {
        // Hints change from round to round: what was not reached before comes up in the next.
        var options = ""
        for round in 1...4 {
            let script = "\"$0\" \(options) -- \"$@\""
            let outcome = try await run(
                ["sh", "-c", script, Programs.path("supervise"), Programs.path("probe")] + steps)
            guard outcome.error.contains("refused") else {
                #expect(outcome.error == "" && !outcome.output.contains("EPERM"))
                #expect(round == rounds + 1, "\(options)")
                return
            }
            options += try #require(hint(outcome.error), "\(outcome.error)") + " "
        }
        Issue.record("still refused with \(options)")
    }
}

@Suite("--summary")
struct WholeSummaryEndToEndTests {
    @Test("tells of all that the network was used for")
    func whole() async throws {
        let outcome = try await supervise(
            ["--summary", "--allow", "outgoing udp 127.0.0.1:9"],
            [
                Programs.path("probe"), "s=socket(AF_INET,SOCK_DGRAM)",
                "sendto($s,hi,0,in:127.0.0.1:9)", "sendto($s,hi,0,in:127.0.0.1:9)",
                "sendto($s,hi,0,in:127.0.0.1:10)",
            ])
        #expect(
            outcome.error == """
                supervise: 2 calls were allowed (allow outgoing udp 127.0.0.1:9 @ --allow 1)
                  2x send udp 127.0.0.1:9   probe
                supervise: 1 call was refused (network off)
                  1x send udp 127.0.0.1:10   probe   EPERM
                  to allow: --allow 'send udp 127.0.0.1:10'

                """)
    }

    @Test("is told with --quiet and beside a log too, and where there is nothing to tell")
    func asked() async throws {
        for options in [["--quiet"], ["--log", "/dev/null"], []] {
            let outcome = try await supervise(["--summary"] + options, ["true"])
            #expect(outcome.error == "supervise: the network was not used\n")
        }
    }

    @Test("keeps nobody waiting for the command's end who does not read, and is told when he does")
    func unread() async throws {
        // Whoever reads its standard error waits for its end first.
        let script = #"""
            mkfifo error; exec 3<>error
            "$@" sh -c 'dd if=/dev/zero of=error bs=4096 oflag=nonblock 2>filled
                "$0" "s=socket(AF_INET,SOCK_DGRAM)"' "$PROBE" 2>error 3>&- >/dev/null
            echo "ended $?"
            head -c $(($(sed -n "s/+0 records out//p" filled) * 4096)) <&3 >/dev/null
            read -r line <&3; echo "$line"
            """#
        let outcome = try await SuperviseTestSupport.run(
            ["bash", "-c", script, "bash", Programs.path("supervise"), "--"],
            environment: [
                "PROBE": Programs.path("probe"), "PATH": "/usr/bin:/bin", "LC_ALL": "C",
            ], directory: temporaryFolder(), seconds: 20)
        #expect(
            outcome.output == "ended 0\nsupervise: 1 call was refused (network off)\n",
            "\(outcome)")
    }

    @Test("warns of a socket that uses the network for others", arguments: User.available)
    func helper(user: User) async throws {
        // A container engine is known by its socket's name.
        let folder = temporaryFolder()
        let server = """
            import os, socket
            s = socket.socket(socket.AF_UNIX); s.bind("docker.sock"); s.listen()
            socket.socket(socket.AF_UNIX).connect(os.getcwd() + "/docker.sock")
            """
        let outcome = try await supervise(
            ["--summary"], ["python3", "-c", server], as: user, directory: folder)
        #expect(
            outcome.error.hasSuffix(
                "used a container engine (\(folder)/docker.sock): it runs programs that no policy "
                    + "holds\n"), "\(outcome.error)")
    }
}

/// A name server on 127.0.0.1 of a network of its own, and a web server.
///
/// Only root can make one with a file /etc/resolv.conf of its own.
@Suite("Names")
struct NameTests {
    private static let server = """
        import socket, struct
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53))
        print("ready", flush=True)
        while True:
            q, peer = s.recvfrom(4096)
            end = q.index(0, 12) + 5
            isAddress = q[end - 4:end - 2] == b"\\0\\1"
            answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4\\x7f\\0\\0\\7" if isAddress else b""
            s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answer) and 1, 0, 0)
                     + q[12:end] + answer, peer)
        """
    private static let script = """
        set -e
        ip link set lo up
        echo "nameserver 127.0.0.1" >resolv.conf
        mount --bind resolv.conf /etc/resolv.conf
        mkfifo ready
        python3 -c "$SERVER" >ready & server=$!
        read line <ready
        "$@" || :
        kill $server
        """

    private func supervise(
        _ options: [String], _ command: [String], in folder: String = temporaryFolder()
    ) async throws -> Outcome? {
        guard isRoot else {
            print("skipped: only root can have a name server of its own")
            return nil
        }
        return try await run(
            ["unshare", "-mn", "bash", "-c", Self.script, "bash", Programs.path("supervise")]
                + options + ["--"] + command,
            environment: ["SERVER": Self.server], directory: folder, seconds: 30)
    }

    @Test(
        "stand beside the addresses that the tree itself looked up, whoever it asks with",
        arguments: [
            ["curl", "-s", "http://web.test:81/"],
            ["python3", "-c", "import socket; socket.create_connection(('web.test', 81))"],
            // As the resolver of Go does: read(2) of 1232 bytes.
            [
                "python3", "-c",
                """
                import os, select, socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.connect(("127.0.0.1", 53))
                s.send(b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3web\\4test\\0\\0\\1\\0\\1")
                select.select([s], [], [])
                os.read(s.fileno(), 1232)
                socket.create_connection(("127.0.0.7", 81))
                """,
            ],
            // As that of musl does: recvmsg(2) on a socket that is not connected.
            [
                "python3", "-c",
                """
                import os, select, socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.sendto(b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3web\\4test\\0\\0\\1\\0\\1", ("127.0.0.1", 53))
                select.select([s], [], [])
                s.recvmsg(4096)
                socket.create_connection(("127.0.0.7", 81))
                """,
            ],
        ])
    func shown(command: [String]) async throws {
        guard let outcome = try await supervise(["--network", "on", "--summary"], command) else {
            return
        }
        #expect(outcome.error.contains(" connect tcp 127.0.0.7:81 (web.test) "), "\(outcome.error)")
    }

    @Test("are in logs that have all decisions, and in no others")
    func logs() async throws {
        let folder = temporaryFolder()
        for (options, isThere) in [
            (["--log-level", "all"], true), (["--audit"], true), ([], false),
        ] {
            let rules =
                ["--allow", "connect udp :53", "--allow", "connect tcp :9"] + options
                + ["--log", "log.jsonl"]
            guard
                try await supervise(rules, ["curl", "-s", "http://web.test:81/"], in: folder) != nil
            else { return }
            let log = try String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8)
            let line = log.split(separator: "\n").first { $0.contains("127.0.0.7:81") }
            #expect(line?.contains(#""name":"web.test""#) == isThere, "\(options)")
            // Another file for each.
            try FileManager.default.removeItem(atPath: folder + "/ready")
        }
    }

    @Test("are not taken away from the program: an error that waits stays its own")
    func errors() async throws {
        // Nobody listens there: the kernel tells the second receive, not the tracer.
        let code = """
            import select, socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("127.0.0.9", 53))
            s.send(b"x")
            select.select([s], [], [])
            try: s.recvfrom(100)
            except OSError as error: print(error)
            """
        let outcome = try await SuperviseTestSupport.supervise(
            ["--network", "on", "--summary"], ["python3", "-c", code])
        #expect(outcome.output == "[Errno 111] Connection refused\n")
    }
}
