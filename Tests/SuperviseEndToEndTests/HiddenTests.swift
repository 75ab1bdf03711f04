import Foundation
import Glibc
import SuperviseTestSupport
import Testing

/// What a process that is not dumpable does is judged all the same.
///
/// It hides its memory and its descriptors from whoever has not CAP_SYS_PTRACE: from an ordinary
/// user's supervisor, too.
@Suite("A process that hides its memory")
struct HiddenTests {
    static let rows = CallRows.table + CallRows.errors
    /// As root, the supervisor can look into everything: nothing hides from it.
    static let ways = Way.all.filter { isRoot ? $0.user == .nobody : true }

    @Test("has every call judged as before", arguments: rows, ways)
    func itself(row: Row, way: Way) async throws {
        try await compare(row.adding(["prctl(PR_SET_DUMPABLE,0)", "prctl(PR_GET_DUMPABLE)"]), way)
    }

    @Test("has every call judged, too, when it is a copy of one that hid", arguments: rows, ways)
    func child(row: Row, way: Way) async throws {
        try await compare(row.inHiddenChild, way)
    }

    /// The program's file may be run, but not read.
    @Test("from its first instruction on has every call judged", arguments: rows, ways)
    func unreadable(row: Row, way: Way) async throws {
        try await compare(
            row.adding(["prctl(PR_GET_DUMPABLE)"]), way, program: Self.unreadableProbe)
    }

    @Test("is the same to itself, and stays hidden", arguments: ways.filter { $0.abi == .x86_64 })
    func unnoticed(way: Way) async throws {
        let steps = [
            "prctl(PR_GET_DUMPABLE)", "s=socket(AF_UNIX,SOCK_DGRAM)", "connect($s,unix:x)",
            "t=socket(AF_UNIX,SOCK_DGRAM)", "listen($t)", "prctl(PR_GET_DUMPABLE)",
            "in-child(prctl(PR_GET_DUMPABLE);connect($s,unix:x);prctl(PR_GET_DUMPABLE))",
            "exec()", "prctl(PR_GET_DUMPABLE)", "connect($s,unix:x)", "prctl(PR_GET_DUMPABLE)",
        ]
        try await compare(Row("unreadable", steps), way, program: Self.unreadableProbe)
        try await compare(Row("hidden", ["prctl(PR_SET_DUMPABLE,0)"] + steps), way)
        try await compare(
            Row("hidden after its first call", steps + ["prctl(PR_SET_DUMPABLE,0)"] + steps), way)
    }

    @Test(
        "may be one of many that were made by one that hid",
        arguments: ways.filter { $0.abi == .x86_64 })
    func many(way: Way) async throws {
        let child =
            "in-child(s=socket(AF_UNIX,SOCK_STREAM);connect($s,unix:x);listen($s);"
            + "sendto(20,hi,0,abstract:x))"
        try await compare(
            Row(
                "children", holding: ["abstract-datagram"],
                ["prctl(PR_SET_DUMPABLE,0)"] + Array(repeating: child, count: 20),
                inside: ["sendto(20,hi,0,abstract:x)": "EPERM"]), way)
    }

    /// Where abstract names are allowed, whoever has the one that it shows its sockets to, in another
    /// network namespace, could pass on another socket.
    @Test(
        "shows its sockets to nobody but its supervisor",
        arguments: Attack.all(["relay"]).filter { $0.user == .nobody || !isRoot })
    func relayed(attack: Attack) async throws {
        let native = try await attack.run(holding: ["tcp"], supervised: false)
        guard native.end != .exited(2) else { return print("skipped: \(native.error)") }
        #expect(native == Outcome(output: "listen succeeded, listens\n"))
        let supervised = try await attack.run(
            holding: ["tcp"], supervised: true, options: ["--profile", "prctl-network-lsm"])
        #expect(supervised == Outcome(output: "listen EPERM, does not listen\n"))
    }

    /// As `swap`, where the supervisor had its socket from this process, some tries of a hundred let the TCP
    /// socket listen.
    @Test(
        "cannot forge what it shows, whatever else it sends",
        arguments: Attack.all(["swap", "name", "answer"].map { "forge-courier \($0)" })
            .filter { $0.user == .nobody || !isRoot })
    func forged(attack: Attack) async throws {
        let native = try await attack.run(holding: ["tcp"], supervised: false, adding: ["1"])
        #expect(native == Outcome(output: "reached 1\n"))
        let options = attack.words[1] != "swap" ? ["--profile", "prctl-network-lsm"] : []
        let supervised = try await attack.run(
            holding: ["tcp"], supervised: true, options: options, adding: ["40"], seconds: 300)
        #expect(supervised == Outcome(output: "reached 0\n"))
    }

    private static let unreadableProbe: String = {
        let path = temporaryFolder("supervise-unreadable") + "/probe"
        try? FileManager.default.copyItem(atPath: Programs.path("probe"), toPath: path)
        chmod(path, 0o111)
        return path
    }()
}

extension Row {
    /// The same after these steps.
    fileprivate func adding(_ first: [String]) -> Row {
        Row(title, holding: holding, first + steps, inside: refused)
    }

    /// The same in a child that is a copy of a process that hid.
    fileprivate var inHiddenChild: Row {
        Row(
            title, holding: holding,
            ["prctl(PR_SET_DUMPABLE,0)", "in-child(\(steps.joined(separator: ";")))"],
            inside: refused)
    }
}
