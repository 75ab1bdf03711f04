import SuperviseTestSupport
import Testing

/// Programs with mounts of their own, in which every object can have any path.
@Suite("A path that a program's own mounts make")
struct AttackPathTests {
    /// A way of `Fixtures/attacks/rename-path`, and the rules that it is to get around.
    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        let rules: [String]

        var testDescription: String { name }

        /// The options, where FOLDER is the folder.
        func options(_ folder: String) -> [String] {
            rules.map { $0.replacing("FOLDER", with: folder) }
        }
    }

    static let list = ["--allow", "connect unix FOLDER/ok/**", "--deny", "connect unix"]
    static let one = ["--deny", "connect unix FOLDER/deny/**"]
    static let ways = [
        Way(name: "folder", rules: list), Way(name: "link", rules: list),
        Way(name: "elsewhere", rules: one), Way(name: "file", rules: one),
        Way(name: "root", rules: one), Way(name: "clone", rules: one),
        Way(name: "bind", rules: ["--deny", "bind unix FOLDER/deny/new"]),
    ]

    private func attempt(
        _ way: String, _ options: [String]?, _ folder: String, as user: User
    ) async throws -> Outcome {
        let command = [Programs.path("rename-path"), folder, way]
        guard let options else { return try await run(command, as: user) }
        return try await supervise(["--quiet"] + options, command, as: user)
    }

    @Test("is not judged, whether rules allow or refuse paths", arguments: ways, User.available)
    func refused(way: Way, user: User) async throws {
        let native = try await attempt(way.name, nil, temporaryFolder(), as: user)
        if native == Outcome(output: "unshare EPERM\n") {
            return print("skipped: as \(user): this user makes no user namespaces")
        }
        #expect(native == Outcome(output: "reached\n"))
        let call = way.name == "bind" ? "bind" : "connect"
        for network in ["on", "off"] {
            let folder = temporaryFolder()
            #expect(
                try await attempt(
                    way.name, ["--network", network] + way.options(folder), folder, as: user)
                    == Outcome(output: call + " EPERM\n"), "\(network)")
        }
    }

    @Test("is told of to nobody who could not see it, where root's supervisor looks it up")
    func unseen() async throws {
        guard isRoot else { return print("skipped: another user, since only root can become one") }
        let folder = temporaryFolder()
        let steps = ["there/x", "missing/x", "file/x"].flatMap {
            ["s=socket(AF_UNIX,SOCK_STREAM)", "bind($s,unix:\(folder)/private/\($0))"]
        }
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        func results(_ prefix: [String], _ options: [String]?) async throws -> Outcome {
            let command = prefix + [Programs.path("probe")] + steps
            guard let options else { return try await run(command) }
            return try await supervise(["--quiet"] + options, command)
        }
        let making = "mkdir -m 700 private && mkdir private/there && >private/file"
        let made = try await run(["sh", "-c", making], directory: folder)
        #expect(made == Outcome())
        let native = try await results(nobody, nil)
        #expect(native.output.matches(of: /EACCES/).count == 3, "\(native)")
        let rules = Way(name: "unseen", rules: Self.one).options(folder)
        #expect(try await results(nobody, rules) == native)
        // Its own errors, for who may see: the first name is made, and taken the next time.
        let own = try await results([], nil)
        #expect(own.output.contains("missing/x) = ENOENT\n"), "\(own)")
        #expect(own.output.contains("file/x) = ENOTDIR\n"), "\(own)")
        #expect(
            try await results([], rules).output
                == own.output.replacing("there/x) = 0\n", with: "there/x) = EADDRINUSE\n"))
    }

    @Test("is judged where everybody sees the same there", arguments: [list, one], User.available)
    func unchanged(rules: [String], user: User) async throws {
        let folder = temporaryFolder()
        let options = Way(name: "own", rules: rules).options(folder)
        let native = try await attempt("own", nil, folder, as: user)
        #expect(try await attempt("own", options, folder, as: user) == native)
    }

    /// Rules that refuse a socket by a path with links or other detours in it; FOLDER/real/socket is what
    /// they lead to.
    static let detours = [
        "link/socket", "link/*", "alias", "real//socket", "real/./socket", "real/../real/sock?t",
        "link/../real/**", "real/socket",
    ]

    @Test(
        "is refused to whom a rule refuses a link to it", arguments: detours, User.available)
    func detour(path: String, user: User) async throws {
        let folder = temporaryFolder()
        // Whoever may write to a file, and finds no socket there, is told ECONNREFUSED.
        let making =
            "mkdir real && >real/socket && chmod 666 real/socket && ln -s real link "
            + "&& ln -s link/socket alias"
        #expect(try await run(["sh", "-c", making], directory: folder) == Outcome())
        let probe = [Programs.path("probe"), "s=socket(AF_UNIX,SOCK_STREAM)"]
        for name in ["real/socket", "link/socket", "alias"] {
            let command = probe + ["connect($s,unix:\(folder)/\(name))"]
            let native = try await run(command, as: user)
            #expect(native.output.contains(") = ECONNREFUSED\n"), "\(native)")
            let rule = "connect unix \(folder)/\(path)"
            let outcome = try await supervise(
                ["--quiet", "--network", "on", "--deny", rule], command, as: user)
            #expect(outcome.output.contains(") = EPERM\n"), "\(name): \(outcome)")
            // A rule that allows goes nowhere but where it says.
            guard path.hasPrefix("link") || path == "alias" else { continue }
            let list = ["--allow", rule, "--deny", "connect unix"]
            let listed = try await supervise(["--quiet"] + list, command, as: user)
            #expect(listed.output.contains(") = EPERM\n"), "\(name): \(listed)")
        }
    }

    /// Kernels from 6.12 on let nothing be mounted there; `Tools/kernels` has one that does.
    @Test("is not led elsewhere by what is mounted over its number", arguments: User.available)
    func covered(user: User) async throws {
        let native = try await run(
            [Programs.path("cover-number"), temporaryFolder(), "50"], as: user)
        let folder = temporaryFolder()
        let outcome = try await supervise(
            ["--quiet", "--network", "on", "--deny", "connect unix \(folder)/bad"],
            [Programs.path("cover-number"), folder, "50"], as: user)
        if native.output.hasPrefix("covered, ") {
            #expect(outcome == Outcome(output: "covered, connected 0, reached 0\n"))
        } else {
            #expect(outcome == native)
        }
    }

    @Test("is recorded and not refused in an audit")
    func audited() async throws {
        let folder = temporaryFolder()
        let native = try await attempt("elsewhere", nil, folder, as: .current)
        let outcome = try await supervise(
            ["--audit", "--log", "-"] + Way(name: "", rules: Self.one).options(folder),
            [Programs.path("rename-path"), folder, "elsewhere"])
        #expect(outcome.output == native.output)
        let isNoted = outcome.error.split(separator: "\n").contains {
            $0.contains("would-deny") && $0.contains("a path that cannot be looked up")
        }
        #expect(isNoted || native.output != "reached\n", "\(outcome)")
    }
}
