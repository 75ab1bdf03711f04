import TOMLKit

/// Reads files of cases.
///
/// Strict: a key that is not known, or has a value of another kind, is an error that names it.
enum SemanticsFile {
    /// The profiles that a case holds for when it names none: those that refuse what they do not name.
    static let allProfiles = ["rlimit-network", "prctl-network", "prctl-network-lsm"]

    /// The cases of every `.toml` file in a folder, by the files' names.
    static func load(folder: String) throws(CaseError) -> [SemanticsCase] {
        let files = Files.list(folder).filter { $0.hasSuffix(".toml") }.sorted()
        guard !files.isEmpty else { throw CaseError("\(folder): there are no files of cases here") }
        var cases: [SemanticsCase] = []
        for file in files {
            guard let text = Files.read(folder + "/" + file) else {
                throw CaseError("\(folder)/\(file): cannot be read")
            }
            do {
                cases += try parse(text, name: String(file.dropLast(".toml".count)))
            } catch {
                throw CaseError("\(folder)/\(file): \(error)")
            }
        }
        return cases
    }

    /// The cases in a file's text.
    static func parse(_ text: String, name: String) throws(CaseError) -> [SemanticsCase] {
        var file = Fields(try table(text), path: "")
        _ = try file.string("about")
        let defaults = try file.table("defaults")
        var cases: [SemanticsCase] = []
        for (index, value) in try file.tables("case").enumerated() {
            // What a case does not say, the file's defaults say.
            let members = defaults.merging(value) { _, own in own }
            var fields = Fields(members, path: "case[\(index)]")
            cases.append(try read(&fields, file: name))
        }
        try file.end()
        var names: Set<String> = []
        for entry in cases where !names.insert(entry.name).inserted {
            throw CaseError("there are two cases named '\(entry.name)'")
        }
        return cases
    }

    private static func read(
        _ fields: inout Fields, file: String
    ) throws(CaseError) -> SemanticsCase {
        guard let name = try fields.string("name"), let title = try fields.string("title"),
            let steps = try fields.string("steps")
        else { throw fields.error("expected name, title and steps") }
        fields.path = "'\(name)'"
        var entry = SemanticsCase(
            name: "\(file)/\(name)", title: title,
            profiles: try fields.strings("profiles") ?? allProfiles)
        entry.network = try fields.string("network") ?? entry.network
        entry.options = try fields.strings("options") ?? []
        for rule in try fields.strings("rules") ?? [] {
            guard let action = ["allow", "deny"].first(where: { rule.hasPrefix($0) }) else {
                throw fields.error("rules: '\(rule)': expected allow or deny first")
            }
            let rest = rule.dropFirst(action.count).drop { $0 == " " }
            entry.options += ["--\(action)", String(rest)]
        }
        entry.policy = try fields.string("policy")
        entry.holding = try fields.strings("holding") ?? []
        entry.abis = try fields.words("abis", of: ABI.self) ?? entry.abis
        entry.ways = try fields.words("ways", of: Variant.Way.self) ?? entry.ways
        entry.isRunNatively = try fields.boolean("native") ?? true
        entry.needs = try fields.words("needs", of: SemanticsCase.Need.self) ?? []
        entry.log = try fields.string("log") ?? "denied"
        entry.events = try fields.array("events")
        var each: [String: [String]] = [:]
        var values = Fields(try fields.table("each"), path: fields.path + " each")
        for key in values.keys { each[key] = try values.strings(key) }
        try fields.end()
        do {
            entry.steps = try Step.parse(steps, each: each)
        } catch {
            throw fields.error(error.description)
        }
        if !entry.isRunNatively, let step = entry.steps.first(where: { $0.result == nil }) {
            throw fields.error(
                "steps: '\(step.text)': expected a result, since nothing is run natively")
        }
        return entry
    }

    private static func table(_ text: String) throws(CaseError) -> [String: Value] {
        do {
            let root = try TOMLTable(string: text)
            // Its parts are only looked at while the whole lives.
            return withExtendedLifetime(root) { members(of: root) }
        } catch let error as TOMLParseError {
            let place = error.source.begin
            throw CaseError("line \(place.line), column \(place.column): \(error.description)")
        } catch {
            throw CaseError("\(error)")
        }
    }

    private static func members(of table: TOMLTable) -> [String: Value] {
        var members: [String: Value] = [:]
        for key in table.keys {
            if let value = table[key] { members[key] = convert(value) }
        }
        return members
    }

    private static func convert(_ value: any TOMLValueConvertible) -> Value {
        if let text = value.string { return .string(text) }
        if let number = value.int { return .integer(number) }
        if let boolean = value.bool { return .boolean(boolean) }
        if let table = value.table { return .table(members(of: table)) }
        if let array = value.array { return .array(array.map(convert)) }
        return .other(value.debugDescription)
    }
}
