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

    @Test("An event with every key has every key of the schema")
    func everyKey() throws {
        guard case .object(let properties)? = schema.root["properties"],
            case .object(let members) = try JSON(parsing: line(.complete))
        else {
            Issue.record("no objects")
            return
        }
        #expect(members.keys.sorted() == properties.keys.sorted())
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
        let good = try line(.example)
        let pieces = good.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
        let bad = pieces.joined(separator: replacement)
        #expect(pieces.count == 2)
        #expect(try schema.complaints(about: JSON(parsing: bad)) == [complaint])
    }

    @Test("The example of the document is a line that is written")
    func example() throws {
        let text = try document("events.md")
        let written = try line(.example)
        #expect(text.split(separator: "\n").contains { $0 + "\n" == written })
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
        let always = schema.root["required"]?.strings.filter {
            !text.contains("| `\($0)` | always |")
        }
        #expect(always == [])
    }
}
