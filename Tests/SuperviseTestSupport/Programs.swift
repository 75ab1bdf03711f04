import Foundation
import Glibc

/// Whether the tests run as root.
public let isRoot = geteuid() == 0

/// The programs that the package builds, where every user can run them.
public enum Programs {
    /// A folder that everybody can read, with copies of the programs; removed at the tests' end.
    ///
    /// The build folder may lie where only its owner may look.
    private static let folder: String = {
        let path = temporaryFolder("supervise-programs")
        let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: built.path)) ?? [] {
            let source = built.appendingPathComponent(name).path
            var isFolder: ObjCBool = false
            guard files.fileExists(atPath: source, isDirectory: &isFolder), !isFolder.boolValue,
                files.isExecutableFile(atPath: source), !name.contains(".")
            else { continue }
            try? files.copyItem(atPath: source, toPath: path + "/" + name)
        }
        // Where `supervise selftest` looks for its cases beside a program that is not installed.
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        try? files.createDirectory(
            atPath: path + "/Fixtures", withIntermediateDirectories: false)
        try? files.copyItem(
            atPath: root.appendingPathComponent("Fixtures/semantics").path,
            toPath: path + "/Fixtures/semantics")
        return path
    }()

    /// The path of a program of the package: `supervise`, or a fixture by its name.
    public static func path(_ name: String) -> String { folder + "/" + name }
}

/// Makes an empty folder that every user can use; it is removed when the tests end.
public func temporaryFolder(_ name: String = "supervise-test") -> String {
    let template = "/tmp/\(name)-XXXXXX"
    var bytes = Array(template.utf8CString)
    guard mkdtemp(&bytes) != nil else { return template }
    let path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(path, 0o777)
    cleanup.withLock { $0.append(path) }
    return path
}

private final class Cleanup: @unchecked Sendable {
    private var paths: [String] = []
    private let lock = NSLock()

    init() {
        atexit {
            cleanup.withLock {
                for path in $0 { try? FileManager.default.removeItem(atPath: path) }
            }
        }
    }

    func withLock(_ body: (inout [String]) -> Void) {
        lock.lock()
        defer { lock.unlock() }
        body(&paths)
    }
}

private let cleanup = Cleanup()
