import SuperviseTestSupport
import Testing

/// A socket that nobody bound hears nothing from peers that the rules refuse.
@Suite("A socket that was not bound")
struct AttackPeerTests {
    static let ways = ["write", "send", "sendmsg", "path", "raw", "raw6"]

    @Test(
        "hears of no refused peer", arguments: Attack.all(ways.map { "hear-unbound \($0)" }),
        // As before Linux 6.9, too.
        [[], ["--pidfds", "processes"]])
    func deaf(attack: Attack, options: [String]) async throws {
        let native = try await attack.run(supervised: false, adding: ["5"])
        if native.error == "socket: Operation not permitted\n" {
            return print("skipped: \(attack.testDescription): raw sockets need privileges")
        }
        #expect(try RaceResult(native).reached == 5)
        let on = options + ["--network", "on", "--deny"]
        let supervised = try RaceResult(
            await attack.run(supervised: true, options: on + ["accept localhost"], adding: ["5"]))
        #expect(supervised.tries == 5)
        #expect(supervised.reached == 0)
        // Others are heard of.
        let other = try RaceResult(
            await attack.run(supervised: true, options: on + ["accept 10.0.0.0/8"], adding: ["5"]))
        #expect(other.reached == 5)
    }

    @Test(
        "is the lowest number, with the flags that were asked for", arguments: Way.all,
        [[], ["--pidfds", "processes"]])
    func made(way: Way, options: [String]) async throws {
        let row = Row(
            "sockets",
            [
                "a=socket(AF_INET,SOCK_DGRAM)", "b=socket(AF_INET6,SOCK_DGRAM|SOCK_CLOEXEC)",
                "c=socket(AF_INET,SOCK_DGRAM|SOCK_NONBLOCK)", "close($a)", "fcntl($b,1)",
                "fcntl($c,1)", "fcntl($c,3)", "d=socket(AF_INET,SOCK_DGRAM,17)",
                "socket(AF_INET,SOCK_DGRAM,6)", "socket(AF_INET,SOCK_STREAM)",
                "bind($d,in:127.0.0.1:0)", "n=address($d)", "sendto($c,hi,0,$n)",
            ])
        try await compare(
            row, way,
            options: options + ["--network", "on", "--deny", "accept udp 10.0.0.0/8"])
    }
}
