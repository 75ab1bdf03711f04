import Foundation
import SuperviseTestSupport
import Testing

/// What a call says, or the socket it is made on, is changed between its check and its use.
///
/// Each race is won many times without `supervise`: a check that reads and lets the call read again
/// would lose it about as often. `make attacks TRIES=250000` runs each for longer.
@Suite("A race against the check", .serialized)
struct AttackRaceTests {
    static let everyCall = ["x86-64", "i386", "socketcall"].flatMap { abi in
        ["connect", "bind", "sendto", "sendmsg", "sendmmsg"].map {
            "flip-name \(abi) \($0) byte thread"
        }
    }
    static let everyFieldAndMeans = [
        "flip-name x86-64 sendmsg length thread", "flip-name x86-64 sendmsg pointer thread",
        "flip-name x86-64 sendmmsg length thread", "flip-name x86-64 sendmmsg pointer thread",
        "flip-name i386 sendmsg length thread", "flip-name i386 sendmmsg pointer thread",
        "flip-name socketcall connect argument thread",
        "flip-name socketcall bind argument thread",
        "flip-name socketcall sendto argument thread",
        "flip-name socketcall sendmsg pointer thread",
        "flip-name x86-64 connect byte vm", "flip-name x86-64 sendmsg byte shared",
        "flip-name i386 connect byte shared", "flip-name x86-64 connect byte mem",
        "flip-name socketcall sendto argument vm",
    ]

    static let hiding =
        ["connect", "bind", "sendto", "sendmsg", "sendmmsg"].map {
            "flip-name hidden x86-64 \($0) byte thread"
        } + [
            "flip-name hidden-child x86-64 connect byte thread",
            "flip-name hidden-child x86-64 sendmsg pointer thread",
            "flip-name hidden-child i386 sendto byte vm",
            "flip-name toggling x86-64 connect byte thread",
            "flip-name toggling socketcall sendmsg pointer thread",
        ]

    /// Only from an ordinary user's supervisor can anything be hidden.
    @Test(
        "that changes the address never reaches an abstract name from a process that hides",
        arguments: Attack.all(hiding).filter { isRoot ? $0.user == .nobody : true })
    func hidden(attack: Attack) async throws {
        try await race(attack)
    }

    @Test(
        "that changes the address never reaches an abstract name",
        arguments: Attack.all(everyCall + everyFieldAndMeans))
    func address(attack: Attack) async throws {
        try await race(attack)
    }

    @Test(
        "that replaces the socket has no effect of the refused one",
        arguments: Attack.all(
            ["stream", "seqpacket", "inet", "unspec", "listen"].map { "swap-socket \($0)" }))
    func socket(attack: Attack) async throws {
        try await race(attack)
    }

    /// Only root makes sockets of these kinds.
    @Test(
        "that gives an AF_UNIX name to a socket which does not look at the family has no effect",
        arguments: ["raw", "packet", "named-packet"])
    func family(kind: String) async throws {
        guard isRoot else { return print("skipped: a \(kind) socket, which only root makes") }
        try await race(
            Attack(words: ["swap-socket", kind], user: .current),
            holding: ["abstract-datagram", "udp-bound", "udp", "tcp", kind])
    }

    @Test(
        "that changes the socket itself reaches no address that is refused",
        arguments: Attack.all(
            ["form", "bind", "form-bind", "listen"].map { "change-socket \($0)" }))
    func changedSocket(attack: Attack) async throws {
        let native = try await attack.run(supervised: false, adding: ["1", "10"])
        guard native.end != .exited(4) else {
            print("skipped: \(attack.testDescription): \(native.error)")
            return
        }
        try await race(
            attack,
            options: [
                "--network", "on", "--deny", "outgoing 127.0.0.2", "--deny", "bind udp 0.0.0.0",
                "--deny", "listen 127.0.0.2",
            ])
    }

    @Test(
        "that replaces the socket connects none of a refused protocol",
        arguments: Attack.all(["swap-socket connect"]))
    func connection(attack: Attack) async throws {
        try await race(attack, options: ["--allow", "* udp"])
    }

    @Test(
        "that replaces the socket makes no connect of a send",
        arguments: Attack.all(["swap-socket fast-open"]))
    func fastOpen(attack: Attack) async throws {
        let client = try String(contentsOfFile: "/proc/sys/net/ipv4/tcp_fastopen", encoding: .utf8)
        guard Int(client.trimmingCharacters(in: .whitespacesAndNewlines)).map({ $0 & 1 }) == 1
        else {
            print("skipped: \(attack.testDescription): net.ipv4.tcp_fastopen is off")
            return
        }
        try await race(attack, options: ["--network", "on", "--deny", "connect tcp 127.0.0.1"])
    }

    @Test(
        "that swaps listeners, or uses what is accepted before its peer was judged, hears of nobody",
        arguments: Attack.all(["dup", "use", "fork"].map { "swap-listener \($0)" }))
    func listener(attack: Attack) async throws {
        // Inherited, so that no filter keeps the refused peer away before.
        let holding = ["tcp-listener", "tcp-listener"]
        let native = try RaceResult(
            await attack.run(holding: holding, supervised: false, adding: ["20000000", "3"]))
        #expect(native.reached > 0)
        let supervised = try RaceResult(
            await attack.run(
                holding: holding, supervised: true,
                options: ["--network", "on", "--deny", "accept tcp 127.1.0.0/16"],
                adding: ["2000", "6"]))
        #expect(supervised.tries > 10)
        #expect(supervised.reached == 0)
    }

    @Test(
        "that changes the program of a thread on the tracer's errand has no call made unjudged",
        arguments: Attack.all(["rewrite-code"]))
    func program(attack: Attack) async throws {
        try await race(attack)
    }

    @Test(
        "that puts a jump where the tracer has a thread make calls lets none through",
        arguments: Attack.all(
            ["syscall", "int80", "sendmmsg", "seal"].map { "redirect-code \($0)" }),
        [[], ["--page-guard", "ranges"]])
    func code(attack: Attack, options: [String]) async throws {
        // Natively there is no page to be sealed, or replaced.
        if attack.words[1] != "seal" {
            let native = try RaceResult(await attack.run(supervised: false, adding: ["5"]))
            #expect(native.reached == 5)
        }
        let supervised = try RaceResult(
            await attack.run(supervised: true, options: options, adding: ["20"]))
        #expect(supervised.tries == 20)
        #expect(supervised.reached == 0)
    }

    /// Enough tries natively to have won often, and as many tries under `supervise` as would be.
    private func race(
        _ attack: Attack, options: [String] = [],
        holding: [String] = ["abstract-datagram", "udp-bound", "udp", "tcp"]
    ) async throws {
        let native = try RaceResult(
            await attack.run(holding: holding, supervised: false, adding: ["200000", "10"]))
        // How often depends on how busy the machine is: the other thread must run, too.
        #expect(native.reached > 100)
        let supervised = try RaceResult(
            await attack.run(
                holding: holding, supervised: true, options: options, adding: ["2000", "30"]))
        #expect(supervised.tries == 2_000)
        #expect(supervised.reached == 0)
    }
}
