import CUnwind
import Glibc

/// A file that is read, whoever changes it meanwhile.
final class ReadOnlyFile {
    private let descriptor: Int32

    /// Opens a file; nil where that is not possible.
    init?(path: [UInt8]) {
        var descriptor: Int32 = -1
        let bytes = path.map { CChar(bitPattern: $0) } + [0]
        guard unsafe cunwind_open_file(bytes, &descriptor) == 0 else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// What tells one state of a file from another.
    struct Identity: Hashable {
        var size: UInt64
        var inode: UInt64
        var modified: UInt64
        var changed: UInt64
        var major: UInt32
        var minor: UInt32
    }

    /// The state of the file; nil where it is no regular one.
    func identity() -> Identity? {
        var file = cunwind_file()
        guard unsafe cunwind_inspect_file(descriptor, &file) == 0 else { return nil }
        return Identity(
            size: file.size, inode: file.inode, modified: file.modified, changed: file.changed,
            major: file.major, minor: file.minor)
    }

    /// Bytes of the file, up to its end.
    func read(_ offset: UInt64, count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // pread fills what it counts, from the buffer's beginning.
            initialized = unsafe min(
                cunwind_read_file(descriptor, offset, buffer.baseAddress, count), count)
        }
    }

    /// Reads a file of `/proc` whose size is not known, up to `limit` bytes.
    static func contents(of path: String, limit: Int) -> [UInt8]? {
        ReadOnlyFile(path: Array(path.utf8))?.read(0, count: limit)
    }
}
