public import SupervisePolicy

extension PolicyFile {
    /// The policy that the file is where nothing on the command line says otherwise.
    public var policy: Policy {
        Policy(
            rules: rules, network: network ?? .off, profile: profile ?? .rlimitNetwork,
            refusal: refusal ?? .notPermitted, source: source)
    }
}

extension PolicyFile: CustomStringConvertible {
    /// A policy file that says the same, every rule in normal form; parsed again it is equal.
    public var description: String {
        var lines: [String] = []
        if let network { lines.append("network = \(Self.toml(network.rawValue))") }
        if let profile { lines.append("profile = \(Self.toml(profile.name))") }
        if let refusal { lines.append("errno = \(Self.toml(refusal.description))") }
        if !rules.isEmpty {
            lines.append("rules = [")
            lines += rules.map { "    \(Self.toml($0.description))," }
            lines.append("]")
        }
        if !source.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines.append("[source]")
            lines += [source.ipv4?.description, source.ipv6?.description].enumerated().compactMap {
                index, text in
                text.map { "\(index == 0 ? "ipv4" : "ipv6") = \(Self.toml($0))" }
            }
        }
        if !sets.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines.append("[sets]")
            for (name, set) in sets.sorted(by: { $0.key < $1.key }) {
                let texts = set.prefixes.map { Self.toml(Self.address($0)) }.joined(separator: ", ")
                lines.append("\(name) = [\(texts)]")
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// A network without the brackets that separate addresses from ports in rules.
    private static func address(_ prefix: IPPrefix) -> String {
        String(prefix.description.filter { $0 != "[" && $0 != "]" })
    }

    /// A basic string of TOML; what is printed here has no control characters.
    static func toml(_ text: String) -> String {
        let escaped = EscapedText.replace("\\", in: text, by: #"\\"#)
        return "\"" + EscapedText.replace("\"", in: escaped, by: #"\""#) + "\""
    }
}
