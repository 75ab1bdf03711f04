import Foundation
import SuperviseTestSupport
import Testing

/// Calls whose verdict depends on the socket: a thread that is made for it makes the call.
///
/// One after the other: some take ports of the machine.
@Suite("A call that a deputy makes", .serialized)
struct DeputyTests {
    @Test(
        "waits, is interrupted, restarted, limited and refused as without it",
        arguments: User.available, [[], ["--pidfds", "processes"]])
    func waiting(user: User, options: [String]) async throws {
        let native = try await run([Programs.path("blocking")], as: user)
        #expect(native.end == .exited(0) && native.output.hasPrefix("interrupted: EINTR\n"))
        #expect(
            try await supervise(
                ["--quiet", "--allow", "* tcp"] + options, [Programs.path("blocking")],
                as: user)
                == native)
    }

    /// The deputy of such a call holds the path; it is tried again and again.
    @Test(
        "to a path waits, is interrupted, limited and logged once as without it",
        arguments: User.available, [[], ["--pidfds", "processes"]])
    func waitingForPaths(user: User, options: [String]) async throws {
        let native = try await run([Programs.path("blocking"), temporaryFolder()], as: user)
        #expect(native.output.hasPrefix("stream\nwith a time limit: EAGAIN\n"), "\(native)")
        let log = temporaryFolder() + "/log"
        let rules = ["--network", "on", "--deny", "connect,send unix /nowhere"]
        #expect(
            try await supervise(
                ["--quiet", "--log", log, "--log-level", "all"] + rules + options,
                [Programs.path("blocking"), temporaryFolder()], as: user, seconds: 20)
                == native)
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        for call in ["connect", "sendto"] {
            let made = lines.filter { $0.contains(" \(call) ") }
            // The one that a signal ended has no result.
            let unfinished = made.filter { $0.contains(" allowed ") }.count * 2 - made.count
            #expect((0...1).contains(unfinished), "\(call)")
        }
    }

    @Test(
        "is stopped and continued at every moment as without it", arguments: User.available,
        [("connect", []), ("connect", ["--pidfds", "processes"]), ("socket", []), ("first", [])])
    func stopping(user: User, way: (String, [String])) async throws {
        let command = [Programs.path("stopping"), way.0, "100"]
        let native = try await run(command, as: user, seconds: 60)
        #expect(native == Outcome(output: "stopped 100, continued 100\n"))
        let rules = [
            "--network", "on", "--deny", "accept tcp 10.0.0.0/8", "--deny", "accept udp 10.0.0.0/8",
        ]
        #expect(
            try await supervise(["--quiet"] + rules + way.1, command, as: user, seconds: 60)
                == native)
    }

    @Test(
        "accepts, waits, is interrupted, restarted, limited and refused as without it",
        arguments: User.available, [[], ["--pidfds", "processes"]])
    func accepting(user: User, options: [String]) async throws {
        let mayFilter = try await mayFilterPackets(user)
        guard options.isEmpty || mayFilter else {
            return print("skipped: packet filters for TCP, which \(user) may not attach here")
        }
        let native = try await run([Programs.path("accepting")], as: user)
        #expect(native.end == .exited(0) && native.output.hasPrefix("room 16: 5, length 16"))
        #expect(
            try await supervise(
                ["--quiet", "--network", "on", "--deny", "accept tcp 127.1.0.0/16"] + options,
                [Programs.path("accepting")], as: user)
                == native)
    }

    /// Each line is a call, in every ABI, that is made on a socket that may do anything.
    static let calls = [
        ["s=socket(AF_INET,SOCK_DGRAM)", "bind($s,in:127.0.0.1:0)", "connect($s,in:127.0.0.1:9)"],
        ["s=socket(AF_INET,SOCK_STREAM)", "listen($s,1)", "listen($s,2)"],
        ["s=socket(AF_INET,SOCK_STREAM)", "connect($s,in:127.0.0.1:1)"],
        ["s=socket(AF_INET,SOCK_STREAM)", "bind($s,in:127.0.0.1:1)"],
        ["s=socket(AF_INET,SOCK_DGRAM)", "sendto($s,x,0,in:127.0.0.1:9)"],
        ["s=socket(AF_INET,SOCK_DGRAM)", "sendmsg($s,in:127.0.0.1:9)"],
        [
            "r=socket(AF_INET,SOCK_DGRAM)", "bind($r,in:127.0.0.1:0)", "a=address($r)",
            "s=socket(AF_INET,SOCK_DGRAM)", "sendmmsg($s,[$a;$a;$a])", "sendmmsg($s,[$a;bad;$a])",
            "recv($r)", "recv($r)", "recv($r)", "recv($r)", "recv($r,10,MSG_DONTWAIT)",
        ],
        ["s=socket(AF_UNIX,SOCK_STREAM)", "bind($s,autobind)", "listen($s,1)"],
        ["s=socket(AF_UNIX,SOCK_STREAM)", "listen($s,1)"],
        ["connect(99,in:127.0.0.1:9)"], ["listen(99,1)"],
    ]

    @Test(
        "gives what the kernel gives, in every ABI",
        arguments: ["x86-64", "i386", "socketcall"], User.available)
    func results(abi: String, user: User) async throws {
        for steps in Self.calls {
            let words = [Programs.path("probe"), "--abi", abi] + steps
            let native = try await run(words, as: user)
            #expect(
                try await supervise(
                    ["--quiet", "--allow", "* tcp", "--allow", "* udp"], words, as: user)
                    == native, "\(steps)")
        }
    }

    /// What its tracer may not look at, the deputy of a process that hides shows itself.
    @Test(
        "gives the same to a process that hides its memory, and to a copy of one",
        arguments: ["x86-64", "i386"], User.available)
    func hidden(abi: String, user: User) async throws {
        for steps in Self.calls where !steps[0].contains("99") {
            let program = [Programs.path("probe"), "--abi", abi, "prctl(PR_SET_DUMPABLE,0)"]
            for words in [program + steps, program + ["in-child(\(steps.joined(separator: ";")))"]]
            {
                let native = try await run(words, as: user)
                #expect(
                    try await supervise(
                        ["--quiet", "--allow", "* tcp", "--allow", "* udp"], words, as: user)
                        == native, "\(words)")
            }
        }
    }
}
