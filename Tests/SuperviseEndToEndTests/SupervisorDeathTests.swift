import SuperviseTestSupport
import Testing

/// What becomes of the tree when its supervisor is killed, and of both in a pid namespace.
@Suite("The supervisor's death")
struct SupervisorDeathTests {
    static let product = Programs.path("supervise")
    static let tracer = Programs.path("tracer")

    @Test(
        "ends daemons, stopped and blocked processes, and all threads",
        arguments: [["--quiet"], ["--audit", "--log", "/dev/null"]], User.available)
    func treeIsGone(options: [String], user: User) async throws {
        let outcome = try await run(
            [Self.tracer, "kill", Self.product] + options + ["--"], as: user)
        #expect(
            outcome
                == Outcome(output: "ready\ntracer: killed\ntree: gone\ncommand: killed 9\n"))
    }

    @Test("does not come from signals that a process can ignore", arguments: User.available)
    func signals(user: User) async throws {
        let outcome = try await supervise(
            ["--audit", "--log", "/dev/null"], [Self.tracer, "signals"], as: user)
        #expect(outcome == Outcome(output: "socket: made\n"))
    }
}

/// The first process of a pid namespace, which has duties of its own.
@Suite("In a pid namespace")
struct PidNamespaceTests {
    static let product = Programs.path("supervise")
    static let unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    static let asNobody = [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
    ]

    /// Whether namespaces can be made, with the reason printed where they cannot.
    static let hasNamespaces: Bool = {
        if !isRoot { print("skipped: pid namespaces, since only root can make them") }
        return isRoot
    }()

    static let ends: [(script: String, end: Int32, output: String)] = [
        ("exit 0", 0, ""),
        ("exit 7", 7, ""),
        ("kill -TERM $$", 143, ""),
        ("kill -KILL $$", 137, ""),
        ("ulimit -c 0; kill -SEGV $$", 139, ""),
        // The tracer is the first process, and the command's parent.
        ("cat /proc/1/comm; echo $$ $PPID", 0, "supervise\n2 1\n"),
        // Orphans are reaped: none stays a zombie.
        (
            "for n in 1 2 3; do (setsid true & exec true) & done; wait; "
                + "while grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done; echo clean",
            0, "clean\n"
        ),
        // Everything ends with the first process, which ends with the command.
        ("(setsid sleep 1000 &) & exit 5", 5, ""),
    ]

    @Test("the first process ends as its command did", .enabled(if: hasNamespaces), arguments: ends)
    func first(script: String, end: Int32, output: String) async throws {
        let outcome = try await run(Self.unshare + [Self.product, "--", "sh", "-c", script])
        #expect(outcome == Outcome(output: output, end: .exited(end)))
    }

    @Test("so it does in a user namespace of nobody's", .enabled(if: hasNamespaces))
    func userNamespace() async throws {
        let unshare = Self.asNobody + ["unshare", "--user", "--map-root-user"]
        guard try await run(unshare + ["true"]).end == .exited(0) else {
            print("skipped: user namespaces, which this system forbids to ordinary users")
            return
        }
        let outcome = try await run(
            unshare + Self.unshare.dropFirst() + [Self.product, "--", "sh", "-c", "exit 5"])
        #expect(outcome == Outcome(end: .exited(5)))
    }

    @Test("a signal to the first process reaches the command", .enabled(if: hasNamespaces))
    func forwarded() async throws {
        let command = "trap 'echo got TERM; exit 9' TERM; echo ready; while :; do read x; done"
        let outcome = try await run(
            [
                "sh", "-c",
                """
                mkfifo ready hold && exec 3<>hold
                "$@" 3>&- <hold >ready & parent=$!
                exec 4<ready && read word <&4 && echo "$word"
                kill -TERM "$(cat /proc/$parent/task/$parent/children)"
                cat <&4; wait $parent; echo "exited $?"
                """, "sh",
            ] + Self.unshare + [Self.product, "--", "sh", "-c", command],
            directory: temporaryFolder())
        #expect(outcome == Outcome(output: "ready\ngot TERM\nexited 9\n"))
    }

    @Test("another namespace's /proc is an error at the start", .enabled(if: hasNamespaces))
    func foreignProc() async throws {
        let outcome = try await run(["unshare", "--pid", "--fork", Self.product, "--", "true"])
        #expect(
            outcome
                == Outcome(
                    error: "supervise: /proc is missing or another pid namespace's; "
                        + "expected this one's: mount -t proc proc /proc, or unshare --mount-proc\n",
                    end: .exited(125)))
    }

    static let sentToAll: [(signal: String, output: String)] = [
        // The supervisor dies of it too, and the tree with it.
        ("KILL", "exited 137\n"),
        // Whoever has an answer to it gives it, as without supervise.
        ("TERM", "got TERM\nexited 9\n"),
        ("HUP", "exited 129\n"),
    ]

    @Test(
        "a signal to all of a user's processes ends the tree", .enabled(if: hasNamespaces),
        arguments: sentToAll)
    func toAll(signal: String, output: String) async throws {
        // kill(-1) spares who sends it, so a child does, in a namespace where nobody else lives.
        let command =
            "trap 'echo got TERM; exit 9' TERM; sh -c 'kill -\(signal) -1; sleep 1000' & "
            + "while :; do wait; done"
        let script =
            "\"$@\"; echo exited $?"
        let outcome = try await run(
            Self.unshare + ["sh", "-c", script, "sh"] + Self.asNobody
                + [Self.product, "--", "sh", "-c", command])
        #expect(outcome.output == output)
    }
}
