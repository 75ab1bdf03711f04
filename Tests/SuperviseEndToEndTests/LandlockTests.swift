import SuperviseTestSupport
import Testing

/// The Landlock domain that the launcher enters: what it closes, and that it closes nothing else.
@Suite("The Landlock domain")
struct LandlockTests {
    static let reacher = Programs.path("reach-outside")

    /// What `reach-outside reach` prints.
    static func reached(memory: String, calls: String, comparing: String) -> Outcome {
        Outcome(
            output: """
                /proc/PID/mem: \(memory)
                process_vm_readv: \(calls)
                process_vm_writev: \(calls)
                pidfd_getfd: \(calls)
                kcmp: \(comparing)
                PTRACE_SEIZE: \(calls)

                """)
    }
    /// Nothing is in the way.
    static let free = reached(memory: "done", calls: "done", comparing: "done")
    /// The calls are refused, but not what no filter can judge.
    static let judged = reached(memory: "done", calls: "EPERM", comparing: "done")
    /// The domain refuses that too.
    static let walled = reached(memory: "EACCES", calls: "EPERM", comparing: "EPERM")

    /// Runs the attack on a process beside the command.
    private func reach(_ prefix: [String], as user: User) async throws -> Outcome {
        try await run(
            [Self.reacher, "target"] + prefix + [Self.reacher, "reach"], as: user, seconds: 20)
    }

    @Test(
        "keeps the tree out of outside processes from ABI 4 on",
        arguments: User.available, [0, 1, 2, 3, 4, 5, 6, 7])
    func outside(user: User, abi: Int) async throws {
        #expect(try await reach([], as: user) == Self.free)
        let supervise = [Programs.path("supervise"), "-q", "--landlock-abi", "\(abi)", "--"]
        #expect(
            try await reach(supervise, as: user)
                == (min(abi, try await landlockABI()) >= 4 ? Self.walled : Self.judged))
    }

    @Test(
        "is there in every profile, and not where nothing is refused",
        arguments: [
            (["--profile", "rlimit-network"], walled), (["--profile", "prctl-network"], walled),
            (["--profile", "prctl-network-lsm"], walled), (["--network", "on"], free),
            // Where no access can be taken as a whole.
            (["--profile", "landlock-tcp"], walled),
            (["--network", "on", "--deny", "outgoing private"], walled),
            (["--allow", "* tcp", "--allow", "* abstract"], walled),
            (
                [
                    "--allow", "outgoing tcp :443", "--allow", "incoming tcp", "--allow",
                    "* abstract",
                ], walled
            ),
            (["--audit"], free), (["--audit", "--require-landlock"], free),
        ], User.available)
    func policies(options: ([String], Outcome), user: User) async throws {
        guard try await hasLandlock() else { return }
        let supervise = [Programs.path("supervise"), "-q"] + options.0 + ["--"]
        #expect(try await reach(supervise, as: user) == options.1)
    }

    @Test(
        "keeps the command out of its tracer, root too", arguments: User.available)
    func tracer(user: User) async throws {
        guard try await hasLandlock() else { return }
        let closed = Outcome(output: "/proc/TRACER/mem: EACCES\n")
        #expect(try await supervise(["-q"], [Self.reacher, "tracer"], as: user) == closed)
        // The tracer is not dumpable, which is all that an ordinary user's processes need to fail.
        let isOpen = user == .current && isRoot
        #expect(
            try await supervise(
                ["-q", "--landlock-abi", "3"], [Self.reacher, "tracer"], as: user)
                == (isOpen ? Outcome(output: "/proc/TRACER/mem: done\n") : closed))
    }

    @Test(
        "changes no result of the table, in any profile", arguments: [0, 4, 6], User.available)
    func table(abi: Int, user: User) async throws {
        let options = ["--with=--landlock-abi=\(abi)"]
        try await selftest(["--case", "landlock/*"] + options, as: user)
        guard user == .current, abi != 6 else { return }
        for cases in ["addresses/*", "messages/*"] {
            let profile = ["--profile", "rlimit-network"]
            try await selftest(["--case", cases] + profile + options)
        }
    }

    @Test("leaves mount to root", arguments: ["0", "4", "7"])
    func mount(abi: String) async throws {
        guard isRoot else { return print("skipped: mount, since only root can") }
        let folder = temporaryFolder()
        let script = "mount -t tmpfs none \(folder) && grep -c ' \(folder) ' /proc/self/mounts"
        #expect(
            try await run(
                ["unshare", "--mount", Programs.path("supervise"), "--landlock-abi", abi, "--"]
                    + ["sh", "-c", script]) == Outcome(output: "1\n"))
    }

    @Test(
        "is demanded by --require-landlock",
        arguments: [
            (["--landlock-abi", "0"], "the kernel offers no Landlock"),
            (["--landlock-abi", "1"], "the kernel's Landlock has ABI 1"),
            (["--landlock-abi", "3"], "the kernel's Landlock has ABI 3"),
        ], User.available)
    func required(cases: ([String], String), user: User) async throws {
        guard try await hasLandlock() else { return }
        #expect(
            try await supervise(
                ["--require-landlock"] + cases.0, ["echo", "ran"], as: user)
                == Outcome(
                    error: "supervise: --require-landlock: \(cases.1), "
                        + "expected ABI 4 or later (Linux 6.7, lsm=landlock)\n",
                    end: .exited(125)))
        for options in [[], ["--network", "on", "--deny", "outgoing private"]] {
            #expect(
                try await supervise(["--require-landlock"] + options, ["echo", "ran"], as: user)
                    == Outcome(output: "ran\n"))
        }
        // Where nothing is refused there is no door to be held.
        #expect(
            try await supervise(
                ["--require-landlock", "--network", "on"] + cases.0, ["echo", "ran"], as: user)
                == Outcome(output: "ran\n"))
    }

    /// The version of Landlock that the kernel offers, asked by a program of its own; 0: none.
    private func landlockABI() async throws -> Int {
        // landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
        let answer = try await run([Programs.path("probe"), "444(null,0,1)"]).output
        return answer.split(separator: " ").last.flatMap { Int($0.dropLast()) } ?? 0
    }

    private func hasLandlock() async throws -> Bool {
        let abi = try await landlockABI()
        if abi >= 4 { return true }
        print("skipped: a Landlock domain, since the kernel's Landlock has ABI \(abi)")
        return false
    }
}

/// Descriptors that are a way to the network without a call.
@Suite("Inherited rings")
struct InheritedRingTests {
    static let ring = Programs.path("inherited-ring")

    @Test(
        "are closed where the network is restricted, and only there",
        arguments: [
            (
                [], "mmap: EBADF\n",
                "closed an io_uring descriptor that the command would have inherited: 20"
            ),
            (["--quiet"], "mmap: EBADF\n", ""),
            (["--network", "on"], "socket: done\n", ""), (["--audit", "-q"], "socket: done\n", ""),
        ], User.available)
    func closed(cases: (options: [String], output: String, error: String), user: User) async throws
    {
        let use = [Self.ring, "use"]
        let natively = try await run([Self.ring, "hold"] + use, as: user, seconds: 20)
        guard natively.end != .exited(3) else {
            print("skipped: inherited rings, since the kernel makes none: \(natively.error)")
            return
        }
        #expect(natively == Outcome(output: "socket: done\n"))
        let command = [Programs.path("supervise")] + cases.options + ["--"] + use
        #expect(
            try await run([Self.ring, "hold"] + command, as: user, seconds: 20)
                == Outcome(
                    output: cases.output,
                    error: cases.error.isEmpty ? "" : "supervise: \(cases.error)\n"))
    }

    /// What makes the ring, around `supervise` or within, and what is then run or done.
    static let givenUp: [(outside: [String], inside: [String], output: String)] = [
        ([], [ring, "fork"], "give up: EBUSY\n"),
        ([], [ring, "hold", ring, "give-up"], "give up: EBUSY\n"),
        ([ring, "hold"], [ring, "give-up"], "give up: EBUSY\n"),
        // Who has it no more can give the network up.
        (
            [], [ring, "hold", "bash", "-c", "exec 20>&-; exec \(ring) give-up"],
            "give up: done\nmmap: EBADF\n"
        ),
        (
            [ring, "hold"], [Programs.path("supervise"), "drop", "--", ring, "use"],
            "mmap: EBADF\n"
        ),
    ]

    @Test(
        "keep whoever has one from giving the network up, whoever made it",
        arguments: givenUp, User.available)
    func givingUp(
        cases: (outside: [String], inside: [String], output: String), user: User
    ) async throws {
        let natively = try await run([Self.ring, "fork"], as: user, seconds: 20)
        guard natively.end != .exited(3) else {
            return print("skipped: inherited rings, since the kernel makes none: \(natively.error)")
        }
        // The kernel has no such limit, and the ring works.
        #expect(natively == Outcome(output: "give up: EINVAL\nsocket: done\n"))
        let command = [Programs.path("supervise"), "-q", "--network", "on", "--"] + cases.inside
        let outcome = try await run(cases.outside + command, as: user, seconds: 20)
        #expect(outcome.output == cases.output && outcome.end == .exited(0), "\(outcome)")
    }
}
