/// A call that somebody asks about: the text of a rule without its action, with nothing left open.
///
/// `connect tcp 10.0.0.1:443`, `bind udp [::]:53`, `connect unix /run/x.sock`, `create netlink`, and
/// behind that what is known of the process: `program=/usr/bin/ssh user=www-data`.
public struct Call: Hashable, Sendable {
    /// What is asked for.
    public var request: Request
    /// Who asks; what the text does not say is not known.
    public var subject: Subject
    /// The text in normal form.
    public var text: String

    /// Parses a call.
    ///
    /// Errors stand at the column of the word that is not particular enough, or not understood.
    public init(parsing text: some StringProtocol, names: Names = Names()) throws(RuleError) {
        let rule = try Rule(parsing: text, action: .allow, names: names)
        let words = CallWords(text: Array(text.utf8))
        let operations = rule.operations.operations
        guard let operation = operations.first, operations.count == 1 else {
            throw words.error(
                0, "'\(rule.operations)' is more than one operation, expected one of "
                    + Operation.allCases.map(\.rawValue).joined(separator: ", "))
        }
        request = try Self.request(operation, rule, words)
        subject = try Self.subject(rule, words)
        self.text = String(rule.description.dropFirst("allow ".count))
    }

    private static func request(
        _ operation: Operation, _ rule: Rule, _ words: CallWords
    ) throws(RuleError) -> Request {
        if operation == .trace { return .trace(.inTree) }
        let address = try address(rule, words)
        guard let kind = kind(rule, address) else {
            throw words.error(
                1, "a protocol is missing before the endpoint: tcp, udp, unix, abstract, ...")
        }
        let socket = SocketState.known(kind, local: .unbound)
        switch operation {
        case .create: return .create(kind)
        case .listen:
            guard let address else { return .listen(socket) }
            return .listen(.known(kind, local: .bound(address)))
        case .bind, .connect, .send, .accept:
            guard let address else {
                throw words.error(2, "\(operation.rawValue) needs an endpoint: an address and a "
                    + "port, a path, or @name")
            }
            return switch operation {
            case .bind: .bind(socket, address)
            case .connect: .connect(socket, address)
            case .send: .send(socket, address)
            default: .accept(.known(kind, local: .bound(address)), address)
            }
        case .trace: return .trace(.inTree)
        }
    }

    /// The one address that the endpoint is.
    private static func address(
        _ rule: Rule, _ words: CallWords
    ) throws(RuleError) -> SocketAddress? {
        switch rule.endpoint {
        case nil: return nil
        case .unnamed: return .unix(.unnamed)
        case .unspecified: return .unspecified
        case .path(let glob):
            guard let name = glob.literal, !name.isEmpty else {
                throw words.atEndpoint("'\(glob)' is a pattern, expected one path")
            }
            return .unix(.path(name))
        case .abstractName(let glob):
            guard let name = glob.literal else {
                throw words.atEndpoint("'\(glob)' is a pattern, expected one name")
            }
            return .unix(.abstract(name))
        case .internet(let host, let ports):
            let ip: IPAddress
            switch host {
            case .prefix(let prefix) where prefix.isSingle: ip = prefix.address
            case .localhost: ip = .v4(IPv4Address(bits: 0x7f00_0001))
            default:
                throw words.atEndpoint("'\(host)' is more than one address, expected one")
            }
            guard let range = ports?.ranges.first, ports?.ranges.count == 1, range.count == 1
            else {
                throw words.atEndpoint("expected one port behind the address, as in \(host):443")
            }
            return switch ip {
            case .v4(let address): .ipv4(address, port: range.lowerBound)
            case .v6(let address): .ipv6(address, port: range.lowerBound, scope: 0)
            }
        }
    }

    /// The socket that such a call is made on.
    private static func kind(_ rule: Rule, _ address: SocketAddress?) -> SocketKind? {
        let family: AddressFamily = if case .ipv6 = address { .ipv6 } else { .ipv4 }
        func internet(_ type: SocketType, _ number: Int32) -> SocketKind {
            SocketKind(family: family, type: type, protocolNumber: number)
        }
        switch rule.protocol {
        case .tcp: return internet(.stream, 6)
        case .udp: return internet(.datagram, 17)
        case .icmp: return internet(.datagram, family == .ipv6 ? 58 : 1)
        case .sctp: return internet(.stream, 132)
        case .raw: return internet(.raw, 255)
        case .number(let number): return internet(.datagram, number)
        case .unix, .abstract: return SocketKind(family: .unix, type: .datagram)
        case .family(let family): return SocketKind(family: family, type: .datagram)
        case nil:
            // AF_UNIX names are nobody else's.
            if case .unix = address { return SocketKind(family: .unix, type: .datagram) }
            return nil
        }
    }

    private static func subject(_ rule: Rule, _ words: CallWords) throws(RuleError) -> Subject {
        var subject = Subject()
        for qualifier in rule.qualifiers {
            switch qualifier {
            case .program(let pattern):
                subject.program = try program(pattern, words)
            case .ancestor(let pattern):
                subject.ancestors = [try program(pattern, words)]
            case .cgroup(let hierarchy, let glob):
                guard let path = glob.literal else {
                    throw words.atQualifier("cgroup", "'\(glob)' is a pattern, expected one path")
                }
                subject.cgroups = [Subject.ControlGroup(hierarchy: hierarchy, path: path)]
            case .user(let account): subject.user = account.number
            case .group(let account): subject.groups = [account.number]
            }
        }
        return subject
    }

    private static func program(
        _ pattern: ProgramPattern, _ words: CallWords
    ) throws(RuleError) -> Subject.Program {
        switch pattern {
        case .file(let file): return Subject.Program(file: file, names: [])
        case .named(let glob):
            guard let path = glob.literal else {
                throw words.atQualifier("program", "'\(glob)' is a pattern, expected one path")
            }
            return Subject.Program(
                file: FileIdentity(major: 0, minor: 0, inode: 0), names: [path])
        }
    }
}

/// Where the words of a call stand.
private struct CallWords {
    let text: [UInt8]
    private let starts: [Int]

    init(text: [UInt8]) {
        self.text = text
        func isSpace(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
        }
        starts = text.indices.filter { index in
            !isSpace(text[index]) && (index == 0 || isSpace(text[index - 1]))
        }
    }

    /// An error at a word by its index, or at the text's end where it has no such word.
    func error(_ index: Int, _ message: String) -> RuleError {
        RuleError(at: index < starts.count ? starts[index] : text.count, of: text, message)
    }

    /// An error at the last word before the qualifiers.
    func atEndpoint(_ message: String) -> RuleError {
        let last = starts.lastIndex { text[$0...].prefix { $0 != 0x20 }.contains(0x3d) == false }
        return error(last ?? 0, message)
    }

    /// An error at a qualifier.
    func atQualifier(_ name: String, _ message: String) -> RuleError {
        let place = starts.firstIndex { text[$0...].starts(with: "\(name)=".utf8) }
        return error(place ?? 0, message)
    }
}
