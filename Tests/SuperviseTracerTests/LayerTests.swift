import Foundation
import SuperviseTestSupport
import Testing

@Suite("The C layer")
struct LayerTests {
    /// A folder of folders with a candidate named `prog` each.
    private static let folder: String = {
        let folder = temporaryFolder()
        let files = FileManager.default
        for name in ["good", "closed", "text", "nested/prog", "loop", "orphan", "empty"] {
            try? files.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        func write(_ name: String, _ text: String, _ mode: Int) {
            _ = files.createFile(
                atPath: "\(folder)/\(name)", contents: Data(text.utf8),
                attributes: [.posixPermissions: mode])
        }
        write("good/prog", "#!/bin/sh\necho good $1\n", 0o755)
        write("closed/prog", "#!/bin/sh\necho closed\n", 0o644)
        write("text/prog", "echo text\n", 0o755)
        write("orphan/prog", "#!/nonexistent\n", 0o755)
        write("file", "", 0o644)
        try? files.createSymbolicLink(atPath: "\(folder)/loop/prog", withDestinationPath: "prog")
        return folder
    }()

    @Test(
        "Looks for a program as execvp does, but for the shell",
        arguments: [
            ("good", "good ran"), ("missing:good", "good ran"), ("empty:good", "good ran"),
            // A file that may not be run is passed over, but remembered.
            ("closed:good", "good ran"), ("closed:missing", "EACCES"),
            ("missing:closed", "EACCES"), ("nested", "EACCES"), ("nested:good", "good ran"),
            // No candidate at all.
            ("missing", "ENOENT"), ("file", "ENOENT"), ("file:good", "good ran"),
            ("loop", "ENOENT"), ("loop:good", "good ran"),
            ("orphan", "ENOENT"), ("orphan:good", "good ran"),
            // No shell is asked to run it, and the search is over.
            ("text", "ENOEXEC"), ("text:good", "ENOEXEC"), ("closed:text", "ENOEXEC"),
        ])
    func search(path: String, result: String) async throws {
        let list = path.split(separator: ":").map { "\(Self.folder)/\($0)" }
        #expect(
            try await run(
                ["env", "-i", "PATH=" + list.joined(separator: ":"), Programs.path("layer")]
                    + ["execute", "prog"])
                == Outcome(output: result + "\n"))
    }

    @Test(
        "Takes an empty entry of PATH for the working directory",
        arguments: ["", ":/missing", "/missing:", "/missing::/missing"])
    func emptyEntries(path: String) async throws {
        #expect(
            try await run(
                ["env", "-i", "PATH=" + path, Programs.path("layer"), "execute", "prog"],
                directory: Self.folder + "/good") == Outcome(output: "good ran\n"))
    }

    @Test(
        "Looks nowhere for a name with a slash, nor for an empty one",
        arguments: [
            ("./prog", "good ran"), ("../good/prog", "good ran"), ("missing/prog", "ENOENT"),
            ("../closed/prog", "EACCES"), ("../text/prog", "ENOEXEC"), ("../loop/prog", "ELOOP"),
            ("prog/x", "ENOTDIR"), ("../", "EACCES"), ("", "ENOENT"),
        ])
    func slashes(file: String, result: String) async throws {
        #expect(
            try await run(
                ["env", "-i", "PATH=" + Self.folder + "/text", Programs.path("layer")]
                    + ["execute", file], directory: Self.folder + "/good")
                == Outcome(output: result + "\n"))
    }

    @Test("Looks in the usual folders when there is no PATH, and passes over what is too long")
    func unusualPaths() async throws {
        let layer = Programs.path("layer")
        #expect(try await run(["env", "-i", layer, "execute", "true"]) == Outcome())
        let long = "/" + String(repeating: "x", count: 5000)
        #expect(
            try await run(["env", "-i", "PATH=\(long):/bin", layer, "execute", "true"])
                == Outcome())
        let name = String(repeating: "y", count: 300)
        #expect(
            try await run(["env", "-i", "PATH=/bin", layer, "execute", name])
                == Outcome(output: "ENOENT\n"))
    }

    @Test(
        "Closes every descriptor but those",
        arguments: [
            ([], ""), ([5, 7, 100], "5 7 100 "), ([0, 1, 2], "0 1 2 "), ([500], "500 "),
            // In any order, twice, and of what is not open.
            ([9, 4, 9, 4], "4 9 "), ([0, 200, 12, Int(Int32.max)], "0 12 "),
            ([3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "3 4 5 6 7 8 9 10 11 12 "),
            (Array(0..<16), "0 1 2 3 4 5 6 7 8 9 10 11 12 "),
            // Too many to keep: nothing is closed.
            (Array(0..<17), "E2BIG 0 1 2 3 4 5 6 7 8 9 10 11 12 100 500 "),
        ] as [([Int], String)])
    func closing(kept: [Int], left: String) async throws {
        #expect(
            try await run([Programs.path("layer"), "close"] + kept.map(String.init))
                == Outcome(output: left + "\n"))
    }

    @Test(
        "Forks a detached grandchild without a trace in the caller",
        arguments: [
            ("default", 0, 0), ("ignored", 0, 0), ("handled", 0, 0), ("blocked", 1, 0),
            // One that was pending before stays so.
            ("pending", 1, 1),
            // Who is made the parent of orphans is not made the grandchild's.
            ("subreaper", 0, 0),
        ])
    func detached(mode: String, blocked: Int, pending: Int) async throws {
        #expect(
            try await run([Programs.path("layer"), "fork-detached", mode])
                == Outcome(
                    output: """
                        error: 0, reported: 1
                        the number is the grandchild's: 1
                        in the caller's session: 0, leads one: 0, leads a group: 0
                        a child of the caller: 0
                        SIGCHLD blocked: \(blocked), there: \(blocked)
                        SIGCHLD pending: \(pending), delivered: 0
                        descriptors kept: 1, there: 1
                        subreaper: \(mode == "subreaper" ? 1 : 0)
                        children left: none

                        """))
    }
}
