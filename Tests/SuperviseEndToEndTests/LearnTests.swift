import Foundation
import SuperviseTestSupport
import Testing

@Suite("--learn")
struct LearnTests {
    /// A web server and its client in one program; with an argument, a second thing it does.
    private static let web = """
        import http.server, os, socket, sys, threading, urllib.request
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(3):
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").read()
        more = {
            "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
            "send": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9)),
            "abstract": lambda: socket.socket(socket.AF_UNIX).bind("\\0more"),
        }
        for word in sys.argv[1:]:
            try: more[word]()
            except OSError as error: print(word, error.strerror)
        """

    /// A program that uses abstract names, of bytes that mean something in rules.
    private static let abstract = """
        import socket, sys
        server = socket.socket(socket.AF_UNIX); server.bind("\\0a *\\"\\n'\\xff"); server.listen()
        socket.socket(socket.AF_UNIX).connect("\\0a *\\"\\n'\\xff")
        for name in sys.argv[1:]:
            try: socket.socket(socket.AF_UNIX).bind("\\0" + name)
            except OSError as error: print(name, error.strerror)
        """

    @Test(
        "writes what allows the same again, and exactly that",
        arguments: [
            (web, ["connect"], "connect Operation not permitted\n", "connect tcp 127.0.0.1:9"),
            (web, ["send"], "send Operation not permitted\n", "create udp"),
            (web, ["abstract"], "abstract Operation not permitted\n", "bind abstract @more"),
            (abstract, ["other"], "other Operation not permitted\n", "bind abstract @other"),
        ] as [(String, [String], String, String)])
    func again(code: String, more: [String], output: String, refused: String) async throws {
        let folder = temporaryFolder()
        for user in User.available {
            let file = "\(folder)/\(user).toml"
            let python = ["python3", "-c", code]
            let learned = try await supervise(
                ["--learn", file], python, as: user, directory: folder)
            #expect(learned.error.hasPrefix("supervise: learned: "), "\(learned)")
            #expect(learned.end == .exited(0))
            #expect(
                try await supervise(["-p", file], python, as: user, directory: folder) == Outcome())
            let third = try await supervise(
                ["-p", file], python + more, as: user, directory: folder)
            #expect(third.output == output)
            #expect(
                third.error.hasPrefix(
                    "supervise: 1 call was refused (network off)\n  1x \(refused) "),
                "\(third.error)")
            // Learned as well, nothing is refused.
            _ = try await supervise(["--learn", file], python + more, as: user, directory: folder)
            let fourth = try await supervise(
                ["-p", file], python + more, as: user, directory: folder)
            #expect(!fourth.output.contains("not permitted") && fourth.error == "", "\(fourth)")
        }
    }

    @Test("learns a git clone over http")
    func clone() async throws {
        let folder = temporaryFolder()
        let script = """
            set -e
            export GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
            git init -q -b main source
            git -C source -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
            git clone -q --bare source served.git
            git -C served.git update-server-info
            mkfifo port
            python3 -u -c '
            import http.server
            class Quiet(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *words): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
            print(server.server_port, file=open("port", "w"), flush=True)
            server.serve_forever()' & server=$!
            read port <port
            url=http://127.0.0.1:$port/served.git
            "$1" --learn p.toml -- git clone -q $url one
            "$1" -p p.toml -- git clone -q $url two
            git -C two log --format=%s
            "$1" -p p.toml -- git -c protocol.version=0 ls-remote http://127.0.0.1:9/x 2>&1 | tail -n 3
            kill $server
            """
        let outcome = try await run(
            [
                "bash", "-c", script.replacing("\n            ", with: "\n"), "bash",
                Programs.path("supervise"),
            ],
            directory: folder)
        #expect(
            outcome.output == """
                one
                supervise: 1 call was refused (network off)
                  1x connect tcp 127.0.0.1:9   git-remote-http   EPERM
                  to allow: --allow 'connect tcp 127.0.0.1:9'

                """, "\(outcome)")
    }

    @Test("adds to a file, whose lines and mode stay as they are")
    func adds() async throws {
        let folder = temporaryFolder()
        let file = folder + "/p.toml"
        let mine = """
            # mine

              rules=[ 'deny connect tcp :25', # no mail
              "allow connect udp localhost:9" # and this
            ] # end
            [sets]
              a = [ '10.0.0.0/8' ]

            """
        try mine.write(toFile: file, atomically: false, encoding: .utf8)
        chmod(file, 0o640)
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link", withDestinationPath: "p.toml")
        let steps = [
            Programs.path("probe"), "s=socket(AF_INET,SOCK_DGRAM)", "connect($s,in:127.0.0.1:9)",
            "connect($s,in:127.0.0.1:10)", "t=socket(AF_INET,SOCK_STREAM)",
            "connect($t,in:127.0.0.1:25)",
        ]
        let outcome = try await supervise(["--learn", folder + "/link"], steps)
        #expect(
            outcome.error
                == "supervise: learned: 2 rules added to '\(folder)/link'; 1 call stays refused by rules "
                + "of yours\n")
        let expected = mine.replacing(
            "] # end",
            with: """
                    # \(Programs.path("probe"))
                    , "allow connect udp 127.0.0.1:10", # probe 1x
                    "allow create tcp", # probe 1x
                ] # end
                """)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == expected)
        var status = stat()
        #expect(lstat(file, &status) == 0 && status.st_mode & 0o7777 == 0o640)
        // Nothing is left behind, and a run that has nothing new changes nothing.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                "link", "p.toml",
            ])
        let number = status.st_ino
        let again = try await supervise(["--learn", file], steps)
        #expect(again.error.hasPrefix("supervise: learned: '\(file)' has nothing to add"))
        #expect(lstat(file, &status) == 0 && status.st_ino == number)
    }

    @Test("leaves what looks dangerous to its user: a comment, once; uncommented it is allowed")
    func dangers() async throws {
        let folder = temporaryFolder()
        let file = folder + "/p.toml"
        let code = """
            import os, socket
            def say(what, call):
                try: call(); print(what, "done")
                except OSError as error: print(what, error.strerror)
            engine = socket.socket(socket.AF_UNIX)
            if os.path.exists("docker.sock"): os.unlink("docker.sock")
            engine.bind("docker.sock"); engine.listen()
            say("engine", lambda: socket.socket(socket.AF_UNIX).connect(os.path.abspath("docker.sock")))
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            say("bind", lambda: s.bind(("0.0.0.0", 0)))
            say("listen", s.listen)
            """
        let python = ["python3", "-c", code]
        for times in [
            "2 dangerous rules as a comment there", "2 dangerous rules as a comment there",
        ] {
            let learned = try await supervise(["--learn", file], python, directory: folder)
            #expect(learned.output == "engine done\nbind done\nlisten done\n")
            if times.isEmpty { #expect(learned.error.contains(times), "\(learned.error)") }
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.components(separatedBy: "# \"allow connect unix").count == 2, "\(text)")
        let refused = try await supervise(["-q", "-p", file], python, directory: folder)
        #expect(
            refused.output
                == "engine Operation not permitted\nbind done\nlisten Operation not permitted\n")
        try text.replacing("# \"allow", with: "\"allow")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let allowed = try await supervise(["-q", "-p", file], python, directory: folder)
        #expect(allowed.output == "engine done\nbind done\nlisten done\n", "\(allowed)")
    }

    @Test(
        "finds out before anything runs that it cannot be",
        arguments: [
            (
                ["--learn", "none/p.toml"], 125,
                "cannot write to --learn 'none/p.toml': No such file or directory (ENOENT)"
            ),
            (["--learn", "."], 125, "--learn '.' is no regular file, expected one to write to"),
            (
                ["--learn", "/dev/null"], 125,
                "--learn '/dev/null' is no regular file, expected one to write to"
            ),
            (
                ["--learn", "nowhere"], 125,
                "cannot write to --learn 'nowhere': No such file or directory (ENOENT)"
            ),
            (
                ["--learn", "bad.toml"], 125,
                "--learn 'bad.toml': rules[0]: column 7: 'conect' is no operation; did you mean 'connect'?"
            ),
            (
                ["--learn", "on.toml"], 125,
                "--learn 'on.toml': network: \"on\" was found, expected \"off\": there is nothing to learn where nothing is refused"
            ),
            (["--learn", "-"], 64, "--learn '-': expected the name of a file"),
            (
                ["--learn", "p.toml", "--network", "on"], 64,
                "--learn with --network on: nothing would be refused; expected off"
            ),
            (
                ["--learn", "p.toml", "-p", "q.toml"], 64,
                "--learn and --policy cannot be combined: --learn starts from what its file says; to start from another policy, copy it there"
            ),
            (
                ["--learn", "lsm.toml", "--profile", "landlock-tcp"], 64,
                "--profile 'landlock-tcp': --learn 'lsm.toml' is for the profile prctl-network-lsm"
            ),
        ] as [([String], Int32, String)])
    func errors(options: [String], status: Int32, message: String) async throws {
        let folder = temporaryFolder()
        for (name, text) in [
            ("bad.toml", "rules = [\"allow conect tcp\"]\n"), ("on.toml", "network = \"on\"\n"),
            ("lsm.toml", "profile = \"prctl-network-lsm\"\n"),
        ] {
            try text.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/nowhere", withDestinationPath: "missing")
        #expect(
            try await supervise(options, ["touch", "ran"], directory: folder)
                == Outcome(error: "supervise: \(message)\n", end: .exited(status)))
        #expect(!FileManager.default.fileExists(atPath: folder + "/ran"))
    }

    @Test("finds out that a folder or a file may not be written")
    func permissions() async throws {
        guard User.available.contains(.nobody) else { return }
        let folder = temporaryFolder()
        chmod(folder, 0o755)
        let shown = "'\(folder)/p.toml'"
        let expected = Outcome(
            error: "supervise: cannot write to --learn \(shown): Permission denied (EACCES)\n",
            end: .exited(125))
        for isThere in [false, true] {
            if isThere {
                try "".write(toFile: folder + "/p.toml", atomically: false, encoding: .utf8)
                chmod(folder, 0o777)
            }
            #expect(
                try await supervise(
                    ["--learn", folder + "/p.toml"], ["true"], as: .nobody) == expected)
        }
    }

    @Test("follows the profile, and is not moved by what the command does to the path")
    func profile() async throws {
        let folder = temporaryFolder()
        let script = "mv \(folder)/a \(folder)/b; mkdir \(folder)/a; \"$0\" \"$@\""
        try FileManager.default.createDirectory(
            atPath: folder + "/a", withIntermediateDirectories: false)
        let steps = ["s=socket(AF_INET,SOCK_STREAM)", "connect($s,in:127.0.0.1:9)"]
        let outcome = try await supervise(
            [
                "--learn", folder + "/a/p.toml", "--profile", "landlock-tcp", "--errno", "ENETDOWN",
                "-q",
            ],
            ["sh", "-c", script, Programs.path("probe")] + steps)
        #expect(outcome.error == "")
        let text = try String(contentsOfFile: folder + "/b/p.toml", encoding: .utf8)
        #expect(
            text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n") == """
                network = "off"
                profile = "landlock-tcp"
                errno = "ENETDOWN"
                rules = [
                    # \(Programs.path("probe"))
                    "allow connect tcp 127.0.0.1:9", # probe 1x
                ]
                """)
    }
}
