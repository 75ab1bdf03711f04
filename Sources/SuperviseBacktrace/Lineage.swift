import SuperviseAudit

/// A process's command line and where it comes from, as `/proc` has them.
struct Lineage {
    var arguments: [[UInt8]]
    var parents: [AuditEvent.Parent]

    /// The most bytes of a command line, and of a parent's.
    private static let argumentBytes = (own: 4096, parent: 512)
    /// The most processes that are named.
    private static let depth = 16

    /// Looks up a process, and its parents up to `root`.
    init(of process: Int32, root: Int32) {
        arguments = Self.arguments(of: process, limit: Self.argumentBytes.own)
        parents = []
        var current = process
        while current != root, parents.count < Self.depth,
            let parent = Self.parent(of: current), parent > 1
        {
            parents.append(
                AuditEvent.Parent(
                    pid: parent,
                    arguments: Self.arguments(of: parent, limit: Self.argumentBytes.parent)))
            current = parent
        }
    }

    /// The arguments as a process shows them, cut after `limit` bytes.
    private static func arguments(of process: Int32, limit: Int) -> [[UInt8]] {
        guard
            let bytes = ReadOnlyFile.contents(of: "/proc/\(process)/cmdline", limit: limit),
            !bytes.isEmpty
        else { return [] }
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
        if bytes.last == 0 { parts.removeLast() }
        return parts
    }

    /// The process that a process says started it, or took it over.
    private static func parent(of process: Int32) -> Int32? {
        guard let bytes = ReadOnlyFile.contents(of: "/proc/\(process)/stat", limit: 1024),
            // The name before it is anybody's text; the kernel's own parenthesis is the last.
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 1 else { return nil }
        return Int32(String(decoding: fields[1], as: UTF8.self))
    }
}
