import SupervisePolicy
import SuperviseTestSupport
import Testing

@Suite("The text of a rule")
struct RuleParsingTests {
    /// Rules in normal form: they are printed as they were written.
    static let normal = [
        "allow outgoing tcp 10.0.0.0/8:443",
        "allow incoming tcp localhost:8000-8099",
        "deny connect unix /run/docker.sock",
        "allow connect tcp :22 program=/usr/bin/ssh",
        "deny(ECONNREFUSED) connect abstract /tmp/.X11-unix/*",
        "allow outgoing tcp @mirror:443",
        "allow connect udp 10.0.0.2:53",
        "allow *",
        "deny trace",
        "deny create packet",
        "allow bind,connect",
        "deny * private",
        "deny outgoing,bind link-local",
        "allow outgoing tcp [::1]:80,443",
        "allow outgoing [fc00::/7]",
        "allow outgoing tcp any program=/usr/bin/* ancestor=/usr/bin/make user=nobody group=sudo",
        "allow connect tcp :22 program=@8:1:1234",
        "deny connect cgroup=/user.slice/**",
        "deny connect cgroup=name=systemd:/a cgroup",
        "allow send netlink",
        "allow connect vsock",
        "allow outgoing sctp 192.0.2.1:9",
        "allow outgoing 136 any",
        "allow outgoing raw multicast",
        "allow send icmp 192.0.2.0/24",
        "allow connect tcp unspec",
        "allow bind unix autobind",
        "allow connect unix /run/*.sock",
        #"allow connect unix /a\x20b/\*/[a-z]?/**"#,
        "allow connect abstract @@x",
        "allow connect abstract @",
        "allow connect abstract @a=b",
        "allow connect /run/x",
        "allow connect family-99",
        "deny accept tcp 192.168.0.0/16:8080",
    ].filter { !$0.hasSuffix(" cgroup") }

    @Test("In normal form is printed as it was written", arguments: normal)
    func normalForm(text: String) throws {
        #expect(try Rule(parsing: text, names: testNames).description == text)
    }

    @Test(
        "In another form is printed in normal form",
        arguments: [
            ("  allow\tconnect   tcp  ", "allow connect tcp"),
            ("allow connect,send tcp", "allow outgoing tcp"),
            ("allow send,connect,bind", "allow outgoing,bind"),
            ("allow incoming,outgoing,create,trace", "allow *"),
            ("deny(eacces) bind", "deny(EACCES) bind"),
            ("deny (EACCES) bind", "deny(EACCES) bind"),
            ("deny(EWOULDBLOCK) bind", "deny(EAGAIN) bind"),
            ("allow connect mptcp", "allow connect tcp"),
            ("allow connect 6 :80", "allow connect tcp :80"),
            ("allow connect protocol-136", "allow connect 136"),
            ("allow connect family-16", "allow connect netlink"),
            ("allow connect family-1", "allow connect unix"),
            ("allow connect tcp any:80", "allow connect tcp :80"),
            ("allow connect tcp :https,ssh", "allow connect tcp :22,443"),
            ("allow connect :ssh", "allow connect :22"),
            ("allow connect tcp :9-10,1,2-8,80-90,85-95", "allow connect tcp :1-10,80-95"),
            ("allow connect tcp 10.0.0.1/32", "allow connect tcp 10.0.0.1"),
            ("allow connect tcp 0.0.0.0/0", "allow connect tcp 0.0.0.0/0"),
            ("allow connect tcp [2001:DB8:0:0::]/32:80", "allow connect tcp [2001:db8::/32]:80"),
            ("allow connect tcp 2001:db8::/32:80", "allow connect tcp [2001:db8::/32]:80"),
            ("allow connect tcp [::ffff:10.0.0.1]:80", "allow connect tcp 10.0.0.1:80"),
            ("allow connect tcp [::ffff:10.0.0.0/104]", "allow connect tcp 10.0.0.0/8"),
            ("allow connect abstract @/tmp/x", "allow connect abstract /tmp/x"),
            (#"allow connect unix /a\ b"#, #"allow connect unix /a\x20b"#),
            ("allow connect unix /a\\x20\u{301}b", "allow connect unix /a\\x20\u{301}b"),
            (#"allow connect unix /\x41\\***"#, #"allow connect unix /A\x5c**"#),
            ("allow connect unix /[!a-ce]", "allow connect unix /[!a-ce]"),
            ("allow connect unix /[]x]", #"allow connect unix /[\x5dx]"#),
            ("allow connect unix /ä", "allow connect unix /ä"),
            ("allow connect user=33 program=/x", "allow connect program=/x user=33"),
            ("allow connect cgroup=name=systemd:/a", "allow connect cgroup=name=systemd:/a"),
        ])
    func otherForms(text: String, normal: String) throws {
        #expect(try Rule(parsing: text, names: testNames).description == normal)
    }

    @Test(
        "May follow an option that has the action",
        arguments: [
            ("connect tcp :22", .allow, "allow connect tcp :22"),
            ("connect tcp :22", .deny(nil), "deny connect tcp :22"),
            ("(EACCES) connect", .deny(nil), "deny(EACCES) connect"),
            (" (EACCES)  connect", .deny(nil), "deny(EACCES) connect"),
        ] as [(String, RuleAction, String)])
    func options(text: String, action: RuleAction, normal: String) throws {
        #expect(try Rule(parsing: text, action: action).description == normal)
    }

    @Test("Printed and parsed again is the same rule, whatever the rule")
    func roundTrip() throws {
        var rules = RandomRules(4)
        for _ in 0..<10_000 {
            let rule = rules.rule(place: .option("allow", 2))
            let text = rule.description
            let again = try? Rule(parsing: text, names: testNames, place: .option("allow", 2))
            guard again == rule else {
                Issue.record("\(text) became \(again?.description ?? "an error")")
                return
            }
        }
    }

    @Test("Of any bytes is a rule or an error, and the error is one printable line")
    func garbage() {
        var random = SeededRandom(5)
        for index in 0..<5_000 {
            var bytes = Array(Self.normal[index % Self.normal.count].utf8)
            for _ in 0...2 {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = random.bytes(1)[0]
                case 1: bytes.insert(random.bytes(1)[0] & 0x7f, at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 3))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(RuleError) {
                let rule = try Rule(parsing: text, names: testNames)
                let again = try Rule(parsing: rule.description, names: testNames)
                #expect(rule == again)
            } catch {
                let isPlain = error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }
                let isInside = error.column >= 1 && error.column <= text.unicodeScalars.count + 1
                if !isPlain || !isInside { Issue.record("\(text.debugDescription): \(error)") }
            }
        }
    }
}
