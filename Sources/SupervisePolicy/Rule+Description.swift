extension Rule: CustomStringConvertible {
    /// The rule in normal form, which parses to the same rule.
    public var description: String {
        ([action.description, operations.description]
            + [`protocol`?.description, endpoint?.description].compactMap { $0 }
            + qualifiers.map(\.description))
            .joined(separator: " ")
    }
}

extension RuleAction: CustomStringConvertible {
    /// The first word of a rule: `allow`, `deny`, `deny(EACCES)`.
    public var description: String {
        switch self {
        case .allow: "allow"
        case .deny(nil): "deny"
        case .deny(let error?): "deny(\(error))"
        }
    }
}

extension OperationSet: CustomStringConvertible {
    /// The operations in the fewest words: `*`, `outgoing`, `bind,connect`.
    public var description: String {
        if self == .all { return "*" }
        var rest = self
        var words: [String] = []
        for (set, word) in [(OperationSet.outgoing, "outgoing"), (.incoming, "incoming")]
        where isSuperset(of: set) {
            words.append(word)
            rest.subtract(set)
        }
        return (words + rest.operations.map(\.rawValue)).joined(separator: ",")
    }
}

extension RuleProtocol: CustomStringConvertible {
    /// The protocol's name, or its number.
    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmp: "icmp"
        case .sctp: "sctp"
        case .raw: "raw"
        case .unix: "unix"
        case .abstract: "abstract"
        case .family(let family): family.name
        case .number(let number):
            number > RuleWords.lastProtocol ? "protocol-\(number)" : "\(number)"
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// The endpoint as rules have it: `10.0.0.0/8:443`, `:80`, `/run/*.sock`.
    public var description: String {
        switch self {
        case .internet(.any, let ports?): ":\(ports)"
        case .internet(let host, let ports?): "\(host):\(ports)"
        case .internet(let host, nil): host.description
        case .path(let glob): glob.description
        // An @ at the beginning stands for the NUL there; it may be left out of most names.
        case .abstractName(let glob): glob.needsAt ? "@\(glob)" : glob.description
        case .unnamed: "autobind"
        case .unspecified: "unspec"
        }
    }
}

extension Host: CustomStringConvertible {
    /// The host as rules have it.
    public var description: String {
        switch self {
        case .prefix(let prefix): prefix.description
        case .set(let name, _): "@\(name)"
        case .any, .localhost, .privateNetworks, .linkLocal, .multicast:
            Self.named.first { $0.host == self }?.name ?? ""
        }
    }
}

extension IPPrefix: CustomStringConvertible {
    /// The prefix as rules have it: `10.0.0.0/8`, `127.0.0.1`, `[2001:db8::/32]`.
    public var description: String {
        if isSingle { return address.description }
        return switch address {
        case .v4(let address): "\(address)/\(length)"
        case .v6(let address): "[\(address)/\(length)]"
        }
    }
}

extension PortList: CustomStringConvertible {
    /// The ports as rules have them: `80,443,8000-8099`.
    public var description: String {
        ranges.map { range in
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }.joined(separator: ",")
    }
}

extension Qualifier: CustomStringConvertible {
    /// The qualifier as rules have it: `program=/usr/bin/ssh`.
    public var description: String {
        switch self {
        case .program(let pattern): "program=\(pattern)"
        case .ancestor(let pattern): "ancestor=\(pattern)"
        case .cgroup(let hierarchy, let glob):
            "cgroup=" + (hierarchy.isEmpty ? "" : "\(Glob(literal: hierarchy)):") + "\(glob)"
        case .user(let account): "user=\(account)"
        case .group(let account): "group=\(account)"
        }
    }
}

extension ProgramPattern: CustomStringConvertible {
    /// The pattern as rules have it: a path, or `@8:1:1234` for a device and a file there.
    public var description: String {
        switch self {
        case .named(let glob): glob.description
        case .file(let file): "@\(file.major):\(file.minor):\(file.inode)"
        }
    }
}

extension Account: CustomStringConvertible {
    /// The account's name, or its number.
    public var description: String {
        name.map { Glob(literal: $0.utf8).description } ?? String(number)
    }
}

extension Glob {
    /// Whether an abstract name could be taken for something else without an `@`.
    fileprivate var needsAt: Bool {
        switch tokens.first {
        case nil, .byte(UInt8(ascii: "@"))?: true
        default: tokens.contains(.byte(UInt8(ascii: "="))) || description == "unspec"
        }
    }
}
