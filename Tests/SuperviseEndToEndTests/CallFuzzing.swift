import SupervisePolicy
import SuperviseTestSupport

/// A call that `Fixtures/call-fuzzer` has made, as its line tells of it.
struct FuzzedCall {
    let line: Substring
    let id: Substring
    let name: Substring
    let family: Int32
    let type: Int32
    let protocolNumber: Int32
    let isListening: Bool
    let local: [UInt8]
    let flags: UInt32
    /// Whether it names a socket, and memory that can be read.
    let isWellFormed: Bool
    let addresses: [[UInt8]]
    let result: Int

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 13, words[0] == "call", let family = Int32(words[4]),
            let type = Int32(words[5]), let protocolNumber = Int32(words[6]),
            let flags = Int32(words[9]), let result = Int(words[12])
        else { return nil }
        self.line = line
        (id, name) = (words[1], words[3])
        (self.family, self.type, self.protocolNumber) = (family, type, protocolNumber)
        isListening = words[7] == "1"
        local = Self.bytes(words[8])
        self.flags = UInt32(bitPattern: flags)
        isWellFormed = words[10] == "1"
        addresses =
            words[11] == "-" && ["socket", "listen"].contains(words[3])
            ? [] : words[11].split(separator: ",").map { Self.bytes($0) }
        self.result = result
    }

    private static func bytes(_ hex: Substring) -> [UInt8] {
        guard hex != "-" else { return [] }
        var rest = hex
        var result: [UInt8] = []
        while !rest.isEmpty {
            result.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return result
    }

    /// Whether the kernel may find fault with the call itself, so that its error may stand before a
    /// refusal.
    var isFaulty: Bool {
        switch name {
        case "socket":
            return !(0..<46).contains(family) || !(0..<11).contains(type) || flags & 1 << 20 != 0
        case "listen": return !isWellFormed
        default:
            // Addresses of other families, or with a part missing.
            guard isWellFormed, let address = addresses.first, address.count >= 2 else {
                return true
            }
            let shortest = [1: 2, 2: 16, 10: 24][family] ?? .max
            return Int32(address[0]) != family || address.count < shortest
        }
    }

    /// Whether a socket of that family does something with such an address.
    ///
    /// Elsewhere the call fails
    /// whatever the verdict, and what the policy says of it may depend on what it knows of the socket.
    var isHeeded: Bool {
        guard !addresses.isEmpty, name != "socket" else { return true }
        return addresses.allSatisfy { address in
            guard let first = address.first.map({ Int32($0) }) else { return true }
            return first == family || first == 0 || first == 2 && family == 10
        }
    }

    /// What is asked for, an entry of a `sendmmsg` each; nil for what nobody judges.
    var requests: [Request?] {
        let kind = SocketKind(
            family: AddressFamily(rawValue: UInt16(truncatingIfNeeded: family)),
            type: SocketType(rawValue: type), protocolNumber: protocolNumber)
        let own = Self.decode(local)
        let isBound =
            switch own {
            case .ipv4(_, let port), .ipv6(_, let port, _): port != 0
            case .unix(let name): name != .unnamed
            default: false
            }
        let socket = SocketState.known(
            kind, isListening: isListening, local: isBound ? .bound(own) : .unbound)
        switch name {
        case "socket":
            return [.create(SocketKind(asked: kind.family, kind.type, protocolNumber))]
        case "listen": return [.listen(socket)]
        case "bind": return [.bind(socket, Self.decode(addresses.first ?? []))]
        case "connect": return [.connect(socket, Self.decode(addresses.first ?? []))]
        default:
            let connects = flags & 0x2000_0000 != 0 && type == 1 && family != 1
            return addresses.map { bytes in
                // A message header with no length has no destination, the argument of sendto has one.
                guard !bytes.isEmpty || name == "sendto" else { return nil }
                let address = Self.decode(bytes)
                return connects ? .connect(socket, address) : .send(socket, address)
            }
        }
    }

    /// The address of these bytes: written once more, so that the decoder is not its own judge.
    private static func decode(_ bytes: [UInt8]) -> SocketAddress {
        guard bytes.count >= 2 else { return .unspecified }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let port = bytes.count >= 4 ? UInt16(number(2..<4)) : 0
        switch (bytes[0], bytes.count) {
        case (0, 16...): return .unspecifiedIPv4(.init(bits: UInt32(number(4..<8))), port: port)
        case (0, _): return .unspecified
        case (1, 2): return .unix(.unnamed)
        case (1, _) where bytes[2] == 0: return .unix(.abstract(Array(bytes[3...])))
        case (1, _): return .unix(.path(Array(bytes[2...].prefix { $0 != 0 })))
        case (2, 16...): return .ipv4(.init(bits: UInt32(number(4..<8))), port: port)
        case (10, 24...):
            return .ipv6(
                .init(high: number(8..<16), low: number(16..<24)), port: port, scope: 0)
        case (let family, _): return .other(AddressFamily(rawValue: UInt16(family)))
        }
    }
}

/// What a run of the fuzzer shows to be wrong.
struct FuzzedRun {
    fileprivate(set) var faults: [String] = []
    private(set) var calls = 0
    private(set) var refused = 0

    /// Compares a run's output with what the policy says.
    ///
    /// `refusals` are errors that the kernel gives to none of these calls.
    init(output: String, policy: Policy, refusals: [Int], isAudit: Bool) {
        var refusedEntries: Set<Substring> = []
        var connected = 0
        var connections = 0
        for line in output.split(separator: "\n") {
            if line.hasPrefix("arrived ") {
                let id = line.dropFirst(8)
                if refusedEntries.contains(id) { faults.append("refused, and arrived: \(id)") }
                continue
            }
            if line.hasPrefix("connections ") {
                connections = Int(line.dropFirst(12)) ?? 0
                continue
            }
            guard let call = FuzzedCall(line) else {
                faults.append("not understood: \(line)")
                continue
            }
            calls += 1
            let decisions = call.requests.map { request in request.map { policy.decide($0) } }
            let first = decisions.firstIndex { $0?.verdict.isDenial == true }
            guard !isAudit, let first, case .deny(let error)? = decisions[first]?.verdict else {
                if refusals.contains(-call.result), call.isHeeded {
                    faults.append("allowed: \(line)")
                }
                // EINPROGRESS, EINTR.
                if [0, -115, -4].contains(call.result) || call.result > 0 { connected += 1 }
                continue
            }
            refused += 1
            for entry in decisions.indices where entry >= first {
                refusedEntries.insert("\(call.id).\(entry)")
            }
            // An entry before it may begin to connect: EINPROGRESS, EINTR.
            let mayConnect = first > 0 && ([-115, -4].contains(call.result) || call.result > 0)
            if mayConnect { connected += 1 }
            if call.result >= 0
                ? call.result > first || first == 0 : call.result == -115 && !mayConnect
            {
                faults.append("refused by '\(decisions[first]?.reason.text ?? "")': \(line)")
            } else if first == 0, !call.isFaulty, -call.result != error.rawValue,
                // A path that leads to nothing is nobody's to judge.
                call.family != 1 || call.result != -2
            {
                faults.append("refused with another error than \(error): \(line)")
            }
        }
        if connections > connected {
            faults.append("\(connections) connections, \(connected) calls that could make one")
        }
    }
}

extension FuzzedRun {
    /// Adds something that is wrong.
    mutating func fail(_ fault: String) { faults.insert(fault, at: 0) }
}

/// Random policies about the peers of the fuzzer.
struct RandomFuzzPolicy {
    var random: SeededRandom
    let port: UInt16
    let folder: String

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &random)]
    }

    /// A rule's text, which need not be one.
    private mutating func rule() -> String {
        let operations = pick([
            "connect", "send", "outgoing", "bind", "listen", "incoming", "create", "connect,bind",
            "*",
        ])
        let protocols = pick(["", "tcp", "udp", "tcp", "udp", "unix", "abstract", "raw", "netlink"])
        var endpoint = ""
        switch Int.random(in: 0..<8, using: &random) {
        case 0: break
        case 1: endpoint = pick(["\(folder)/0", "\(folder)/*", "/**"])
        case 2: endpoint = pick(["fuzz-\(port)-1", "fuzz-*", "autobind", "unspec"])
        default:
            endpoint = pick([
                "127.0.0.1", "127.0.0.2", "127.0.0.0/8", "127.0.0.0/31", "[::1]", "localhost",
                "any", "",
            ])
            endpoint += pick(["", ":\(port)", ":\(port)-\(port + 1)", ":0", ":\(port + 2),0"])
        }
        return "\(operations) \(protocols) \(endpoint)"
    }

    /// A policy, and the options of `supervise` that give it.
    mutating func policy() -> (Policy, [String]) {
        var policy = Policy(refusal: ErrorNumber(rawValue: 55))
        policy.network = pick([.off, .off, .on])
        policy.profile = pick(Profile.all.filter { $0.name != "source-address" })
        var options = [
            "--errno", "ENOANO", "--network", policy.network.rawValue, "--profile",
            policy.profile.name,
        ]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let text = rule()
            let isLeave = Bool.random(using: &random)
            // EXFULL, another error that no network call has.
            let error = isLeave || pick([true, false]) ? "" : "(EXFULL) "
            guard
                let rule = try? Rule(
                    parsing: error + text, action: isLeave ? .allow : .deny(nil))
            else { continue }
            policy.rules.append(rule)
            options += [isLeave ? "--allow" : "--deny", error + text]
        }
        return (policy, options)
    }
}
