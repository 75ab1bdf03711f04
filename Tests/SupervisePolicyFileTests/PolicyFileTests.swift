import Foundation
import SupervisePolicy
import SupervisePolicyFile
import Testing

/// A file of `Fixtures/policies`, with its name in the titles of tests.
struct PolicyFixture: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]

    var testDescription: String { name }

    static let good = all("good")
    static let bad = all("bad")

    private static func all(_ folder: String) -> [PolicyFixture] {
        let parent = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fixtures/policies/\(folder)").standardizedFileURL
        let files = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
        return files.sorted().filter { $0.hasSuffix(".toml") }.map { name in
            let data = try? Data(contentsOf: parent.appendingPathComponent(name))
            return PolicyFixture(name: name, bytes: Array(data ?? Data()))
        }
    }
}

@Suite("A policy file")
struct PolicyFileTests {
    @Test(
        "that is wrong says where and why, as its first line has it", arguments: PolicyFixture.bad)
    func bad(fixture: PolicyFixture) throws {
        let firstLine = fixture.bytes.prefix { $0 != UInt8(ascii: "\n") }
        let error = #expect(throws: PolicyFileError.self) {
            try PolicyFile(parsing: fixture.bytes, name: fixture.name)
        }
        #expect(
            "# \(error.map(String.init(describing:)) ?? "")"
                == String(decoding: firstLine, as: UTF8.self))
    }

    @Test(
        "is there for each of at least forty mistakes, and for each use that the documents tell of")
    func all() {
        #expect(PolicyFixture.bad.count >= 40)
        #expect(PolicyFixture.good.count >= 5)
    }

    @Test("is the same after it was printed and read again", arguments: PolicyFixture.good)
    func roundTrip(fixture: PolicyFixture) throws {
        let file = try PolicyFile(parsing: fixture.bytes, name: fixture.name)
        let text = Array(file.description.utf8)
        #expect(try PolicyFile(parsing: text, name: fixture.name) == file)
    }

    @Test(
        "printed has strings that end where they end, with whatever marks on their quotation marks")
    func marks() throws {
        let text = #"rules = ["allow bind unix /\"\u0301\\\\\u0301\u0301\""]"#
        let file = try PolicyFile(parsing: Array(text.utf8), name: "p.toml")
        let printed = Array(file.description.utf8)
        #expect(try PolicyFile(parsing: printed, name: "p.toml") == file)
    }

    @Test("says what its keys say, and nothing of those that it does not have")
    func content() throws {
        let text = #"""
            errno = "EACCES"
            network = "on"
            profile = "prctl-network"
            rules = ["deny  connect tcp @a:443,80", "allow bind unix /'\"\\\\*"]
            [sets]
            a = ["10.0.0.0/8", "2001:db8::/32", "localhost"]
            [source]
            ipv6 = "2001:DB8::0:1"
            ipv4 = "10.1.2.3"
            """#
        let file = try PolicyFile(parsing: Array(text.utf8), name: "p.toml")
        #expect(file.network == .on)
        #expect(file.profile == .prctlNetwork)
        #expect(file.refusal == ErrorNumber(name: "EACCES"))
        #expect(file.rules.map(\.place.description) == ["p.toml rules[0]", "p.toml rules[1]"])
        #expect(
            file.description == #"""
                network = "on"
                profile = "prctl-network"
                errno = "EACCES"
                rules = [
                    "deny connect tcp @a:80,443",
                    "allow bind unix /'\"\\x5c*",
                ]

                [source]
                ipv4 = "10.1.2.3"
                ipv6 = "2001:db8::1"

                [sets]
                a = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.0/8", "::1"]

                """#)
        let empty = try PolicyFile(parsing: [], name: "p.toml")
        #expect(empty.network == nil && empty.profile == nil && empty.refusal == nil)
        #expect(empty.rules.isEmpty && empty.sets.isEmpty && empty.description.isEmpty)
        #expect(empty.policy == Policy())
    }
}
