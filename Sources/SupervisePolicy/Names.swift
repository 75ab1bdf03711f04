/// The names that rules may use for numbers: services, users, groups, and the file's sets.
public struct Names: Hashable, Sendable {
    /// The ports of services by their names, for each protocol.
    public var services: [String: [RuleProtocol: UInt16]]
    /// The numbers of users.
    public var users: [String: UInt32]
    /// The numbers of groups.
    public var groups: [String: UInt32]
    /// The addresses of the policy file's sets.
    public var sets: [String: NetworkSet]

    /// Makes a table; the services are the common ones where none are given.
    public init(
        services: [String: [RuleProtocol: UInt16]] = Self.commonServices,
        users: [String: UInt32] = ["root": 0], groups: [String: UInt32] = ["root": 0],
        sets: [String: NetworkSet] = [:]
    ) {
        self.services = services
        self.users = users
        self.groups = groups
        self.sets = sets
    }

    /// Adds the services of a text like `/etc/services`; the first of a name and protocol counts.
    public mutating func addServices(_ text: some Collection<UInt8>) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.prefix { $0 != UInt8(ascii: "#") }
                .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.count >= 2 else { continue }
            let parts = words[1].split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let port = UInt16(parts[0]) else { continue }
            let `protocol`: RuleProtocol
            switch parts[1] {
            case "tcp": `protocol` = .tcp
            case "udp": `protocol` = .udp
            case "sctp": `protocol` = .sctp
            default: continue
            }
            for name in [words[0]] + words.dropFirst(2) where services[name]?[`protocol`] == nil {
                services[name, default: [:]][`protocol`] = port
            }
        }
    }

    /// Adds the users of a text like `/etc/passwd`.
    public mutating func addUsers(_ text: some Collection<UInt8>) {
        Self.add(text, to: &users)
    }

    /// Adds the groups of a text like `/etc/group`.
    public mutating func addGroups(_ text: some Collection<UInt8>) {
        Self.add(text, to: &groups)
    }

    /// Name, password, number; the first line of a name counts, as the C library reads it.
    private static func add(_ text: some Collection<UInt8>, to table: inout [String: UInt32]) {
        var seen: Set<String> = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count >= 3, !fields[0].isEmpty, let number = UInt32(fields[2]),
                seen.insert(fields[0]).inserted
            else { continue }
            table[fields[0]] = number
        }
    }

    /// Services that rules name where the system has no table of them.
    public static let commonServices: [String: [RuleProtocol: UInt16]] = {
        let both: [(String, UInt16)] = [
            ("domain", 53), ("kerberos", 88), ("ldap", 389), ("https", 443), ("ldaps", 636),
            ("imaps", 993), ("pop3s", 995), ("nfs", 2049), ("sip", 5060), ("mdns", 5353),
        ]
        let stream: [(String, UInt16)] = [
            ("ftp", 21), ("ssh", 22), ("telnet", 23), ("smtp", 25), ("gopher", 70), ("http", 80),
            ("pop3", 110), ("imap", 143), ("imap2", 143), ("submission", 587), ("ipp", 631),
            ("rsync", 873), ("socks", 1080), ("mysql", 3306), ("postgresql", 5432),
            ("xmpp-client", 5222), ("redis", 6379), ("http-alt", 8080), ("git", 9418),
        ]
        let datagram: [(String, UInt16)] = [
            ("bootps", 67), ("bootpc", 68), ("tftp", 69), ("ntp", 123), ("snmp", 161),
            ("syslog", 514),
        ]
        var table: [String: [RuleProtocol: UInt16]] = [:]
        for (name, port) in both { table[name] = [.tcp: port, .udp: port] }
        for (name, port) in stream { table[name, default: [:]][.tcp] = port }
        for (name, port) in datagram { table[name, default: [:]][.udp] = port }
        return table
    }()
}
