import Glibc
import SupervisePolicy

extension Glob {
    /// How many names of a folder are looked at; more are as good as none.
    private static let mostNames = 65536

    /// The paths in the file system that the pattern fits and that a condition holds of.
    ///
    /// Only absolute patterns have such paths, and what follows a `**` is not searched.
    func paths(where condition: ([UInt8]) -> Bool) -> [[UInt8]] {
        let slash = Token.byte(UInt8(ascii: "/"))
        guard tokens.first == slash, !tokens.contains(.globstar) else { return [] }
        let parts = tokens.dropFirst().split(separator: slash, omittingEmptySubsequences: false)
        var found: [[UInt8]] = [[]]
        for part in parts {
            let pattern = Glob(tokens: Array(part))
            found = found.flatMap { folder -> [[UInt8]] in
                let names =
                    pattern.literal.map { [$0] }
                    ?? Self.names(in: folder).filter { pattern.matches($0) }
                return names.map { folder + [UInt8(ascii: "/")] + $0 }
            }
        }
        return found.filter(condition)
    }

    private static func names(in folder: [UInt8]) -> [[UInt8]] {
        let path = (folder.isEmpty ? [UInt8(ascii: "/")] : folder).map { CChar(bitPattern: $0) }
        // The stream is closed below and used by nobody else.
        guard let stream = unsafe opendir(path + [0]) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while names.count < mostNames, let entry = unsafe readdir(stream) {
            // The kernel ends names with a NUL, within the array.
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }
}
