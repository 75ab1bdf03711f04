import Foundation
import SuperviseTestSupport
import Testing

/// What the documents show is what happens.
///
/// A block that begins with three backquotes and `console` is run, in a folder that is its
/// document's own: a line that begins with `$ ` is a command of bash, continued by lines that
/// begin with `> `, and the lines below it are all that it prints, on both streams. In them `...`
/// stands for anything within a line, and a line that is only `...` for any number of lines.
@Suite("The documents")
struct DocumentationTests {
    @Test("show what really happens", arguments: Document.withExamples)
    func examples(document: Document) async throws {
        let folder = temporaryFolder("supervise-documents")
        let programs = URL(fileURLWithPath: Programs.path("supervise")).deletingLastPathComponent()
        // The distribution's programs: a `python3` of one's own may be a shell script whose calls
        // would stand in the log beside those that the document shows. And a home, or programs
        // would ask for the user's over an AF_UNIX socket.
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        var status: Int32 = 0
        for example in document.examples {
            let outcome = try await run(
                ["bash", "-c", "exec 2>&1; (exit \(status)); " + example.command],
                environment: [
                    "PATH": "\(programs.path):\(path)", "HOME": folder, "LC_ALL": "C",
                    "NO_COLOR": "1",
                ],
                directory: folder)
            if case .exited(let code) = outcome.end { status = code }
            #expect(
                matches(lines(outcome.output), example.expected),
                """
                \(document.name):\(example.line): $ \(example.command)
                --- the document says
                \(example.expected.joined(separator: "\n"))
                --- it prints
                \(outcome.output)
                """)
        }
    }

    @Test("show policies that are the examples that other tests run, all of them")
    func policies() throws {
        let document = try #require(Document.all.first { $0.name == "docs/policy.md" })
        let text = document.lines.joined(separator: "\n")
        let shown = Set(text.matches(of: /```toml\n((?s:.*?))```/).map { String($0.1) })
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fixtures/policies/good").standardizedFileURL
        let examples = try FileManager.default.contentsOfDirectory(atPath: folder.path).map {
            try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)
        }
        #expect(!shown.isEmpty && shown == Set(examples))
    }

    @Test("know every option of the help, and no other")
    func options() async throws {
        var known: Set<String> = []
        for arguments in [
            ["--help"], ["run", "--help"], ["check", "--help"], ["explain", "--help"],
            ["filter", "--help"],
            ["doctor", "--help"],
        ] {
            let help = try await run([Programs.path("supervise")] + arguments).output
            for line in lines(help) {
                // "  -l, --log <file>        Write a line ..."
                if let match = line.firstMatch(of: /^  ((-\w, )?--[a-z-]+( <[^>]+>)?)/) {
                    known.insert(String(match.1))
                }
            }
        }
        var documented: Set<String> = []
        let readme = try #require(Document.all.first { $0.name == "README.md" })
        for line in readme.lines {
            if let match = line.firstMatch(of: /^\| `((-\w, )?--[^`]+)` \|/) {
                documented.insert(String(match.1).replacing("\\|", with: "|"))
            }
        }
        #expect(!known.isEmpty)
        #expect(documented.sorted() == known.sorted())
    }

    @Test("name for each door tests that there are")
    func doors() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        var titles: Set<String> = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: root.path)
        where name.hasSuffix(".swift") {
            let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
            // Of several lines too; a title has no quotation marks.
            for match in text.matches(of: /@(?:Test|Suite)\(\s*"([^"\\]+)"/) {
                titles.insert(String(match.1))
            }
        }
        #expect(titles.contains("name for each door tests that there are"))
        let page = try #require(Document.all.first { $0.name == "docs/threat-model.md" })
        let start = try #require(page.lines.firstIndex(of: "| door | held by | test | open |"))
        var unnamed: [String] = []
        for row in page.lines[(start + 2)...].prefix(while: { $0.hasPrefix("|") }) {
            let cells = row.components(separatedBy: " | ")
            let named = cells.count > 2 ? cells[2].matches(of: /"([^"]+)"/).map { $0.1 } : []
            for title in named where !titles.contains(String(title)) {
                Issue.record("no test is titled \"\(title)\"")
            }
            // Each cell says why there is none, or is empty where nothing holds the door.
            if named.isEmpty { unnamed.append(cells[0]) }
        }
        #expect(
            unnamed == [
                "| the same on a process of the tree",
                "| `/proc/PID/fd/N` of an outside process",
                "| devices that are used by reading, writing and mapping",
                "| the log itself, truncated, written or replaced by who may write to its file or folder, "
                    + "which is whoever has the user of the command",
            ])
    }

    @Test("take three dots for what differs from run to run, and nothing else")
    func dots() {
        #expect(matches(["a 12 b", "c"], ["a ... b", "c"]))
        #expect(matches(["x", "y", "z"], ["...", "z"]))
        #expect(matches(["z"], ["...", "z"]))
        #expect(matches([], []))
        #expect(!matches(["a 12 b"], ["a ... c"]))
        #expect(!matches(["a", "b"], ["a"]))
        #expect(!matches(["a"], ["a", "b"]))
        #expect(!matches(["ab"], ["ab...b"]))
        #expect(!matches(["x", "y"], ["...", "z"]))
    }
}

/// A document of the project.
struct Document: Sendable, CustomTestStringConvertible {
    let name: String
    let lines: [String]

    var testDescription: String { name }

    /// A command and what it prints.
    struct Example {
        var line: Int
        var command: String
        var expected: [String] = []
    }

    /// README.md and the files of docs/.
    static let all: [Document] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let docs = root.appendingPathComponent("docs").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: docs)) ?? []
        let pages = names.sorted().filter { $0.hasSuffix(".md") }
        return (["README.md"] + pages.map { "docs/\($0)" }).compactMap { path in
            let file = root.appendingPathComponent(path)
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
            return Document(name: path, lines: text.components(separatedBy: "\n"))
        }
    }()

    /// Those that show commands.
    static let withExamples = all.filter { !$0.examples.isEmpty }

    /// The commands of its console blocks, in order.
    var examples: [Example] {
        var examples: [Example] = []
        var isInside = false
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                isInside = line == "```console"
            } else if isInside, line.hasPrefix("$ ") {
                examples.append(Example(line: index + 1, command: String(line.dropFirst(2))))
            } else if isInside, !examples.isEmpty {
                if line.hasPrefix("> ") {
                    examples[examples.count - 1].command += "\n" + line.dropFirst(2)
                } else {
                    examples[examples.count - 1].expected.append(line)
                }
            }
        }
        return examples
    }
}

/// The lines of an output, without the end of the last.
private func lines(_ text: String) -> [String] {
    var lines = text.components(separatedBy: "\n")
    if lines.last == "" { lines.removeLast() }
    return lines
}

/// Whether an output is what a document shows.
private func matches(_ output: [String], _ expected: [String]) -> Bool {
    guard let first = expected.first else { return output.isEmpty }
    let rest = Array(expected.dropFirst())
    if first == "..." {
        return (0...output.count).contains { matches(Array(output.dropFirst($0)), rest) }
    }
    guard let line = output.first, matches(line: line, first) else { return false }
    return matches(Array(output.dropFirst()), rest)
}

/// Whether a line is what a document shows, in which `...` stands for anything.
private func matches(line: String, _ expected: String) -> Bool {
    let parts = expected.components(separatedBy: "...")
    guard parts.count > 1 else { return line == expected }
    guard line.hasPrefix(parts[0]) else { return false }
    var rest = line.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let range = rest.range(of: part) else { return false }
        rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
}
