import SupervisePolicy
import Testing

/// What the three profiles answer to a request, as one word each: `allow` or `deny`.
struct Row: Sendable, CustomStringConvertible {
    let request: Request
    let rlimit: String
    let prctl: String
    let lsm: String

    init(_ request: Request, _ answer: String) {
        self.init(request, answer, answer, answer)
    }

    init(_ request: Request, _ rlimit: String, _ prctl: String, _ lsm: String) {
        (self.request, self.rlimit, self.prctl, self.lsm) = (request, rlimit, prctl, lsm)
    }

    var description: String { "\(request)" }
}

extension SocketKind {
    static let tcp = SocketKind(family: .ipv4, type: .stream, protocolNumber: 6)
    static let udp6 = SocketKind(family: .ipv6, type: .datagram, protocolNumber: 17)
    static let packet = SocketKind(family: .packet, type: .raw, protocolNumber: 768)
    static let unixStream = SocketKind(family: .unix, type: .stream)
    static let unixDatagram = SocketKind(family: .unix, type: .datagram)
    static let unixPacket = SocketKind(family: .unix, type: .sequentialPacket)
}

extension SocketState {
    static let tcp = SocketState.known(.tcp)
    static let udp6 = SocketState.known(.udp6)
    static let unixStream = SocketState.known(.unixStream)
    static let unixDatagram = SocketState.known(.unixDatagram)
    static let unixPacket = SocketState.known(.unixPacket)
}

extension SocketAddress {
    static let path = SocketAddress.unix(.path(Array("/run/x".utf8)))
    static let abstract = SocketAddress.unix(.abstract(Array("x".utf8)))
    static let autobind = SocketAddress.unix(.unnamed)
    static let localhost = SocketAddress.ipv4(IPv4Address(bits: 0x7f00_0001), port: 80)
    static let localhost6 = SocketAddress.ipv6(IPv6Address(high: 0, low: 1), port: 80, scope: 0)
}

/// The profiles that say what "off" leaves, without rules of their own.
private let booleanProfiles: [Profile] = [.rlimitNetwork, .prctlNetwork, .prctlNetworkLSM]

/// Table 1 of the decision tables, and where the other profiles differ from it.
private let table: [Row] =
    [
        // Names: the address's family decides for bind and connect, whatever the socket.
        Row(.bind(.unixStream, .path), "allow"),
        Row(.bind(.unixStream, .autobind), "allow"),
        Row(.bind(.unixStream, .abstract), "deny", "deny", "allow"),
        Row(.bind(.tcp, .localhost), "deny"),
        Row(.bind(.udp6, .localhost6), "deny"),
        Row(.bind(.tcp, .unspecified), "deny"),
        Row(.bind(.tcp, .path), "allow"),
        // ... but for sockets that do not look at it, and those that are not known.
        Row(.bind(.known(SocketKind(family: .ipv4, type: .raw)), .path), "deny"),
        Row(.bind(.known(SocketKind(family: .ipv4, type: .raw)), .autobind), "allow"),
        Row(.bind(.known(SocketKind(family: .ipv6, type: .raw)), .path), "allow"),
        Row(.bind(.known(.packet), .path), "deny"),
        Row(.bind(.known(.packet), .abstract), "deny"),
        Row(.bind(.unknown, .path), "deny"),
        Row(.bind(.unknown, .autobind), "allow"),
        Row(.bind(.unixStream, .localhost), "deny"),
        Row(.connect(.unixPacket, .path), "allow"),
        Row(.connect(.unixDatagram, .autobind), "allow"),
        Row(.connect(.unixDatagram, .abstract), "deny", "deny", "allow"),
        Row(.connect(.udp6, .localhost6), "deny"),
        Row(.connect(.udp6, .unspecified), "deny"),
        Row(.connect(.unixStream, .unspecified), "deny"),
        Row(.connect(.unknown, .path), "allow"),
        Row(.connect(.unknown, .localhost), "deny"),
        // Sends: the socket's family decides, and of AF_UNIX only datagram sockets use the name.
        Row(.send(.udp6, .localhost6), "deny"),
        Row(.send(.udp6, .unspecified), "deny"),
        Row(.send(.tcp, .path), "deny"),
        Row(.send(.known(.packet), .other(.unix)), "deny"),
        Row(.send(.unknown, .path), "deny"),
        Row(.send(.unknown, .localhost), "deny"),
        Row(.send(.unixDatagram, .path), "allow"),
        Row(.send(.unixDatagram, .autobind), "allow"),
        Row(.send(.unixDatagram, .abstract), "deny", "deny", "allow"),
        Row(.send(.unixDatagram, .localhost), "allow"),
        Row(.send(.unixDatagram, .unspecified), "allow"),
        Row(
            .send(.known(SocketKind(family: .unix, type: .raw)), .abstract), "deny", "deny",
            "allow"),
        Row(.send(.unixStream, .abstract), "allow"),
        Row(.send(.unixPacket, .abstract), "allow"),
        // An unbound socket that listens is bound by that.
        Row(.listen(.unixStream), "allow"),
        Row(.listen(.known(.unixStream, isListening: true)), "allow"),
        Row(.listen(.tcp), "deny"),
        Row(.listen(.known(.tcp, isListening: true)), "allow"),
        Row(.listen(.udp6), "deny"),
        Row(.listen(.unknown), "deny"),
        // Other processes.
        Row(.trace(.itself), "allow"),
        Row(.trace(.inTree), "deny", "allow", "allow"),
        Row(.trace(.lessRestricted), "deny", "deny", "deny"),
        Row(.trace(.outside), "deny"),
        // Sockets.
        Row(.create(.unixStream), "allow"),
        Row(.create(.unixDatagram), "allow"),
        Row(.create(.unixPacket), "allow"),
    ]

@Suite("A policy's decision")
struct EvaluationTests {
    private func words(_ decision: Decision) -> String {
        decision.verdict.isDenial ? "deny" : "allow"
    }

    @Test("When off is the table's, in each profile", arguments: table)
    func off(row: Row) {
        let answers = booleanProfiles.map { words(Policy(profile: $0).decide(row.request)) }
        #expect(answers == [row.rlimit, row.prctl, row.lsm])
    }

    @Test("When on is to allow", arguments: table)
    func on(row: Row) {
        for profile in booleanProfiles {
            #expect(
                Policy(network: .on, profile: profile).decide(row.request)
                    == Decision(.allow, Reason(text: "network on", place: "profile")))
        }
    }

    @Test(
        "On sockets of every family and type is to allow AF_UNIX alone", arguments: booleanProfiles)
    func create(profile: Profile) {
        for family in UInt16(0)...AddressFamily.limit {
            for type in 0...SocketType.limit {
                for number: Int32 in [0, 1, 6, 17, 132, 255] {
                    let kind = SocketKind(
                        family: AddressFamily(rawValue: family), type: SocketType(rawValue: type),
                        protocolNumber: number)
                    #expect(
                        words(Policy(profile: profile).decide(.create(kind)))
                            == (family == 1 ? "allow" : "deny"), "\(kind)")
                }
            }
        }
    }

    @Test("On names of every other family is to deny", arguments: booleanProfiles)
    func otherFamilies(profile: Profile) {
        let policy = Policy(profile: profile)
        for family in UInt16.min...UInt16.max {
            let address = SocketAddress.other(AddressFamily(rawValue: family))
            for request in [
                Request.bind(.unixStream, address), .connect(.unknown, address),
                .send(.udp6, address),
            ] {
                guard policy.decide(request).verdict.isDenial else {
                    Issue.record("\(request) was allowed")
                    return
                }
            }
        }
    }

    @Test(
        "To deny carries the policy's error and says who decided",
        arguments: [.notPermitted, ErrorNumber(rawValue: 13), ErrorNumber(rawValue: 111)])
    func refusal(error: ErrorNumber) {
        #expect(
            Policy(refusal: error).decide(.create(.tcp))
                == Decision(.deny(error), Reason(text: "network off", place: "profile")))
    }

    @Test(
        "To allow says why",
        arguments: [
            (.create(.unixStream), "AF_UNIX sockets"),
            (.bind(.unixStream, .path), "AF_UNIX paths"),
            (.bind(.unixStream, .autobind), "AF_UNIX autobind"),
            (.connect(.unixStream, .abstract), "AF_UNIX abstract names"),
            (.send(.unixDatagram, .abstract), "AF_UNIX abstract names"),
            (.send(.unixStream, .abstract), "AF_UNIX sockets"),
            (.listen(.unixStream), "AF_UNIX sockets"),
            (.listen(.known(.tcp, isListening: true)), "listening already"),
            (.trace(.itself), "its own process"),
            (.trace(.inTree), "tracing among equally restricted processes"),
        ] as [(Request, String)])
    func reasons(request: Request, why: String) {
        #expect(
            Policy(profile: .prctlNetworkLSM).decide(request)
                == Decision(.allow, Reason(text: why, place: "profile")))
    }

    @Test("Restricts exactly when the network is off")
    func restricts() {
        #expect(NetworkSwitch.allCases.map { Policy(network: $0).restricts } == [true, false])
        #expect(Policy() == Policy(network: .off, profile: .rlimitNetwork, refusal: .notPermitted))
    }

    @Test("A request's operation is the grammar's word for it")
    func operations() {
        let requests: [Request] = [
            .create(.tcp), .bind(.tcp, .path), .listen(.tcp), .connect(.tcp, .path),
            .send(.tcp, .path), .trace(.itself),
        ]
        #expect(
            requests.map(\.operation.rawValue)
                == ["create", "bind", "listen", "connect", "send", "trace"])
    }
}
