import Glibc
import SupervisePolicy

extension Policy {
    /// Adds to each rule that refuses a path with links in it the one that refuses what they lead to.
    ///
    /// Rules are compared with paths without links: one that refuses `/var/run/x.sock` would refuse
    /// nothing where `/var/run` leads to `/run`. Not to rules that allow: who may write to a folder
    /// of theirs could have a link there let the next run go elsewhere.
    mutating func refuseWhatLinksLeadTo() {
        rules = rules.flatMap { rule in
            guard case .deny = rule.action, case .path(let glob)? = rule.endpoint,
                let other = glob.withoutLinks, other != glob
            else { return [rule] }
            var result = rule
            result.endpoint = .path(other)
            return [rule, result]
        }
    }
}

extension Glob {
    /// The pattern with its first folders as they are without links and detours; nil without such folders.
    ///
    /// A pattern that fits one path only may be a link itself.
    fileprivate var withoutLinks: Glob? {
        let slash = UInt8(ascii: "/")
        let names = tokens.prefix { if case .byte = $0 { true } else { false } }
            .compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
        guard names.first == slash else { return nil }
        if literal != nil, let path = Self.resolve(names[...]) { return Glob(literal: path) }
        var folder = names[...]
        while let end = folder.lastIndex(of: slash), end > 0 {
            folder = folder[..<end]
            guard let path = Self.resolve(folder) else { continue }
            let beginning = path == [slash] ? [] : path
            return Glob(tokens: beginning.map { .byte($0) } + tokens[end...])
        }
        return nil
    }

    private static func resolve(_ path: ArraySlice<UInt8>) -> [UInt8]? {
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard unsafe realpath(path.map { CChar(bitPattern: $0) } + [0], &resolved) != nil else {
            return nil
        }
        return resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }
}
