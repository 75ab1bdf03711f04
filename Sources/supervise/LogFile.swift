import Glibc
import SuperviseAudit
import SupervisePolicy
import SystemPackage

/// The file that a log goes to.
struct LogFile: LineWriter {
    /// The name as its user gave it.
    let name: String
    let descriptor: FileDescriptor
    /// Whether the last thing written is the beginning of a line.
    private var isTorn = false

    /// Opens the file, emptied; it is closed by exec and away from the standard descriptors.
    init(path: String) throws(Failure) {
        let name = quoted(path)
        do throws(Errno) {
            let opened = try Self.open(path)
            defer { try? opened.close() }
            let copy = fcntl(opened.rawValue, F_DUPFD_CLOEXEC, 10)
            if copy == -1 { throw Errno(rawValue: Glibc.errno) }
            descriptor = FileDescriptor(rawValue: copy)
        } catch .isDirectory {
            throw .failed("--log \(name) is a directory (EISDIR), expected a file to write to")
        } catch {
            throw .failed("cannot write to --log \(name): \(describe(error))")
        }
        self.name = name
    }

    /// A log on a stream that is open already.
    init(name: String, stream: StandardStream) {
        self.name = name
        descriptor = FileDescriptor(rawValue: stream.descriptor)
    }

    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                FilePath(platformString: CommandLine.bytes(of: path)), .writeOnly,
                options: [.create, .append, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// Writes whole lines; the kernel has them when this returns.
    ///
    /// Where a line could be written in part, the next one begins on a line of its own.
    mutating func write(_ bytes: [UInt8]) throws(SinkError) {
        let wanted = isTorn ? [UInt8(ascii: "\n")] + bytes : bytes
        let (count, error) = supervise.write(wanted, to: descriptor)
        guard let error else {
            isTorn = false
            return
        }
        if count > 0 { isTorn = wanted[count - 1] != UInt8(ascii: "\n") }
        throw SinkError(
            destination: "the log \(name)", error: ErrorNumber(rawValue: error.rawValue))
    }
}
