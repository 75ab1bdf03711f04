import SupervisePolicy
import SuperviseTracer
import SystemPackage
import Testing

@Suite("Doors and the kernels that hold them")
struct DoorTests {
    /// The doors whose lines a missing feature changes, as `state: name: reason`.
    private func changes(_ change: (inout KernelFeatures) -> Void) -> [String] {
        var kernel = KernelFeatures()
        let usual = Door.all(with: kernel)
        change(&kernel)
        return zip(usual, Door.all(with: kernel)).filter { $0 != $1 }
            .map { "\($1.state.rawValue): \($1.name): \($1.reason)" }
    }

    @Test("a kernel that has everything holds every door")
    func everything() {
        #expect(Door.all(with: KernelFeatures()).allSatisfy { $0.state == .held })
    }

    @Test("without mseal the filter guards the page, without PROCMAP_QUERY the maps are read")
    func arguments() {
        #expect(
            changes { $0.hasSealing = false } == [
                "held: arguments that change after the check: "
                    + "no mseal: the filter guards the page, PROCMAP_QUERY"
            ])
        #expect(
            changes { $0.hasMappingQuery = false } == [
                "held: arguments that change after the check: mseal, no PROCMAP_QUERY: maps is read"
            ])
    }

    @Test("descriptors are looked at through copies")
    func descriptors() {
        #expect(
            changes { $0.hasDescriptorCopies = false } == [
                "open: descriptors that change after the check: "
                    + "no pidfd_getfd: Linux 5.6 or later has it",
                "open: sockets inherited or received: no pidfd_getfd: Linux 5.6 or later has it",
            ])
        let reason = "pidfd_getfd, no PIDFD_THREAD: a thread's own table is refused"
        #expect(
            changes { $0.hasThreadDescriptors = false } == [
                "held: descriptors that change after the check: \(reason)",
                "held: sockets inherited or received: \(reason)",
            ])
    }

    @Test("what the kernel does not have needs not be held")
    func absent() {
        #expect(
            changes { $0.hasRings = false } == [
                "not needed: io_uring: the kernel has no io_uring",
                "not needed: inherited io_uring descriptors: the kernel has no io_uring",
            ])
        #expect(
            changes { $0.ringsDisabled = 2 } == [
                "not needed: io_uring: kernel.io_uring_disabled 2"
            ])
        #expect(
            changes { $0.ringsDisabled = nil } == ["held: io_uring: seccomp; io_uring is on"])
        #expect(
            changes { $0.hasI386 = false } == [
                "not needed: 32-bit calls (int 0x80, socketcall): i386 emulation is off"
            ])
        #expect(
            changes { $0.unprivilegedUserfaultfd = nil } == [
                "held: memory that blocks its reader: reads of /proc/PID/mem; no userfaultfd"
            ])
    }

    @Test(
        "memory of outside processes is closed by Landlock, and by Yama where it forbids all tracing",
        arguments: [
            (7, nil, false, "held: NAME: Landlock ABI 7; no Yama"),
            (4, 0, true, "held: NAME: Landlock ABI 4; Yama ptrace_scope 0"),
            (3, nil, false, "open: NAME: Landlock ABI 3, NEEDED; no Yama"),
            (0, nil, false, "open: NAME: no Landlock, NEEDED; no Yama"),
            (0, 0, false, "open: NAME: no Landlock, NEEDED; Yama ptrace_scope 0"),
            (0, 1, false, "open: NAME: no Landlock, NEEDED; Yama ptrace_scope 1 LEAVES"),
            (2, 2, false, "open: NAME: Landlock ABI 2, NEEDED; Yama ptrace_scope 2 LEAVES"),
            (0, 1, true, "open: NAME: no Landlock, NEEDED; Yama ptrace_scope 1"),
            (0, 3, true, "held: NAME: Yama ptrace_scope 3; no Landlock"),
        ] as [(Int32, Int?, Bool, String)])
    func outside(abi: Int32, scope: Int?, mayTraceAll: Bool, line: String) {
        var kernel = KernelFeatures()
        (kernel.landlockABI, kernel.yamaScope, kernel.mayTraceAll) = (abi, scope, mayTraceAll)
        let name = "/proc/PID/mem and its like of an outside process"
        let door = Door.all(with: kernel).first { $0.name == name }
        let expected = line.replacing("NAME", with: name)
            .replacing("NEEDED", with: "ABI 4 (Linux 6.7, lsm=landlock) is needed")
            .replacing("LEAVES", with: "leaves processes in user namespaces of the same user")
        #expect(door.map { "\($0.state.rawValue): \($0.name): \($0.reason)" } == expected)
    }

    /// The doors in a state, on a kernel that lacks something, and the reasons that are given.
    private func doors(
        _ state: Door.State, _ change: (inout KernelFeatures) -> Void
    ) -> (names: [String], reasons: Set<String>) {
        var kernel = KernelFeatures()
        change(&kernel)
        let doors = Door.all(with: kernel).filter { $0.state == state }
        return (doors.map(\.name), Set(doors.map(\.reason)))
    }

    @Test("what hears of calls before the supervisor leaves nothing to hold")
    func intercepted() {
        #expect(
            changes { $0.isIntercepted = true } == [
                "open: filters from before with a listener (USER_NOTIF): "
                    + "network calls go to another program first"
            ])
    }

    @Test("without seccomp only what needs no filter is held")
    func noSeccomp() {
        #expect(
            doors(.held) { $0.hasSeccompTrace = false }.names == [
                "memory that blocks its reader", "inherited io_uring descriptors",
                "/proc/PID/mem and its like of an outside process", "setuid programs",
            ])
    }

    @Test("where calls cannot be stopped, what the filter does not decide by itself is open")
    func noStops() {
        let open = [
            "arguments that change after the check", "descriptors that change after the check",
            "own filters with forged data", "ptrace and its like on an outside process",
            "killing the supervisor", "sockets inherited or received",
        ]
        let old = doors(.open) { $0.hasSyscallInfo = false }
        #expect(old.names == open)
        #expect(old.reasons == ["no PTRACE_GET_SYSCALL_INFO: Linux 5.3 or later has it"])
        let forbidden = doors(.open) {
            $0.tracingError = .notPermitted
            $0.yamaScope = 3
        }
        #expect(forbidden.names == open)
        #expect(forbidden.reasons == ["ptrace: Operation not permitted, Yama ptrace_scope 3"])
    }
}

@Suite("What a Landlock domain takes")
struct LandlockDomainTests {
    @Test(
        "is only what the policy refuses, and what the kernel's version knows",
        arguments: [
            (
                .rlimitNetwork,
                [
                    nil, nil, nil, nil, "bind, connect", "bind, connect", "bind, connect, names",
                    "bind, connect, names",
                ]
            ),
            (
                .prctlNetwork,
                [
                    nil, nil, nil, nil, "bind, connect", "bind, connect", "bind, connect, names",
                    "bind, connect, names",
                ]
            ),
            (
                .prctlNetworkLSM,
                [
                    nil, nil, nil, nil, "bind, connect", "bind, connect", "bind, connect",
                    "bind, connect",
                ]
            ),
            (
                .landlockTCP,
                [nil, nil, nil, nil] + [String](repeating: "bind but 0-65535", count: 4)
            ),
        ] as [(Profile, [String?])])
    func taken(profile: Profile, byABI: [String?]) {
        for (abi, expected) in byABI.enumerated() {
            let domain = LandlockDomain(policy: Policy(profile: profile), abi: Int32(abi))
            #expect(domain.map(describe) == expected, "ABI \(abi)")
            // A later version than those there are is taken for the last of them.
            #expect(
                LandlockDomain(policy: Policy(profile: profile), abi: 99).map(describe)
                    == byABI.last ?? nil)
            #expect(
                LandlockDomain(
                    policy: Policy(network: .on, profile: .rlimitNetwork), abi: Int32(abi)) == nil)
        }
    }

    /// Rules, and what is taken with abstract names that may be used (ABI 4), and without.
    static let byRules: [(NetworkSwitch, [String], String, String)] = [
        (.off, ["allow outgoing tcp"], "bind", "bind, names"),
        (.off, ["allow incoming tcp :8080"], "connect", "connect, names"),
        (.off, ["allow * udp"], "bind, connect", "bind, connect, names"),
        // What may be a stream, too, is taken for TCP by kernels of that time.
        (.off, ["allow bind sctp :9"], "connect", "connect, names"),
        (
            .off, ["allow outgoing tcp 10.0.0.0/8:443", "allow incoming tcp :8000-8002,80"],
            "bind but 80,8000-8002", "names"
        ),
        (.off, ["allow * tcp"], "bind but 0-65535", "names"),
        (.off, ["allow * tcp", "allow * abstract"], "bind but 0-65535", "bind but 0-65535"),
        (
            .off, ["allow connect tcp", "allow bind tcp :1-3,9", "allow * abstract"],
            "bind but 1-3,9", "bind but 1-3,9"
        ),
        (.on, ["deny outgoing private"], "bind but 0-65535", "bind but 0-65535"),
    ]

    @Test("gives ports back one by one where no access can be taken as a whole", arguments: byRules)
    func rules(network: NetworkSwitch, rules: [String], ports: String, names: String) throws {
        let policy = Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        #expect(LandlockDomain(policy: policy, abi: 3) == nil)
        #expect(LandlockDomain(policy: policy, abi: 4).map(describe) == ports)
        #expect(LandlockDomain(policy: policy, abi: 6).map(describe) == names)
    }

    private func describe(_ domain: LandlockDomain) -> String {
        let taken = [
            (LandlockDomain.Access.binding, "bind"), (.connecting, "connect"),
            (.abstractNames, "names"),
        ].filter { domain.taken.contains($0.0) }.map(\.1).joined(separator: ", ")
        let left = domain.left.ranges.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        return left.isEmpty ? taken : "\(taken) but \(left.joined(separator: ","))"
    }
}
