import CUnwind
import Glibc

/// A file that is read, whoever changes it meanwhile.
final class ReadOnlyFile {
    fileprivate let descriptor: Int32

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

/// The source lines of a file.
@safe final class SourceLines {
    // The C side owns what it points to until cunwind_close_lines, which deinit alone calls.
    private let lines: OpaquePointer
    /// Read from for as long as the lines are.
    private let file: ReadOnlyFile

    /// Opens a file's debugging information; nil where it has none.
    init?(of file: ReadOnlyFile) {
        guard let lines = unsafe cunwind_open_lines(file.descriptor) else { return nil }
        unsafe self.lines = lines
        self.file = file
    }

    deinit { unsafe cunwind_close_lines(lines) }

    /// The source of an address of the file's own numbering.
    func source(at address: UInt64) -> (file: [UInt8], line: UInt32)? {
        let capacity = 1024
        var number: UInt32 = 0
        let path = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            // The function tells how much of the buffer it filled.
            initialized = unsafe buffer.withMemoryRebound(to: CChar.self) {
                unsafe cunwind_line_at(lines, address, $0.baseAddress, capacity, &number)
            }
        }
        return path.isEmpty ? nil : (path, number)
    }
}
