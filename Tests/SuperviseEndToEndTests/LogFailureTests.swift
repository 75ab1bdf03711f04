import Foundation
import SuperviseTestSupport
import Testing

/// A log that cannot be written from some line on.
enum BrokenLog: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case fullDevice = "a full device"
    case fullDisk = "a full disk"
    case closedPipe = "a pipe whose reader has gone"
    case closedStandardError = "standard error whose reader has gone"

    var testDescription: String { rawValue }

    /// Those that can be had here, with the reason printed for others.
    static let available: [BrokenLog] = {
        if isRoot { return allCases }
        print("skipped: logs on a full disk, since only root can mount a small one")
        return allCases.filter { $0 != .fullDisk }
    }()

    var error: String {
        switch self {
        case .fullDevice, .fullDisk: "ENOSPC"
        case .closedPipe, .closedStandardError: "EPIPE"
        }
    }

    /// What the log is called in messages.
    var name: String {
        switch self {
        case .fullDevice: "'/dev/full'"
        case .fullDisk: "'disk/log'"
        case .closedPipe: "'pipe'"
        case .closedStandardError: "standard error"
        }
    }

    /// A script of bash that runs `"$@" --log LOG -- COMMAND`, and prints its exit status.
    ///
    /// The command makes a call, waits until the log is broken, and makes 99 more; a process of its that has
    /// nothing to do with them goes on, holding standard output, until it is killed.
    func script(probe: String, call: String) -> String {
        let wait = self == .closedPipe || self == .closedStandardError ? "read -r line <gone" : ":"
        let command = #"""
            sleep 1000 & '\#(probe)' '\#(call)'; \#(wait)
            '\#(probe)' $(for n in $(seq 99); do echo '\#(call)'; done); kill $!
            """#
        let reader = "{ read -r line <pipe; echo >gone; } & "
        let run =
            switch self {
            case .fullDevice: #""$@" --log /dev/full -- sh -c "$command""#
            case .fullDisk:
                #"mkdir -m 777 disk; mount -t tmpfs -o size=4k,mode=777 none disk; "#
                    + #""$@" --log disk/log -- sh -c "$command"; "#
                    + #"result=$?; cat disk/log >kept; (exit $result)"#
            case .closedPipe:
                #"mkfifo -m 666 pipe gone; \#(reader) "$@" --log pipe -- sh -c "$command""#
            case .closedStandardError:
                #"mkfifo -m 666 pipe gone; \#(reader) "$@" --log - -- sh -c "$command" 2>pipe"#
            }
        return """
            command=$(cat <<'END'
            \(command)
            END
            )
            \(run)
            echo "ended with $?"
            """
    }
}

@Suite("A log that cannot be written")
struct LogFailureTests {
    private static let call = "socket(AF_INET,SOCK_DGRAM)"

    /// Each log that breaks, for each user.
    static let cases = BrokenLog.available.flatMap { log in User.available.map { (log, $0) } }

    /// The lines that the calls printed, the exit status' line, and what was told.
    private func run(
        _ log: BrokenLog, as user: User, _ options: [String]
    ) async throws -> (calls: Int, last: String?, told: [String], kept: Int) {
        let folder = temporaryFolder("supervise-log")
        var words = [
            "bash", "-c", log.script(probe: Programs.path("probe"), call: Self.call), "bash",
        ]
        if log == .fullDisk { words = ["unshare", "--mount"] + words }
        if user == .nobody {
            words += [
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                "--bounding-set=-all",
            ]
        }
        words += [Programs.path("supervise")] + options
        // It ends before its time only when no process of the tree holds its output any more.
        let outcome = try await SuperviseTestSupport.run(words, directory: folder, seconds: 60)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        let told = outcome.error.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("supervise: ") }
        let kept = (try? String(contentsOfFile: folder + "/kept", encoding: .utf8)) ?? ""
        return (
            lines.count { $0 == "\(Self.call) = EPERM" }, lines.last, told,
            kept.split(separator: "\n").count { $0.hasSuffix("@ profile") }
        )
    }

    @Test("ends the tree, and no call goes on that is not in it", arguments: cases)
    func stop(log: BrokenLog, user: User) async throws {
        let (calls, last, told, kept) = try await run(log, as: user, [])
        #expect(last == "ended with 137")
        let line =
            "supervise: cannot write the log \(log.name): \(log.error); "
            + "the command and its processes are ended"
        #expect(told == (log == .closedStandardError ? [] : [line]))
        switch log {
        case .fullDevice: #expect(calls == 0)
        case .fullDisk: #expect(calls == kept && kept > 0)
        case .closedPipe, .closedStandardError: #expect(calls == 1)
        }
    }

    @Test(
        "is gone on without, where that is asked for, and what is lost is counted", arguments: cases
    )
    func goOn(log: BrokenLog, user: User) async throws {
        let (calls, last, told, kept) = try await run(log, as: user, ["--log-failure", "continue"])
        #expect(calls == 100 && last == "ended with 0")
        let lost =
            switch log {
            case .fullDevice: 100
            case .fullDisk: 100 - kept
            case .closedPipe, .closedStandardError: 99
            }
        let lines = [
            "supervise: cannot write the log \(log.name): \(log.error); "
                + "the run goes on, and what is lost is counted",
            "supervise: \(lost) events are missing in the log \(log.name)",
        ]
        #expect(told == (log == .closedStandardError ? [] : lines))
    }

    @Test("whose line was torn goes on with a line of its own")
    func torn() async throws {
        guard isRoot else {
            print("skipped: a log whose line was torn, since only root can mount a small disk")
            return
        }
        let folder = temporaryFolder("supervise-log")
        let script = #"""
            mkdir disk; mount -t tmpfs -o size=12k none disk
            "$0" --log-failure continue --log disk/log -- sh -c '
                fill() { "$0" $(for n in $(seq 99); do echo "\#(Self.call)"; done); }
                head -c 4096 /dev/zero >disk/other; fill; rm disk/other; fill' "$1" >/dev/null
            cat disk/log
            """#
        let outcome = try await SuperviseTestSupport.run(
            [
                "unshare", "--mount", "bash", "-c", script, Programs.path("supervise"),
                Programs.path("probe"),
            ], directory: folder)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        let torn = lines.count { !$0.hasSuffix("@ profile") }
        let lost = outcome.error.firstMatch(of: /supervise: (\d+) events are missing/)
            .flatMap { Int($0.1) }
        // Nothing is glued to the beginning of the line, which ends the first part.
        #expect(torn == 1 && lines.allSatisfy { $0.hasPrefix("2") })
        #expect(lost == 198 - (lines.count - torn))
    }

    @Test("is told of when standard error has room, and no call waits for that")
    func full() async throws {
        let script = #"""
            mkfifo error done; exec 3<>error
            dd if=/dev/zero of=error bs=4096 oflag=nonblock 2>&1
            "$0" --log-failure continue --log /dev/full -- \
                sh -c '"$0" "$1"; echo made >done; read -r line <done; "$0" "$1"' \
                "$1" '\#(Self.call)' 2>error 3>&- &
            read -r line <done; echo "$line"
            dd if=error of=/dev/null iflag=nonblock 2>&1
            exec 4<error 3>&-; echo room >done; cat <&4
            """#
        let outcome = try await SuperviseTestSupport.run(
            ["bash", "-c", script, Programs.path("supervise"), Programs.path("probe")],
            environment: ["LC_ALL": "C", "PATH": "/usr/bin:/bin"],
            directory: temporaryFolder("supervise-log"), seconds: 60)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.count { $0 == "\(Self.call) = EPERM" } == 2)
        #expect(
            lines.filter { $0 == "made" || $0.hasPrefix("supervise: ") } == [
                "made",
                "supervise: cannot write the log '/dev/full': ENOSPC; "
                    + "the run goes on, and what is lost is counted",
                "supervise: 2 events are missing in the log '/dev/full'",
            ])
    }

    @Test("is no matter for words that are not known")
    func usage() async throws {
        #expect(
            try await supervise(["--log-failure", "ignore", "--log", "x"], ["true"])
                == Outcome(
                    error: "supervise: --log-failure 'ignore': expected stop or continue\n",
                    end: .exited(64)))
    }
}
