import SuperviseTestSupport
import Testing

/// Real programs that hide their memory: their sockets are paths, which stay allowed.
@Suite("Agents that hide their secrets")
struct AgentTests {
    /// Makes a key, hands it to an agent, and signs by the agent, which hides (PR_SET_DUMPABLE).
    private static let ssh = """
        eval "$(ssh-agent -a ./agent)" >/dev/null
        trap 'kill $SSH_AGENT_PID' EXIT
        ssh-keygen -q -t ed25519 -N '' -C someone -f key </dev/null
        ssh-add -q key && ssh-add -L | cut -d' ' -f1,3
        echo data >data
        ssh-keygen -q -Y sign -n file -f key.pub data && head -n1 data.sig
        ssh-add -q -D; ssh-add -l || true
        """

    /// Makes a key and signs, both by an agent that the first call starts.
    private static let gnupg = """
        export GNUPGHOME=$PWD/gnupg
        mkdir -m 700 gnupg
        trap 'gpgconf --kill all' EXIT
        gpg --batch --quiet --passphrase '' --quick-generate-key someone ed25519 sign never 2>/dev/null
        echo data | gpg --batch --quiet --sign --armor | head -n1
        gpg-connect-agent 'keyinfo --list' /bye | grep -c KEYINFO
        """

    @Test("ssh-agent keeps keys and signs with them", arguments: User.available)
    func ssh(user: User) async throws {
        guard try await isInstalled("ssh-agent", "ssh-add", "ssh-keygen") else { return }
        let expected = Outcome(
            output: "ssh-ed25519 someone\n-----BEGIN SSH SIGNATURE-----\n"
                + "The agent has no identities.\n")
        try await compare(Self.ssh, user, expected)
    }

    @Test("gpg-agent keeps keys and signs with them", arguments: User.available)
    func gnupg(user: User) async throws {
        guard try await isInstalled("gpg", "gpg-agent", "gpg-connect-agent") else { return }
        try await compare(
            Self.gnupg, user, Outcome(output: "-----BEGIN PGP MESSAGE-----\n1\n"))
    }

    @Test("ssh is refused the network, and says so", arguments: User.available)
    func client(user: User) async throws {
        guard try await isInstalled("ssh") else { return }
        let outcome = try await supervise(
            [], ["ssh", "-F", "none", "-p", "9", "127.0.0.1", "true"],
            as: user, directory: temporaryFolder())
        #expect(outcome.end == .exited(255))
        #expect(
            outcome.error.contains("Operation not permitted")
                && outcome.error.contains("1x create tcp   ssh   EPERM"), "\(outcome)")
    }

    /// The same natively and under `supervise`.
    private func compare(_ script: String, _ user: User, _ expected: Outcome) async throws {
        for command in [[], [Programs.path("supervise"), "--quiet", "--"]] {
            let folder = temporaryFolder("agent")
            let outcome = try await run(
                command + ["sh", "-c", script], as: user, environment: ["HOME": folder],
                directory: folder)
            #expect(outcome == expected)
        }
    }

    private func isInstalled(_ programs: String...) async throws -> Bool {
        for program in programs {
            let found = try await run(["sh", "-c", "command -v \(program)"])
            guard found.end == .exited(0) else {
                print("skipped: \(program) is not installed")
                return false
            }
        }
        return true
    }
}
