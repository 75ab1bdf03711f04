import SupervisePolicy
import Testing

@Suite("What programs give up by themselves")
struct LimitsTests {
    /// The limit, the new one, the error without and with CAP_SYS_RESOURCE.
    static let changes: [(NetworkLimit, NetworkLimit, ErrorNumber?, ErrorNumber?)] = [
        (.on, .off, nil, nil),
        (.on, NetworkLimit(soft: 0, hard: 5), nil, nil),
        (.on, .on, nil, nil),
        (NetworkLimit(soft: 0, hard: 5), NetworkLimit(soft: 5, hard: 5), nil, nil),
        (NetworkLimit(soft: 0, hard: 5), NetworkLimit(soft: 0, hard: 6), .notPermitted, nil),
        (NetworkLimit(soft: 0, hard: 5), NetworkLimit(soft: 6, hard: 6), .notPermitted, nil),
        (.off, NetworkLimit(soft: 0, hard: 1), .notPermitted, nil),
        (.off, .on, .notPermitted, nil),
        (.off, .off, nil, nil),
        // The one error comes before the other.
        (.off, NetworkLimit(soft: 2, hard: 1), .invalidArgument, .invalidArgument),
        (.on, NetworkLimit(soft: 1, hard: 0), .invalidArgument, .invalidArgument),
    ]

    @Test("A limit is lowered by everybody and raised by few", arguments: changes)
    func change(
        from: NetworkLimit, to new: NetworkLimit, error: ErrorNumber?, raising: ErrorNumber?
    ) {
        #expect(from.refusal(of: new, mayRaise: false) == error)
        #expect(from.refusal(of: new, mayRaise: true) == raising)
    }

    @Test("Only a soft limit of 0 is off", arguments: [0, 1, 5, UInt64.max])
    func isOff(soft: UInt64) {
        #expect(NetworkLimit(soft: soft, hard: .max).isOff == (soft == 0))
    }

    /// The flags, the new ones, the error.
    static let flagChanges: [(UInt64, UInt64, ErrorNumber?)] = [
        (0, 0, nil), (0, 1, nil), (1, 1, nil), (1, 0, .notPermitted), (0, 2, .invalidArgument),
        (0, 3, .invalidArgument), (1, 3, .invalidArgument), (1, 2, .notPermitted),
        (0, 1 << 63, .invalidArgument),
    ]

    @Test("Flags are set and never cleared, and that is found first", arguments: flagChanges)
    func flags(from: UInt64, to new: UInt64, error: ErrorNumber?) {
        #expect(NetworkFlags(rawValue: from).refusal(of: NetworkFlags(rawValue: new)) == error)
    }

    @Test("Who gives the network up has the profile's exemptions and the policy's error")
    func givenUp() {
        for profile in Profile.all {
            let givenUp = Policy(network: .on, profile: profile, refusal: .busy).givenUp
            let off = Policy(network: .off, profile: profile, refusal: .busy)
            #expect(givenUp.isGivenUp && givenUp.givenUp == givenUp && off.givenUp == givenUp)
            for (kind, reason) in [
                (SocketKind(family: .ipv4, type: .stream), "network given up @ process"),
                (SocketKind(family: .unix, type: .stream), nil),
            ] {
                let (decision, expected) = (
                    givenUp.decide(.create(kind)), off.decide(.create(kind))
                )
                #expect(decision.verdict == expected.verdict)
                let text = "\(decision.reason.text) @ \(decision.reason.place)"
                if decision.verdict.isDenial { #expect(text == reason) }
            }
        }
    }

    @Test("What rules allow of the network is there to be given up, and refusals are not")
    func hasNetwork() throws {
        func policy(_ network: NetworkSwitch, _ rules: String...) throws -> Policy {
            Policy(rules: try rules.map { try Rule(parsing: $0) }, network: network)
        }
        #expect(try policy(.on).hasNetwork && !policy(.on).givenUp.hasNetwork)
        #expect(try !policy(.off).hasNetwork)
        #expect(try policy(.off, "allow connect tcp :443").hasNetwork)
        // Paths are exempt, so this is an exception to the rule behind it.
        #expect(
            try !policy(.off, "allow connect unix /a", "deny connect unix", "deny bind").hasNetwork)
    }
}
