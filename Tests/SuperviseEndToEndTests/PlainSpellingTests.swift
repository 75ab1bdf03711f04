import ArgumentParser
import Testing

@testable import supervise

/// Command lines that are read without the argument parser, and those that are left to it.
@Suite("A plainly spelled run")
struct PlainSpellingTests {
    @Test(
        "is read as the argument parser reads it",
        arguments: [
            "-- true",
            "--",
            "run -- true",
            "run --",
            "-- run -- true",
            "-q -k -- make -j2 -- all",
            "--quiet --backtrace --audit --require-landlock -- true",
            "--network on -- true",
            "--network=off --profile=prctl-network --errno=ENETUNREACH -- true",
            "--network maybe --profile none --errno EWHAT -- true",
            "-p policy.toml -l - -- true",
            "--policy policy.toml --log=a=b.jsonl --log-format json --log-level all "
                + "--log-failure continue -- true",
            "--allow connect --deny bind --allow=listen --deny=:25 --allow create -- true",
            "--source 192.0.2.1 --source=2001:db8::1 --color never -- true",
            "--summary --learn new.toml -- true",
            "--log - -- - -",
            "-q -- --quiet --network on",
        ])
    func plain(line: String) throws {
        let words = ["supervise"] + line.split(separator: " ").map(String.init)
        let request = try #require(RunRequest(plain: words))
        #expect(request == (try parsed(words)))
    }

    @Test(
        "is told from what the argument parser has to read",
        arguments: [
            "", "true", "--help", "-h -- true", "--version -- true", "check a.toml",
            "check -- a.toml",
            "explain --network on -- connect", "--nonsense -- true", "-x -- true", "-qk -- true",
            "--network", "--network -- true", "--network -q -- true", "--network= -- true",
            "--network on --network off -- true", "-l a --log b -- true", "-lfile -- true",
            "-l=file -- true", "--quiet=yes -- true", "--log-format -- true", "--log -x -- true",
            "--landlock-abi 0 -- true", "--page-guard ranges -- true", "--pidfds processes -- true",
            "run run -- true",
            "true -- true", "--allow -- true",
        ])
    func notPlain(line: String) {
        #expect(
            RunRequest(plain: ["supervise"] + line.split(separator: " ").map(String.init)) == nil)
    }

    /// What the parser makes of a command line.
    private func parsed(_ words: [String]) throws -> RunRequest? {
        (try Supervise.parseAsRoot(Array(words.dropFirst())) as? RunCommand)?.request(words: words)
    }
}
