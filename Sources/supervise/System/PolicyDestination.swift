import CSupervise
import Glibc
import SystemPackage

/// The file that a learned policy goes to.
///
/// Its directory is held open from the start: what the command does to the path meanwhile makes no
/// difference.
struct PolicyDestination {
    /// The file's name as its user gave it, in quotes.
    let shown: String
    /// The last part of its path, for the places of its rules.
    let name: String
    /// The directory, which must stay open in the supervising process.
    let directory: Int32
    /// The file's name there, NUL-terminated.
    private let fileName: [CChar]

    /// Opens the directory of a file, and makes sure that the file can be written.
    init(path: String) throws(Failure) {
        shown = quoted(path)
        func failure(_ error: Errno) -> Failure {
            .failed("cannot write to --learn \(quoted(path)): \(describe(error))")
        }
        let bytes = CommandLine.bytes(of: path)
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        var isThere = true
        // Links are followed, so that what is replaced is the file and not the link to it.
        if unsafe realpath(bytes, &resolved) == nil {
            guard Glibc.errno == ENOENT else { throw failure(Errno(rawValue: Glibc.errno)) }
            isThere = false
            resolved = try Self.withoutFile(bytes, failure)
        }
        let text = resolved.prefix { $0 != 0 }
        let slash = text.lastIndex(of: CChar(UInt8(ascii: "/"))) ?? 0
        fileName = Array(text[(slash + 1)...]) + [0]
        let folder = slash == 0 ? [CChar(UInt8(ascii: "/")), 0] : Array(text[..<slash]) + [0]
        name = quotedName(fileName)
        if isThere {
            var status = stat()
            guard unsafe stat(resolved, &status) == 0 else {
                throw failure(Errno(rawValue: Glibc.errno))
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw .failed("--learn \(shown) is no regular file, expected one to write to")
            }
            guard unsafe access(resolved, W_OK) == 0 else {
                throw failure(Errno(rawValue: Glibc.errno))
            }
        }
        let opened = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened != -1 else { throw failure(Errno(rawValue: Glibc.errno)) }
        defer { close(opened) }
        directory = fcntl(opened, F_DUPFD_CLOEXEC, 10)
        guard directory != -1 else { throw failure(Errno(rawValue: Glibc.errno)) }
        let error = unsafe csupervise_replace_file(directory, nil, Self.temporaryName, "", 0)
        guard error == 0 else { throw failure(Errno(rawValue: error)) }
    }

    /// The resolved path of a file that is not there, in a folder that is.
    private static func withoutFile(
        _ path: [CChar], _ failure: (Errno) -> Failure
    ) throws(Failure) -> [CChar] {
        let slash = CChar(UInt8(ascii: "/"))
        let text = path.prefix { $0 != 0 }
        let cut = text.lastIndex(of: slash)
        let file = cut.map { text[($0 + 1)...] } ?? text[...]
        var status = stat()
        // A link that leads nowhere, or a path that ends in a slash.
        guard !file.isEmpty, unsafe lstat(path, &status) == -1 else {
            throw failure(.noSuchFileOrDirectory)
        }
        let folder =
            switch cut {
            case nil: [CChar(UInt8(ascii: ".")), 0]
            case 0?: [slash, 0]
            case let cut?: Array(text[..<cut]) + [0]
            }
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard unsafe realpath(folder, &resolved) != nil else {
            throw failure(Errno(rawValue: Glibc.errno))
        }
        let base = Array(resolved.prefix { $0 != 0 })
        return (base == [slash] ? [] : base) + [slash] + Array(file) + [0]
    }

    /// Another one each time, which the command cannot take before.
    private static var temporaryName: String {
        ".supervise-learn-" + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// What the file has; nothing where it is not there.
    func read(upTo limit: Int) throws(Errno) -> [UInt8] {
        let file = unsafe openat(
            directory, fileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file != -1 else {
            if Glibc.errno == ENOENT { return [] }
            throw Errno(rawValue: Glibc.errno)
        }
        defer { close(file) }
        return try readAll(FileDescriptor(rawValue: file), upTo: limit)
    }

    /// Puts a new file into the place of the old one, which has its mode.
    func replace(with bytes: [UInt8]) throws(Errno) {
        let error = unsafe csupervise_replace_file(
            directory, fileName, Self.temporaryName, bytes, bytes.count)
        guard error == 0 else { throw Errno(rawValue: error) }
    }
}

private func quotedName(_ name: [CChar]) -> String {
    escaped(name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
}
