// How long policies take to be prepared and to be asked, by the number of their rules.
//
//     cd Bench/policy && swift run -c release policy-bench [SHAPE]
//
// With a shape's name, only that one. The policy's sources are the product's, through a link.
//
// One line for each shape and number: milliseconds to prepare, and to find the rules that others
// shadow, which `check` does; then for each question the least of
// many runs, in nanoseconds a call. A machine that does other work has no mean to speak of. The
// last column is a fixed loop of the same run, to compare runs by.
import SupervisePolicy

/// What the rules of a policy have in common.
struct Shape {
    let name: String
    /// The text of rule number `index`.
    let rule: (Int) -> String
    /// An address that the rule with this number decides.
    let question: (Int) -> SocketAddress
    /// What `@set` in rules stands for.
    var set: (Int) -> [IPPrefix] = { _ in [] }
}

func ipv4(_ bits: UInt32, _ port: Int) -> SocketAddress {
    .ipv4(IPv4Address(bits: bits), port: UInt16(port))
}

func address(_ bits: UInt32) -> String {
    [24, 16, 8, 0].map { String(bits >> UInt32($0) & 255) }.joined(separator: ".")
}

let shapes = [
    // 10.0.0.0/24, 10.0.1.0/24, ...
    Shape(
        name: "networks",
        rule: { "allow connect tcp \(address(0x0a00_0000 + UInt32($0) << 8))/24:443" },
        question: { ipv4(0x0a00_0001 + UInt32($0) << 8, 443) }),
    // Addresses one by one, every port.
    Shape(
        name: "hosts", rule: { "allow outgoing tcp \(address(0x0a00_0000 + UInt32($0)))" },
        question: { ipv4(0x0a00_0000 + UInt32($0), 80) }),
    // Each within the next larger one, over and over.
    Shape(
        name: "nested",
        rule: {
            let length = 32 - UInt32($0 % 24)
            let bits = 0x0a00_0000 + UInt32($0 / 24) << 16 & (UInt32.max << (32 - length))
            return "allow connect tcp \(address(bits))/\(length):\(1 + $0 % 60000)"
        },
        question: { ipv4(0x0a00_0000 + UInt32($0 / 24) << 16, 1 + $0 % 60000) }),
    // One network, a port each.
    Shape(
        name: "ports", rule: { "allow connect tcp 10.0.0.0/8:\(1 + $0)" },
        question: { ipv4(0x0a00_0001, 1 + $0) }),
    // No network: a range of ports each, which overlap.
    Shape(
        name: "ranges", rule: { "deny connect tcp :\(1 + $0)-\(min(65535, 5 + $0))" },
        question: { ipv4(0x0a00_0001, 1 + $0) }),
    // Refusals by protocols that the socket does not speak, of every address.
    Shape(
        name: "protocols",
        rule: { "deny connect \($0 % 3 == 0 ? "udp" : "sctp") 10.0.0.0/8:\(1 + $0 % 50)" },
        question: { ipv4(0x0a00_0001, 1 + $0 % 50) }),
    // The same with IPv6, deeper.
    Shape(
        name: "nested6",
        rule: {
            "allow connect tcp [2001:db8:\(String($0 / 64, radix: 16))::]/\(128 - $0 % 64):\(1 + $0 % 60000)"
        },
        question: {
            let high: UInt64 = 0x2001_0db8 << 32 | UInt64($0 / 64) << 16
            return .ipv6(
                IPv6Address(high: high, low: 0), port: UInt16(1 + $0 % 60000), scope: 0)
        }),
    // One network, ranges of ports that go up to the same end.
    Shape(
        name: "wide",
        rule: { "\($0 % 2 == 0 ? "deny" : "allow") connect tcp :\(60000 - $0)-65535" },
        question: { ipv4(0x0a00_0001, 60000 - $0) }),
    // One set of networks, two ports each.
    Shape(
        name: "set", rule: { "\($0 % 2 == 0 ? "deny" : "allow") connect tcp @set:\($0)-\($0 + 1)" },
        question: { ipv4(0x0a00_0001, $0) },
        set: { count in (0..<10_000 / count).map { network($0) } }),
    // A few rules about a set of many networks.
    Shape(
        name: "blocklist",
        rule: { $0 == 0 ? "deny outgoing tcp @set" : "allow outgoing tcp \(address(UInt32($0)))" },
        question: { $0 == 0 ? ipv4(0x0a00_0001, 80) : ipv4(UInt32($0), 80) },
        set: { count in (0..<count).map { network($0) } }),
    // AF_UNIX names, each without wildcards.
    Shape(
        name: "paths", rule: { "allow connect unix /run/service-\($0).sock" },
        question: { .unix(.path(Array("/run/service-\($0).sock".utf8))) }),
]

/// 10.0.0.0/24, 10.0.1.0/24, ...
func network(_ index: Int) -> IPPrefix {
    IPPrefix(.v4(IPv4Address(bits: 0x0a00_0000 + UInt32(index) << 8)), length: 24)
}

let clock = ContinuousClock()

/// The least time of one of `count` calls, over rounds of so many.
func least(_ count: Int = 200, rounds: Int = 200, _ body: () -> Void) -> Double {
    (0..<rounds).map { _ in
        let time = clock.measure { for _ in 0..<count { body() } }
        return Double(time.components.attoseconds) / 1e9 / Double(count)
    }.min() ?? 0
}

nonisolated(unsafe) var sink = 0

/// Some work that no change of the policy's code changes.
func reference() {
    var state: UInt64 = 1
    for _ in 0..<1000 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    sink &+= Int(truncatingIfNeeded: state >> 33)
}

func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

let only = CommandLine.arguments.dropFirst().first
print("shape      rules prepare/ms shadows/ms   first    last    none unknown  listen reference/ns")
for shape in shapes where only == nil || only == shape.name {
    for count in [10, 100, 1_000, 10_000] {
        let rules = try {
            let names = Names(sets: ["set": NetworkSet(shape.set(count))])
            return try (0..<count).map { try Rule(parsing: shape.rule($0), names: names) }
        }()
        let policy = Policy(rules: rules, network: .off)
        var times: [Duration] = []
        var prepared = PreparedPolicy(policy)
        for _ in 0..<3 { times.append(clock.measure { prepared = PreparedPolicy(policy) }) }
        let kind = SocketKind(
            family: shape.question(0).family, type: .stream,
            protocolNumber: shape.question(0).family == .unix ? 0 : 6)
        let socket = SocketState.known(kind)
        func ask(_ state: SocketState, _ address: SocketAddress) -> Double {
            let request = Request.connect(state, address)
            return least {
                if case .decided(let decision) = prepared.answer(to: request) {
                    sink &+= decision.verdict.isDenial ? 1 : 2
                }
            }
        }
        let listen = Request.listen(
            .known(
                SocketKind(family: .ipv4, type: .stream, protocolNumber: 6),
                local: .bound(.ipv4(IPv4Address(bits: 0x0a00_0001), port: 80))))
        let figures = [
            ask(socket, shape.question(0)), ask(socket, shape.question(count - 1)),
            ask(socket, ipv4(0xc000_0201, 9)), ask(.unknown, shape.question(count - 1)),
            least { sink &+= prepared.decide(listen).verdict.isDenial ? 1 : 2 },
            least { reference() },
        ]
        func milliseconds(_ time: Duration?) -> String {
            let hundredths = (time ?? .zero) / Duration.microseconds(10)
            return padded(String(Double(Int(hundredths)) / 100), 11)
        }
        let shadows = clock.measure { sink &+= policy.shadows.count }
        print(
            shape.name + padded(String(count), 15 - shape.name.count)
                + milliseconds(times.min()) + milliseconds(shadows)
                + figures.map { padded(String(Int($0)), 8) }.joined())
    }
}
