import Glibc
import SupervisePolicy
import SupervisePolicyFile
import SystemPackage

/// A policy file, read from where its user said.
struct LoadedPolicy {
    /// The file's name in the places of its rules: the last part of its path.
    let name: String
    /// What it says.
    let file: PolicyFile

    /// The most that a policy file may hold; nobody writes that much by hand.
    private static let mostBytes = 16 << 20

    /// Reads and parses a file; `-` is standard input.
    init(path: String, names: Names) throws(Failure) {
        let shown = quoted(path)
        let bytes: [UInt8]
        do throws(Errno) {
            bytes =
                try path == "-"
                ? readAll(.standardInput, upTo: Self.mostBytes)
                : readFile(path, upTo: Self.mostBytes)
        } catch .fileTooLarge {
            throw .failed("the policy \(shown) is larger than 16 MiB")
        } catch {
            throw .failed("cannot read the policy \(shown): \(describe(error))")
        }
        let last = path.split(separator: "/").last.map(String.init) ?? path
        name = EscapedText.escape(Array(last.utf8))
        do throws(PolicyFileError) {
            file = try PolicyFile(parsing: bytes, name: name, names: names)
        } catch {
            throw .failed("\(EscapedText.escape(Array(path.utf8))): \(error)")
        }
    }
}

extension Names {
    /// The system's names of services, users and groups.
    ///
    /// Its files are read, not the C library asked: that would load its plug-ins, which a static
    /// program cannot. So only what the files have is known.
    static func ofSystem() -> Names {
        var names = Names()
        func read(_ path: String) -> [UInt8] { (try? readFile(path, upTo: 16 << 20)) ?? [] }
        names.addServices(read("/etc/services"))
        names.addUsers(read("/etc/passwd"))
        names.addGroups(read("/etc/group"))
        return names
    }
}

/// Bytes that somebody else chose, safe to show.
func escaped(_ bytes: [UInt8]) -> String { EscapedText.escape(bytes) }
