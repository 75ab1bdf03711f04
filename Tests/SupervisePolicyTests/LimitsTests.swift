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
            let policy = Policy(network: .on, profile: profile, refusal: .busy)
            #expect(
                policy.givenUp == Policy(network: .off, profile: profile, refusal: .busy))
        }
    }
}
