import SupervisePolicy
import Testing

@Suite("A wrong rule")
struct RuleErrorTests {
    @Test(
        "Is told its column and what would be right",
        arguments: [
            ("", "column 1: an action is missing: one of allow, deny"),
            ("alow connect", "column 1: 'alow' is no action; did you mean 'allow'?"),
            ("permit connect", "column 1: 'permit' is no action; did you mean 'allow'?"),
            ("maybe connect", "column 1: 'maybe' is no action: expected one of allow, deny"),
            ("allow(EPERM) connect", "column 6: allow has no error; only deny has one"),
            ("deny(EPREM) bind", "column 6: 'EPREM' is no error; did you mean 'EPERM'?"),
            ("deny(EPERM bind", "column 5: the ( before the error has no )"),
            ("deny(EPERM)bind", "column 12: a space is missing after the error"),
            (
                "allow ",
                "column 7: an operation is missing: one of create, bind, listen, connect, send, "
                    + "accept, trace, outgoing, incoming, *"
            ),
            ("allow conect tcp", "column 7: 'conect' is no operation; did you mean 'connect'?"),
            (
                "allow bind, listen",
                "column 12: an operation is missing: lists have commas and no spaces"
            ),
            (
                "allow tcp",
                "column 7: 'tcp' is no operation: one comes before the protocol, as in 'outgoing tcp'"
            ),
            ("allow socket tcp", "column 7: 'socket' is no operation; did you mean 'create'?"),
            (
                "allow recv",
                "column 7: 'recv' is no operation: expected one of create, bind, listen, connect, "
                    + "send, accept, trace, outgoing, incoming, *"
            ),
            ("allow connect tpc", "column 15: 'tpc' is no protocol; did you mean 'tcp'?"),
            ("deny outgoing TCP :80", "column 15: 'TCP' is no protocol; did you mean 'tcp'?"),
            (
                "allow connect lcoalhost",
                "column 15: 'lcoalhost' is no host; did you mean 'localhost'?"
            ),
            (
                "allow connect tcp lcoalhost:80",
                "column 19: 'lcoalhost' is no host; did you mean 'localhost'?"
            ),
            (
                "allow connect frobnicate",
                "column 15: 'frobnicate' is neither a protocol nor an endpoint"
            ),
            (
                "allow connect 70000",
                "column 15: '70000' is no protocol: numbers are from 1 to 65535"
            ),
            (
                "allow connect 443",
                "column 15: '443' is no protocol: numbers are from 1 to 262; "
                    + "did you mean the port, ':443'?"
            ),
            (
                "allow connect http",
                "column 15: 'http' is a service: its protocol comes first, as in 'tcp :http'"
            ),
            (
                "allow connect tcp 443",
                "column 19: '443' is no address; did you mean the port, ':443'?"
            ),
            (
                "allow connect tcp https",
                "column 19: 'https' is no address; did you mean the port, ':https'?"
            ),
            ("allow connect tcp/443", "column 15: 'tcp' is a protocol: a space comes behind it"),
            ("allow bind unix:/run/x", "column 12: 'unix' is a protocol: a space comes behind it"),
            ("allow connect tcp *:80", "column 19: '*' is no host; did you mean 'any'?"),
            (
                "allow connect tcp loopback",
                "column 19: 'loopback' is no host; did you mean 'localhost'?"
            ),
            (
                "allow connect unix @name",
                "column 20: '@name' is no path: abstract names are of 'abstract'"
            ),
            (
                "allow connect tcp example.com:443",
                "column 19: 'example.com' is no address: rules have addresses, not the names of hosts"
            ),
            ("allow connect tcp 10.0.0.256", "column 19: '10.0.0.256' is no address"),
            ("allow connect tcp 10.0.0.01", "column 19: '10.0.0.01' is no address"),
            (
                "allow connect tcp 10.0.0.0/33",
                "column 28: '33' is no length of a network: from 0 to 32"
            ),
            (
                "allow connect tcp 10.1.2.3/8:443",
                "column 19: '10.1.2.3/8' has bits beyond its length; did you mean '10.0.0.0/8'?"
            ),
            (
                "allow connect tcp ::1",
                "column 19: '::1': an IPv6 address needs brackets: [::1], [::1]:80"
            ),
            ("allow connect tcp [::1", "column 19: the [ before the address has no ]"),
            ("allow connect tcp [::1]80", "column 24: '80' is neither a port nor the end"),
            (
                "allow connect tcp [fe80::1%eth0]",
                "column 19: 'fe80::1%eth0' is no address in rules: leave out the zone"
            ),
            (
                "allow connect tcp :70000",
                "column 20: '70000' is no port: ports are from 0 to 65535"
            ),
            ("allow connect tcp :90-80", "column 20: '90-80' is empty: the lower port comes first"),
            (
                "allow connect tcp :80,",
                "column 23: a port is missing: lists have commas and no spaces"
            ),
            ("allow connect tcp :80-", "column 23: a port is missing"),
            (
                "allow connect tcp :htps",
                "column 20: 'htps' is no port and no service; did you mean 'https'?"
            ),
            (
                "allow connect tcp @miror",
                "column 19: there is no set '@miror'; did you mean '@mirror'?"
            ),
            ("allow connect icmp 10.0.0.1:80", "column 28: ':80': icmp has no ports"),
            (
                "allow connect unix run/x",
                "column 20: 'run/x' is no path: a path begins with / or **"
            ),
            ("allow connect tcp /run/x", "column 19: '/run/x' is a path, which tcp does not have"),
            ("allow connect netlink 10.0.0.1", "column 23: netlink has no endpoint in rules"),
            ("allow create tcp :80", "column 18: create has no endpoint"),
            ("allow trace tcp", "column 13: trace has no protocol"),
            ("allow connect tcp autobind", "column 19: autobind is an endpoint of unix only"),
            ("allow connect unix /[a-", "column 21: the [ has no ]; \\[ is the character"),
            ("allow connect unix /[z-a]", "column 22: the range 'z-a' is empty"),
            (
                #"allow connect unix /\x4"#,
                #"column 21: \x needs two hexadecimal digits, as in \x20"#
            ),
            (#"allow connect unix /a\"#, "column 22: a backslash has nothing behind it"),
            (
                "allow connect tcp :22 program=ssh",
                "column 31: 'ssh' is no path: a path begins with / or **; did you mean '**/ssh'?"
            ),
            (
                "allow connect tcp :22 prog=/x",
                "column 23: 'prog' is no qualifier; did you mean 'program'?"
            ),
            (
                "allow connect tcp :22 cpu=3",
                "column 23: 'cpu' is no qualifier: expected one of program, ancestor, cgroup, "
                    + "user, group"
            ),
            (
                "allow connect tcp :22 programm=/x",
                "column 23: 'programm' is no qualifier; did you mean 'program'?"
            ),
            ("allow connect tcp :22 user", "column 23: 'user' has no ="),
            ("allow connect tcp :22 user=", "column 28: user= has no value"),
            (
                "allow connect user=nobdy",
                "column 20: there is no user 'nobdy'; did you mean 'nobody'?"
            ),
            (
                "allow connect user=4294967295",
                "column 20: '4294967295' is no user: numbers are from 0 to 4294967294"
            ),
            ("allow connect user=root user=root", "column 25: user= is given twice"),
            (
                "allow connect program=@8:1",
                "column 23: '@8:1' is no file: expected @DEV:INODE, as in @8:1:1234"
            ),
            (
                "allow connect tcp :22 :23",
                "column 23: ':23' is no qualifier: a rule has one endpoint at the most"
            ),
            ("allow connect ünix", "column 15: 'ünix' is no protocol; did you mean 'unix'?"),
            ("allow connect unix /ü/[", "column 23: the [ has no ]; \\[ is the character"),
            (
                "allow connect tcp \u{1b}[31m",
                #"column 19: '\x1b[31m' is no address: rules have addresses, not the names of hosts"#
            ),
        ] as [(String, String)])
    func errors(text: String, message: String) {
        do throws(RuleError) {
            let rule = try Rule(parsing: text, names: testNames)
            Issue.record("\(text) was taken for \(rule)")
        } catch {
            #expect(error.description == message, "\(text)")
        }
    }

    @Test(
        "Behind an option that says the action is told so when it says one itself",
        arguments: [
            ("allow connect tcp", RuleAction.allow, 1),
            ("(EACCES) deny(EPERM) bind", .deny(nil), 10),
        ])
    func twoActions(text: String, action: RuleAction, column: Int) {
        do throws(RuleError) {
            let rule = try Rule(parsing: text, action: action)
            Issue.record("\(text) was taken for \(rule)")
        } catch {
            let word = column == 1 ? "allow" : "deny(EPERM)"
            #expect(
                error.description
                    == "column \(column): '\(word)' is an action: here the operation comes first")
        }
    }
}
