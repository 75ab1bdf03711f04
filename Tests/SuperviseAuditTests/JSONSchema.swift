/// As much of JSON Schema 2020-12 as docs/events.schema.json uses.
///
/// A keyword that is not known here is a complaint, so that none is silently not checked.
struct JSONSchema {
    let root: JSON

    init(_ text: String) throws {
        root = try JSON(parsing: text)
    }

    /// What is wrong with a value, each with the path to it; empty where nothing is.
    func complaints(about value: JSON) throws -> [String] {
        try complaints(about: value, at: "$", schema: root)
    }

    private func complaints(about value: JSON, at path: String, schema: JSON) throws -> [String] {
        guard case .object(let keywords) = schema else { return ["\(path): no schema"] }
        var found: [String] = []
        for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            switch (keyword, argument) {
            case ("$schema", _), ("$defs", _), ("title", _), ("description", _):
                break
            case ("$ref", .string(let reference)):
                if let target = resolve(reference) {
                    found += try complaints(about: value, at: path, schema: target)
                } else {
                    found.append("\(path): \(reference) leads nowhere")
                }
            case ("type", .string(let type)):
                if !Self.has(value, type: type) { found.append("\(path): not of type \(type)") }
            case ("enum", .array(let values)):
                if !values.contains(value) { found.append("\(path): not one of the values") }
            case ("minimum", .integer(0)):
                if case .integer(let number) = value, number < 0 {
                    found.append("\(path): too small")
                }
            case ("pattern", .string(let pattern)):
                if case .string(let text) = value, try Regex(pattern).firstMatch(in: text) == nil {
                    found.append("\(path): does not match \(pattern)")
                }
            case ("required", .array):
                for key in argument.strings where value[key] == nil {
                    found.append("\(path): \(key) is missing")
                }
            case ("if", _):
                let holds = try complaints(about: value, at: path, schema: argument).isEmpty
                if let branch = schema[holds ? "then" : "else"] {
                    found += try complaints(about: value, at: path, schema: branch)
                }
            case ("then", _), ("else", _):
                break
            case ("additionalProperties", .bool(false)):
                guard case .object(let members) = value else { break }
                for key in members.keys.sorted() where schema["properties"]?[key] == nil {
                    found.append("\(path): \(key) is unknown")
                }
            case ("properties", .object(let properties)):
                for (key, property) in properties.sorted(by: { $0.key < $1.key }) {
                    guard let member = value[key] else { continue }
                    found += try complaints(about: member, at: "\(path).\(key)", schema: property)
                }
            case ("items", _):
                guard case .array(let elements) = value else { break }
                for (index, element) in elements.enumerated() {
                    found += try complaints(
                        about: element, at: "\(path)[\(index)]", schema: argument)
                }
            default:
                found.append("\(path): the schema's \(keyword) is not understood")
            }
        }
        return found
    }

    private func resolve(_ reference: String) -> JSON? {
        let parts = reference.split(separator: "/")
        guard parts.first == "#" else { return nil }
        return parts.dropFirst().reduce(root) { schema, part in schema?[String(part)] }
    }

    private static func has(_ value: JSON, type: String) -> Bool {
        switch (value, type) {
        case (.object, "object"), (.array, "array"), (.string, "string"), (.integer, "integer"),
            (.unsigned, "integer"):
            true
        default: false
        }
    }
}
