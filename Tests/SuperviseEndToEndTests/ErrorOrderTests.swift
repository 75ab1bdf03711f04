import SuperviseTestSupport
import Testing

/// As the selftest's cases have it of other calls: where the kernel finds fault before the policy
/// would, its error stands.
@Suite("The order of errors is the kernel's")
struct ErrorOrderTests {
    @Test("process_vm_readv and process_vm_writev: vectors, then the process", arguments: Way.wide)
    func vectors(way: Way) async throws {
        try await compare(Self.vectorRow, way)
    }

    static let vectorRow = Row(
        "vectors",
        ["c=fork-pause()"]
            + ["310", "311"].flatMap { call in
                ["$c", "99999999", "-1", "self"].flatMap { process in
                    [
                        "bad,1,out,1,0", "noaccess,1,out,1,0", "out,1025,out,1,0",
                        "out,-1,bad,1,0", "out,1,bad,1,0", "out,1024,bad,1,0", "null,0,bad,1,0",
                        "bad,0,bad,1025,0", "bad,1,bad,1,1", "text:AAAAAAAAAAAAAAAA,1,bad,1,0",
                        "text:AAAAAAAA%ff%ff%ff%ff%ff%ff%ff%ff,1,bad,1,0",
                        "text:AAAA%00%00%00%00AAAA%00%00%00%00,1,bad,1,0",
                    ].map { "raw(\(call),\(process),\($0))" }
                }
            } + [
                "process_vm_readv($c) -> EPERM", "process_vm_readv(99999999)",
                "process_vm_writev($c) -> EPERM", "kill($c,SIGKILL)", "wait4($c)",
            ])
}
