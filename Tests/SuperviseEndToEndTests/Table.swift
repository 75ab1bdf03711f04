import Foundation

extension Row {
    /// The cases of one group of a table in `Fixtures/tables/`, whose first lines explain the form.
    static func table(_ name: String, _ group: String) -> [Row] {
        blocks(name, group).map(Row.init(block:))
    }

    /// The cases of a group as they stand in the file, each with its title first.
    static func blocks(_ name: String, _ group: String) -> [String] {
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
        return found.components(separatedBy: "\n-- ").dropFirst().map { String($0) }
    }

    /// A case: its title, then its lines.
    private init(block: String) {
        var lines = block.components(separatedBy: "\n").filter { !$0.isEmpty }
        let title = lines.removeFirst()
        var holding: [String] = []
        var inside: [String: String] = [:]
        var steps: [String] = []
        for line in lines {
            if line.hasPrefix("holding ") {
                holding = line.split(separator: " ").dropFirst().map(String.init)
            } else if line.hasPrefix("inside "), let arrow = line.firstRange(of: " -> ") {
                let step = line[..<arrow.lowerBound].dropFirst("inside ".count)
                inside[String(step)] = String(line[arrow.upperBound...])
            } else {
                steps.append(line)
            }
        }
        self.init(title, holding: holding, steps, inside: inside)
    }
}
