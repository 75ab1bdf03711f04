import Foundation
import SuperviseTestSupport
import Testing

/// Root can mount a file of its choice over those by which its supervisor looks into it.
@Suite("A file mounted over one of /proc")
struct MountedProcTests {
    @Test("is not taken for the kernel's: the call is refused", arguments: ["mem", "maps"])
    func mounted(file: String) async throws {
        guard isRoot else { return print("skipped: a mount, since only root can") }
        let folder = temporaryFolder()
        // The line that would show the page, wherever it is looked for.
        try "7e000000-7e100000 r--s 00000000 00:01 1\n".write(
            toFile: folder + "/file", atomically: true, encoding: .utf8)
        func outcome(_ prefix: [String]) async throws -> Outcome {
            try await run(
                ["unshare", "--mount", "--propagation", "private"] + prefix + [
                    "sh", "-c",
                    "mount --bind \(folder)/file /proc/$$/\(file) && exec \"$@\"", "sh",
                    Programs.path("probe"), "s=socket(AF_UNIX,SOCK_DGRAM)",
                    "connect($s,unix:/missing)", "prctl(PR_GET_DUMPABLE)",
                ])
        }
        var expected = try await outcome([])
        #expect(expected.output.contains("connect($s,unix:/missing) = ENOENT\n"), "\(expected)")
        expected.output.replace(" = ENOENT\n", with: " = EPERM\n")
        #expect(try await outcome([Programs.path("supervise"), "--quiet", "--"]) == expected)
    }

    @Test("hides no socket that an executed program may not have", arguments: [false, true])
    func descriptors(isMounted: Bool) async throws {
        guard isRoot else { return print("skipped: a mount, since only root can") }
        let mount = isMounted ? "mount -t tmpfs none /proc/$$/fd && " : ""
        func output(_ supervise: [String]) async throws -> String {
            try await run(
                [
                    "unshare", "--mount", "--propagation", "private", Programs.path("holding"),
                    "tcp-pair", "--",
                ] + supervise
                    + ["sh", "-c", mount + "exec \(Programs.path("probe")) 'write(20,x)'"]
            ).output
        }
        #expect(try await output([]) == "write(20,x) = 1\n")
        let rule = ["--allow", "outgoing tcp program=/bin/sh"]
        #expect(
            try await output([Programs.path("supervise"), "--quiet"] + rule + ["--"])
                == "write(20,x) = EBADF\n")
    }
}
