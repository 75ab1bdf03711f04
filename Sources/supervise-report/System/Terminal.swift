import Glibc
import SystemPackage

/// The process and its standard streams.
enum Terminal {
    /// Whether standard output is a terminal.
    static var isOutput: Bool { isatty(1) == 1 }

    /// Has writes to a pipe that nobody reads fail with EPIPE.
    static func ignoreClosedPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Ends the process.
    static func exit(_ status: Int32) -> Never {
        Glibc.exit(status)
    }
}

extension FileDescriptor {
    /// Reads at most what fits; 0 at the end.
    func read(filling buffer: inout [UInt8]) throws -> Int {
        try unsafe buffer.withUnsafeMutableBytes { bytes in try unsafe read(into: bytes) }
    }
}
