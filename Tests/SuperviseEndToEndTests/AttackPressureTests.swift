import Foundation
import SuperviseTestSupport
import Testing

/// Judged calls go on with registers and memory of the tracer's; whatever comes between must not
/// show.
@Suite("A judged call that is interrupted", .serialized)
struct AttackInterruptTests {
    static let ways = ["connect", "backlog", "message", "messages"].flatMap { call in
        ["restart", "fail", "jump", "stop"].map { "interrupt \(call) \($0) 1" }
    }

    @Test("has the results it has natively, and leaves its registers", arguments: Attack.all(ways))
    func interrupted(attack: Attack) async throws {
        let expected = Outcome(
            output: "made many, signals many, wrong 0, registers changed 0\n")
        #expect(try await attack.run(supervised: false, seconds: 120) == expected)
        #expect(try await attack.run(supervised: true, seconds: 120) == expected)
    }
}

/// What a call needs for its judged arguments is not there.
@Suite("A judged call in need", .serialized)
struct AttackPressureTests {
    @Test(
        "has the results it has natively",
        arguments: Attack.all(
            ["soft-limit", "threads", "faulting", "ended", "unreadable", "cancel", "killed"]
                .map { "pressure \($0)" }))
    func same(attack: Attack) async throws {
        let native = try await attack.run(supervised: false)
        #expect(native.end == .exited(0) && native.error.isEmpty, "\(native)")
        #expect(try await attack.run(supervised: true) == native)
    }

    @Test("is refused while there is no room for the page", arguments: User.available)
    func noRoom(user: User) async throws {
        let attack = Attack(words: ["pressure", "address-space"], user: user)
        #expect(
            try await attack.run(supervised: true)
                == Outcome(output: "without room EPERM\nwith room ENOENT\n"))
    }

    /// Kernels that do not tell of mappings (before 6.11) leave that to the reader.
    @Test(
        "holds up nobody else with memory in a file, a file or a program whose server never answers",
        arguments: [
            ("address", "the file was asked for"), ("descriptor", "the call was made"),
            ("program", "the call was made"), ("lock", "the call was made"),
            ("name", "the call was made"),
        ])
    func slowFile(way: String, output: String) async throws {
        guard isRoot else { return print("skipped: a FUSE file system, since only root can mount") }
        let program = [Programs.path("slow-file"), way, temporaryFolder()]
        let native = try await run(program, seconds: 20)
        guard native.end != .exited(2) else { return print("skipped: \(native.error)") }
        #expect(native == Outcome(output: "\(output), others made 100\nits call ended\n"))
        let doctor = try await run([Programs.path("supervise"), "doctor"])
        guard way != "address" || !doctor.output.contains("no PROCMAP_QUERY") else {
            return print("skipped: the kernel has no PROCMAP_QUERY")
        }
        let log = temporaryFolder() + "/log"
        // A rule on paths has the supervisor follow them.
        let rule = way == "name" ? ["--deny", "bind unix /nowhere"] : []
        let options = ["--quiet", "--log", log, "--allow", "* tcp 127.0.0.1"] + rule
        #expect(try await supervise(options, program, seconds: 20) == native)
        let denied = try String(contentsOfFile: log, encoding: .utf8).contains("denied")
        #expect(denied == ["program", "name"].contains(way))
    }

    /// Only CAP_SYS_RESOURCE can go beyond the hard limit for the moment that it takes.
    @Test(
        "is refused where no descriptor is left, and none can be allowed",
        arguments: User.available)
    func noDescriptor(user: User) async throws {
        let attack = Attack(words: ["pressure", "hard-limit"], user: user)
        let capability = try await run(
            [
                "sh", "-c",
                "echo $(( 0x$(sed -n 's/^CapEff:\\s*//p' /proc/self/status) >> 24 & 1 ))",
            ],
            as: user)
        let result = capability.output == "1\n" ? "ENOENT" : "EPERM"
        #expect(
            try await attack.run(supervised: true)
                == Outcome(
                    output: "dup EMFILE\nconnect \(result)\nlimit kept\ndup EMFILE\n"))
    }

    @Test("is allowed no descriptor by root's supervisor beyond the hard limit of another user")
    func lentDescriptor() async throws {
        guard isRoot else { return print("skipped: another user, since only root can become one") }
        let outcome = try await supervise(
            ["--quiet"],
            [
                "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                Programs.path("pressure"), "hard-limit",
            ])
        #expect(
            outcome == Outcome(output: "dup EMFILE\nconnect EPERM\nlimit kept\ndup EMFILE\n"))
    }
}
