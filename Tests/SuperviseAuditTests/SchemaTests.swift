import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("The schema of events")
struct SchemaTests {
    private let schema: JSONSchema

    init() throws {
        schema = try JSONSchema(document("events.schema.json"))
    }

    private func line(_ event: AuditEvent) throws -> String {
        let writer = CollectingWriter()
        try JSONLinesSink(writer: writer).record(event)
        return writer.text
    }

    @Test(
        "Every line keeps to it",
        arguments: [.example, .minimal, .complete, .hostile] as [AuditEvent])
    func lines(event: AuditEvent) throws {
        #expect(try schema.complaints(about: JSON(parsing: line(event))) == [])
    }

    private func line(_ event: ProcessEvent) throws -> String {
        let writer = CollectingWriter()
        try JSONLinesSink(writer: writer).record(event)
        return writer.text
    }

    @Test("So does every line of a process", arguments: ProcessEvent.all)
    func processLines(event: ProcessEvent) throws {
        #expect(try schema.complaints(about: JSON(parsing: line(event))) == [])
    }

    @Test(
        "It finds what is wrong with the line of a process",
        arguments: [
            (#""pid":4242"#, #""tid":4242"#, ["$: pid is missing", "$: tid is unknown"]),
            (#""event":"start""#, #""event":"fork""#, ["$.event: not one of the values"]),
            (#""parent":4200"#, #""seq":1"#, ["$: seq is unknown"]),
        ])
    func wrongProcess(part: String, replacement: String, expected: [String]) throws {
        let good = try line(ProcessEvent.start)
        let pieces = good.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
        #expect(pieces.count == 2)
        let bad = try JSON(parsing: pieces.joined(separator: replacement))
        #expect(try schema.complaints(about: bad).sorted() == expected)
    }

    @Test("An event with every key has every key of the schema")
    func everyKey() throws {
        guard case .object(let properties)? = schema.root["properties"],
            case .object(let members) = try JSON(parsing: line(AuditEvent.complete))
        else {
            Issue.record("no objects")
            return
        }
        var keys = Set(members.keys)
        for event in ProcessEvent.all {
            guard case .object(let more) = try JSON(parsing: line(event)) else { continue }
            keys.formUnion(more.keys)
        }
        #expect(keys.sorted() == properties.keys.sorted())
    }

    @Test("Its words are those of the code")
    func words() {
        let properties = schema.root["properties"]
        #expect(
            properties?["operation"]?["enum"]?.strings
                == SupervisePolicy.Operation.allCases.map(\.rawValue))
        #expect(
            properties?["result"]?["enum"]?.strings == AuditEvent.Outcome.allCases.map(\.rawValue))
        #expect(properties?["abi"]?["enum"]?.strings == AuditEvent.ABI.allCases.map(\.rawValue))
    }

    @Test(
        "It finds what is wrong",
        arguments: [
            (#""seq":17"#, #""seq":"17""#, "$.seq: not of type integer"),
            (#""seq":17"#, #""seq":-1"#, "$.seq: too small"),
            (#""seq":17,"#, "", "$: seq is missing"),
            (#""pid""#, #""uid":0,"pid""#, "$: uid is unknown"),
            (#""denied""#, #""refused""#, "$.result: not one of the values"),
            (
                #""device":"8:1""#, #""device":"8""#,
                "$.program.device: does not match ^[0-9]+:[0-9]+$"
            ),
            (#","inode":1835102"#, "", "$.program: inode is missing"),
            (#","place":"profile""#, "", "$.rule: place is missing"),
            (#""errno":"EPERM""#, #""backtrace":[{}]"#, "$.backtrace[0]: pc is missing"),
        ])
    func wrong(part: String, replacement: String, complaint: String) throws {
        let good = try line(AuditEvent.example)
        let pieces = good.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
        let bad = pieces.joined(separator: replacement)
        #expect(pieces.count == 2)
        #expect(try schema.complaints(about: JSON(parsing: bad)) == [complaint])
    }

    @Test("The examples of the document are lines that are written")
    func example() throws {
        let text = try document("events.md")
        let written = [
            try line(AuditEvent.example), try line(ProcessEvent.start),
            try line(ProcessEvent.all[3]),
        ]
        for line in written {
            #expect(text.split(separator: "\n").contains { $0 + "\n" == line })
        }
    }

    @Test("The document explains every key")
    func documented() throws {
        let text = try document("events.md")
        guard case .object(let properties)? = schema.root["properties"] else {
            Issue.record("no properties")
            return
        }
        let missing = properties.keys.filter { !text.contains("| `\($0)` |") }
        #expect(missing == [])
        let always =
            (schema.root["required"]?.strings ?? [])
            + (schema.root["$defs"]?["decision"]?["required"]?.strings ?? [])
        let wrong = always.filter { !text.contains("| `\($0)` | always |") }
        #expect(!always.isEmpty && wrong == [])
    }
}
