import Foundation

extension Row {
    /// The cases of one group of a table in `Fixtures/tables/`, whose first lines explain the form.
    static func table(_ name: String, _ group: String) -> [Row] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("Fixtures/tables/\(name).txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            preconditionFailure("no table \(file.path)")
        }
        let groups = text.components(separatedBy: "\n== ").dropFirst()
        guard let found = groups.first(where: { $0.hasPrefix(group + "\n") }) else {
            preconditionFailure("\(file.path): no group \(group)")
        }
        return found.components(separatedBy: "\n-- ").dropFirst().map(Row.init(block:))
    }

    /// A case: its title, then its lines.
    private init(block: String) {
        var lines = block.components(separatedBy: "\n").filter { !$0.isEmpty }
        let title = lines.removeFirst()
        var holding: [String] = []
        var inside: [String: String] = [:]
        var steps: [String] = []
        var options: [String] = []
        for line in lines {
            if line.hasPrefix("holding ") {
                holding = line.split(separator: " ").dropFirst().map(String.init)
            } else if line.hasPrefix("inside "), let arrow = line.firstRange(of: " -> ") {
                let step = line[..<arrow.lowerBound].dropFirst("inside ".count)
                inside[String(step)] = String(line[arrow.upperBound...])
            } else if let option = Self.option(line) {
                options += option
            } else {
                steps.append(line)
            }
        }
        self.init(title, holding: holding, steps, inside: inside, options: options)
    }

    /// The option that a line stands for: `allow RULE`, `deny RULE`, `network on`.
    private static func option(_ line: String) -> [String]? {
        for name in ["allow", "deny", "network"] where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count)
            guard rest.first == " " || rest.first == "(" else { continue }
            return ["--" + name, String(rest.drop { $0 == " " })]
        }
        return nil
    }
}
