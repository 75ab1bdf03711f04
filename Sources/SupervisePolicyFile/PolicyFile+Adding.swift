public import SupervisePolicy

extension PolicyFile {
    /// A line that is to be added to a file's rules.
    public enum AddedLine: Hashable, Sendable {
        /// An empty line.
        case blank
        /// A comment; characters that a comment cannot have are left out.
        case comment(String)
        /// A rule, and the comment behind it.
        case rule(Rule, String)
        /// A rule as a comment, to be in force once its user has removed the mark before it.
        ///
        /// Left out where the file has it already.
        case disabledRule(Rule, String)
    }

    /// A file's text with lines added at the end of its rules.
    ///
    /// No byte of the text is changed or removed. The result is parsed before it is given back: it
    /// has the rules that were there and behind them those that were added, and is otherwise the same.
    ///
    /// - Parameters:
    ///   - lines: What to add.
    ///   - text: The file, empty where there is none.
    ///   - beginning: What stands at the start of a file that is new: complete lines.
    ///   - name: The file's name in places and errors.
    ///   - names: What names in rules stand for.
    /// - Returns: The text with them.
    /// - Throws: What is wrong with the text, or that there is no place in it for more rules.
    public static func text(
        adding lines: [AddedLine], to text: [UInt8], beginning: String, name: String,
        names: Names
    ) throws(PolicyFileError) -> [UInt8] {
        let isNew = text.isEmpty
        let before = try PolicyFile(parsing: text, name: name, names: names)
        let old = isNew ? Array(beginning.utf8) : text
        var place = RulesPlace(in: old)
        let missing = lines.filter { line in
            guard case .disabledRule(let rule, _) = line else { return true }
            return old.firstRange(of: disabled(rule).utf8) == nil
        }
        let block = Self.block(missing, &place, endsInLine: old.isEmpty || old.last == 0x0a)
        let new = Array(old[..<place.offset] + Array(block.utf8) + old[place.offset...])
        let after = try PolicyFile(parsing: new, name: name, names: names)
        let added = lines.compactMap { line in
            if case .rule(let rule, _) = line { rule.description } else { nil }
        }
        guard after.rules.map(\.description) == before.rules.map(\.description) + added,
            isNew
                || (after.network, after.profile, after.refusal)
                    == (before.network, before.profile, before.refusal),
            isNew || (after.sets == before.sets && after.source == before.source)
        else {
            throw PolicyFileError(
                at: "rules", "there is no place for more rules, expected rules = [ ... ]")
        }
        return new
    }

    /// The added lines as they go into the text.
    private static func block(
        _ lines: [AddedLine], _ place: inout RulesPlace, endsInLine: Bool
    ) -> String {
        if lines.isEmpty, place.hasList { return "" }
        var text = ""
        if !place.hasList {
            text += (endsInLine || place.offset == 0 ? "" : "\n") + "rules = [\n"
        } else if !place.endsOnOwnLine {
            let addsRules = lines.contains { if case .rule = $0 { true } else { false } }
            text += place.needsComma && addsRules ? ",\n" : "\n"
            if addsRules { place.needsComma = false }
        }
        for line in lines {
            switch line {
            case .blank: text += "\n"
            case .comment(let comment): text += "    # \(plain(comment))\n"
            case .rule(let rule, let comment):
                // The list's last line stays as it is: the comma that it lacks comes here.
                text += place.needsComma ? "    , " : "    "
                place.needsComma = false
                text += "\(toml(rule.description)), # \(plain(comment))\n"
            case .disabledRule(let rule, let comment):
                text += "    \(disabled(rule)), # \(plain(comment))\n"
            }
        }
        return text + (place.hasList ? "" : "]\n")
    }

    private static func disabled(_ rule: Rule) -> String { "# \(toml(rule.description))" }

    /// Text without the characters that end a comment or may not be in one.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    }
}
