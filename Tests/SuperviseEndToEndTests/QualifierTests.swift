import Foundation
import SuperviseTestSupport
import Testing

/// Rules that ask who a process is, against the kernel.
@Suite("Rules by program, ancestor, control group, user and group")
struct QualifierTests {
    private static let steps = ["s=socket(AF_INET,SOCK_DGRAM)", "sendto($s,hi,0,in:127.0.0.1:9)"]
    private static let passes = Outcome(
        output: "s=socket(AF_INET,SOCK_DGRAM) = 3\nsendto($s,hi,0,in:127.0.0.1:9) = 2\n")
    private static let isRefused = Outcome(
        output: "s=socket(AF_INET,SOCK_DGRAM) = EPERM\nsendto($s,hi,0,in:127.0.0.1:9) = EBADF\n")

    /// A folder with the probe under two names (`one`, and the hard link `link`), and a copy of it.
    private func folder() throws -> String {
        let folder = temporaryFolder("supervise-programs")
        let files = FileManager.default
        try files.copyItem(atPath: Programs.path("probe"), toPath: folder + "/one")
        try files.linkItem(atPath: folder + "/one", toPath: folder + "/link")
        try files.copyItem(atPath: Programs.path("probe"), toPath: folder + "/copy")
        return folder
    }

    private func probe(
        _ program: String, _ rule: String, as user: User, _ before: [String] = []
    ) async throws -> Outcome {
        try await supervise(
            ["--quiet", "--allow", rule], before + [program] + Self.steps, as: user)
    }

    @Test("A program is its file, whatever its names", arguments: User.available)
    func program(user: User) async throws {
        let folder = try folder()
        let rule = "outgoing udp program=\(folder)/one"
        #expect(try await probe(folder + "/one", rule, as: user) == Self.passes)
        #expect(try await probe(folder + "/link", rule, as: user) == Self.passes)
        #expect(try await probe(folder + "/copy", rule, as: user) == Self.isRefused)
        // The name leads to another file now.
        let files = FileManager.default
        try files.removeItem(atPath: folder + "/one")
        try files.copyItem(atPath: folder + "/copy", toPath: folder + "/one")
        #expect(try await probe(folder + "/link", rule, as: user) == Self.isRefused)
        #expect(try await probe(folder + "/one", rule, as: user) == Self.passes)
        try files.removeItem(atPath: folder + "/one")
        #expect(try await probe(folder + "/link", rule, as: user) == Self.isRefused)
    }

    @Test("A program's pattern finds the file under its other names", arguments: User.available)
    func pattern(user: User) async throws {
        let folder = try folder()
        let rule = "outgoing udp program=\(folder)/[n-o]*"
        #expect(try await probe(folder + "/one", rule, as: user) == Self.passes)
        #expect(try await probe(folder + "/link", rule, as: user) == Self.passes)
        #expect(try await probe(folder + "/copy", rule, as: user) == Self.isRefused)
        let all = "outgoing udp program=\(folder)/**"
        #expect(try await probe(folder + "/copy", all, as: user) == Self.passes)
        #expect(try await probe(Programs.path("probe"), all, as: user) == Self.isRefused)
    }

    @Test("A program that executes another one is that one from then on", arguments: User.available)
    func exec(user: User) async throws {
        let folder = try folder()
        let step = "sendto($s,hi,0,in:127.0.0.1:9)"
        let outcome = try await supervise(
            ["--quiet", "--allow", "outgoing udp program=\(folder)/one"],
            [
                folder + "/one", "s=socket(AF_INET,SOCK_DGRAM)", step, "exec(\(folder)/copy)", step,
                "exec(\(folder)/link)", step,
            ], as: user)
        #expect(
            outcome
                == Outcome(
                    output: """
                        s=socket(AF_INET,SOCK_DGRAM) = 3
                        \(step) = 2
                        exec(\(folder)/copy) = 0
                        \(step) = EPERM
                        exec(\(folder)/link) = 0
                        \(step) = 2

                        """))
    }

    @Test("An ancestor is whoever started a process, alive or not", arguments: User.available)
    func ancestor(user: User) async throws {
        let folder = try folder()
        let rule = "outgoing udp ancestor=\(folder)/copy"
        let step = "sendto($s,hi,0,in:127.0.0.1:9)"
        func outcome(_ program: String) async throws -> Outcome {
            try await supervise(
                ["--quiet", "--allow", rule],
                [
                    folder + "/" + program,
                    "in-child(in-child(exec(\(folder)/one);\(Self.steps.joined(separator: ";"))))",
                    "exec(\(folder)/link)", "s=socket(AF_INET,SOCK_DGRAM)", step,
                ], as: user)
        }
        #expect(try await outcome("copy").output.contains("= 2\n"))
        #expect(!(try await outcome("copy").output.contains("EPERM")))
        let other = try await outcome("one").output
        #expect(!other.contains("= 2\n") && other.contains("EPERM"))
        // The process itself is not its ancestor.
        #expect(try await probe(folder + "/copy", rule, as: user) == Self.isRefused)
    }

    @Test(
        "A user is who the process acts as", arguments: ["user=nobody", "user=65534", "user=root"])
    func users(qualifier: String) async throws {
        for user in User.available {
            let isNobody = user == .nobody || getuid() == 65534
            let outcome = try await probe(
                Programs.path("probe"), "outgoing udp \(qualifier)", as: user)
            let expected = isNobody != (qualifier == "user=root") ? Self.passes : Self.isRefused
            #expect(outcome == expected, "\(user)")
        }
    }

    @Test("A process that becomes another user is judged as that user, and by all its groups")
    func changes() async throws {
        guard isRoot else { return print("skipped: only root can become another user") }
        let become = ["setpriv", "--reuid=1", "--regid=2", "--groups=2,77"]
        let program = Programs.path("probe")
        for (rule, expected) in [
            ("user=1", Self.passes), ("user=root", Self.isRefused), ("group=77", Self.passes),
            ("group=2", Self.passes), ("group=root", Self.isRefused), ("group=3", Self.isRefused),
        ] {
            #expect(
                try await probe(program, "outgoing udp \(rule)", as: .current, become) == expected,
                "\(rule)")
        }
    }

    /// Where version 2 of control groups is mounted, and the hierarchies of version 1.
    private static let mounts: [(folder: String, prefix: String)] = {
        let text = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 3 else { return nil }
            if words[2] == "cgroup2" { return (String(words[1]), "") }
            return words[2] == "cgroup" && words[3].contains("pids")
                ? (String(words[1]), "pids:") : nil
        }
    }()

    @Test("A process that is moved to another control group is judged by it from its next call on")
    func cgroup() async throws {
        guard isRoot, !Self.mounts.isEmpty else {
            return print("skipped: needs root and a mounted hierarchy of control groups")
        }
        for mount in Self.mounts {
            let name = "supervise-test-\(getpid())"
            let folder = "\(mount.folder)/\(name)"
            guard mkdir(folder, 0o755) == 0 else {
                print("skipped: cannot make \(folder)")
                continue
            }
            defer { rmdir(folder) }
            // The shell moves itself; what it starts then is born into the group.
            let script = """
                probe() { "$0" 's=socket(AF_INET,SOCK_DGRAM)'; }
                probe; echo $$ > \(folder)/cgroup.procs; probe
                echo $$ > \(mount.folder)/cgroup.procs; probe
                """
            let outcome = try await supervise(
                ["--quiet", "--allow", "outgoing udp cgroup=\(mount.prefix)**/\(name)"],
                ["sh", "-c", script, Programs.path("probe")])
            #expect(
                outcome
                    == Outcome(
                        output: ["EPERM", "3", "EPERM"].map {
                            "s=socket(AF_INET,SOCK_DGRAM) = \($0)\n"
                        }.joined()), "\(mount)")
        }
    }
}
